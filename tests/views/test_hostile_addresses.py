"""Whatever an address asks of trials with whatever names and values: an answer, never an error."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import IntegerField
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tuning.analysis.plots import PLOTS
from tuning.analysis.trials.columns import columns_of
from tuning.analysis.trials.exports import FORMATS
from tuning.analysis.trials.facets import facet_of
from tuning.analysis.trials.operators import OPERATORS
from tuning.analysis.trials.selection import Selection
from tuning.analysis.trials.shades import ends_of, shades_of
from tuning.models import Epoch, Project, Search, Tag, Trial, TrialIndex
from tuning.protocol.events import LARGEST

FUZZ = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
MAX_FLOAT = 1.7e308
NAMES = ["a__lt", "<b>x", "quo'\"te", "0", "a:b&c=d", "%s", "$.x", "👩‍👩‍👧\u202e", "long" * 50]
WORDS = st.one_of(
    st.text(max_size=20),
    st.floats().map(str),
    st.integers().map(str),
    st.sampled_from(
        ["1e19", "1e400", "1e308", "5e-324", "9" * 30, "a\x00b", "1,2", "10%", "1e-320%", "me",
         "yes", "completed", "running", "(", "(a+)+$", "adam", "a" * 5000, "-score", "٣", "²"]
    ),
)  # fmt: skip
KEYS = st.sampled_from(
    ["number", "status", "score", "epochs", "seconds", "memory", "gpu_memory", "gpu_use", "worker",
     "tags", "stars", "comments", "hp:units", "hp:optimizer", "hp:momentum", "hp:number49",
     "hp:text29", *(f"hp:{name}" for name in NAMES), "metric:<b>", "last:<b>", "metric:val_loss"]
)  # fmt: skip
PARAMETERS = st.one_of(
    st.builds("{}__{}".format, KEYS, st.sampled_from(sorted(OPERATORS))),
    st.sampled_from(["sort", "column", "colour", "freeze", "page", "view", "to", "scale", "apply"]),
    st.builds(
        "plot.{0[0]}.{0[1]}".format,
        st.sampled_from([(plot, o.name) for plot in PLOTS for o in PLOTS[plot].options]),
    ),
)
QUERIES = st.dictionaries(PARAMETERS, st.lists(KEYS | WORDS, max_size=3), max_size=4)

SEARCH_PAGES = ("search-detail", "search-live", "search-plots", "search-failures",
                "search-tensorboard", "search-comments")  # fmt: skip
TRIAL_PAGES = ("trial-detail", "trial-plots", "trial-comments")
COMPARISONS = ("trial-compare", "trial-compare-live", "trial-compare-plots", "search-compare",
               "search-compare-live", "search-compare-plots")  # fmt: skip


@pytest.fixture
def hostile(search: Search, add_trial: Any, alice: User, project: Project) -> Search:
    """Names that mean something elsewhere, values at the ends of floats, more than fit in slots."""
    odd = {name: place - 0.5 for place, name in enumerate(NAMES)}
    many = {f"number{i}": i / 2 for i in range(50)} | {f"text{i}": f"v{i}" for i in range(30)}
    extreme = {"val_accuracy": 0.5, "<b>": MAX_FLOAT, "0": 5e-324}
    add_trial(search, 4, MAX_FLOAT, values={**odd, "number0": MAX_FLOAT}, metrics=extreme)
    add_trial(
        search, 5, -MAX_FLOAT, values={**odd, "number0": -MAX_FLOAT}, metrics={"<b>": -MAX_FLOAT}
    )
    add_trial(search, 6, 0.5, values={**many, "0": "text"}, last_metrics=extreme)
    add_trial(search, 7, None, values={**many, "text29": True}, status="failed", metrics={})
    add_trial(search, 8, None, values=odd, status="running", finished_at=None, metrics={})
    search.refresh_from_db()
    Tag.objects.create(project=project, trial=search.trials.get(number=4), name="<b>,")
    return search


@pytest.fixture
def addresses(hostile: Search) -> Any:
    key = [hostile]
    table = reverse("trial-list", args=key)
    plots = [reverse("search-plot", args=[*key, name]) for name in PLOTS]
    files = [f"{table}?format={name}" for name in FORMATS]
    columns = st.builds(lambda column: reverse("trial-column", args=[*key, column]), KEYS)
    return columns | st.sampled_from([table, reverse("trial-columns", args=key), *plots, *files])


def must_be_json_if_it_says_so(content_type: str, body: bytes) -> None:
    """A document, or one on each line; without NaN and infinity, which only Python reads."""
    if "json" in content_type:
        for text in body.splitlines() if "jsonl" in content_type else [body]:
            json.loads(text, parse_constant=pytest.fail)


@pytest.mark.slow
def test_every_address_is_answered(addresses: Any, as_alice: Client) -> None:
    @FUZZ
    @given(address=addresses, query=QUERIES)
    def ask(address: str, query: dict[str, list[str]]) -> None:
        place, _, format = address.partition("?format=")
        response = as_alice.get(place, query | ({"format": format} if format else {}))
        body = response.getvalue()
        assert response.status_code in (200, 204, 302, 400, 404, 422)
        if response.status_code == 200:
            must_be_json_if_it_says_so(response["Content-Type"], body)

    ask()


@pytest.mark.parametrize("query", ["colour=score", "colour=hp:number0", "colour=metric:<b>"])
def test_the_ends_of_all_floats_have_colours(query: str, hostile: Search, as_alice: Client) -> None:
    page = as_alice.get(f"{reverse('trial-list', args=[hostile])}?{query}").content.decode()
    assert "deep-1" in page
    assert "deep-8" in page


def test_the_ends_of_all_floats_have_a_histogram(hostile: Search, as_alice: Client) -> None:
    address = reverse("trial-column", args=[hostile, "hp:number0"])
    facet = as_alice.get(address).context["facet"].histogram
    assert facet.edges == sorted(facet.edges)
    assert all(-MAX_FLOAT <= edge <= MAX_FLOAT for edge in facet.edges)
    assert (facet.counts[0], facet.counts[-1], sum(facet.counts)) == (1, 1, 4)


@pytest.mark.parametrize("key", ["hp:optimizer__in", "tags__any", "worker__not"])
def test_a_character_that_postgresql_refuses_is_no_value(
    key: str, search: Search, alice: User
) -> None:
    selection = Selection.read(search, f"{key}=a%00b", alice)
    assert (selection.filters, len(selection.problems)) == ((), 1)
    assert "NUL" in selection.problems[0]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("number__in=1e19", 0),
        ("comments__in=1e19&comments__in=0", 3),
        ("number__in=1.5", 0),
        ("number__not=1.5", 3),
        ("epochs__not=-1e300", 3),
        ("number__in=2.0", 1),
        ("gpu_memory__in=1e30", 0),
        ("gpu_memory__not=1.5", 3),
    ],
)
def test_whole_columns_hold_whole_numbers(
    query: str, count: int, search: Search, alice: User
) -> None:
    assert Selection.read(search, query, alice).count == count


def test_every_column_of_whole_numbers_is_known_as_one(search: Search) -> None:
    fields = {field.name: field for field in TrialIndex._meta.get_fields()}
    own = [each for each in columns_of(search) if each.is_number and each.field in fields]
    whole = {each.key for each in own if isinstance(fields[each.field], IntegerField)}
    assert whole >= {"number", "parameters", "gpu_memory"}
    assert whole == {each.key for each in own if each.is_whole}


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("metric:val_loss__top=1", [1]),
        ("metric:val_loss__top=2", [1, 3]),
        ("metric:val_loss__top=10", [1, 2, 3]),
        ("metric:val_accuracy__top=1", [2]),
        ("hp:optimizer__matches=^a", [1, 3]),
        ("hp:optimizer__not=adam", [2, 4, 5]),
        ("hp:units__gt=20", [3]),
        ("hp:units__not=8", [2, 3, 4, 5]),
        ("metric:val_loss__gt=0.15&hp:units__active=yes", [2, 3]),
    ],
)
def test_columns_without_a_slot_are_filtered_as_well(
    query: str, numbers: list[int], make_search: Any, add_trial: Any, alice: User
) -> None:
    """A search may have more hyperparameters and metrics than there are slots."""
    search = make_search(max_trials=5)
    search.index_columns = {f"metric:a{i}": f"n{i}" for i in range(48)}
    search.index_columns |= {f"hp:b{i}": f"t{i}" for i in range(16)}
    search.save(update_fields=["index_columns"])
    add_trial(search, 1, 0.1, values={"units": 8, "optimizer": "adam"}, metrics=_metrics(0.1))
    add_trial(search, 2, 0.1, values={"units": 16, "optimizer": "sgd"}, metrics=_metrics(0.3))
    add_trial(search, 3, 0.1, values={"units": 64, "optimizer": "adam"}, metrics=_metrics(0.2))
    add_trial(search, 4, 0.1, values={}, metrics={"val_loss": None})
    add_trial(search, 5, 0.1, values={}, metrics={})
    search.refresh_from_db()
    found = Selection.read(search, query, alice)
    assert found.problems == ()
    assert sorted(found.index_rows().values_list("number", flat=True)) == numbers
    histogram = facet_of(found, found.columns["metric:val_loss"]).histogram
    assert histogram is not None
    assert (histogram.low, histogram.high) == (0.1, 0.3)
    coloured = Selection.read(search, "colour=metric:val_loss", alice)
    shade = shades_of(coloured, ends_of(coloured))["metric:val_loss"]
    assert (shade(0.3), shade(0.1)) == ("deep-1", "deep-8")


def _metrics(value: float) -> dict[str, float]:
    return {"val_loss": value, "val_accuracy": value}


@pytest.mark.parametrize(
    ("name", "data"), [("trial-tags", {"remove": "\0"}), ("trial-tags", {"names": "\0"})]
)
def test_what_no_tag_can_be_is_refused(
    name: str, data: dict[str, str], search: Search, as_alice: Client
) -> None:
    address = reverse(name, args=[search.trials.get(number=1)])
    assert as_alice.post(address, data).status_code == 422


def test_nobody_is_called_what_nobody_can_be(project: Project, as_alice: Client) -> None:
    address = reverse("project-activity", args=[project.pk])
    page = as_alice.get(address, {"person": "alice\0"})
    assert page.status_code == 200
    assert not page.context["activity"].days


@pytest.mark.slow
def test_every_page_shows_the_largest_numbers_that_events_may_hold(
    hostile: Search, project: Project, as_alice: Client
) -> None:
    ends = [LARGEST, LARGEST, -LARGEST]
    largest = {"val_accuracy": LARGEST, "<b>": -LARGEST, "0": 5e-324}
    Trial.objects.filter(search=hostile).update(
        execution_scores=ends, metrics=largest, last_metrics=largest
    )
    Trial.objects.filter(search=hostile, score__gt=1).update(score=LARGEST)
    Trial.objects.filter(search=hostile, score__lt=-1).update(score=-LARGEST)
    for trial in hostile.trials.all():
        for execution in range(2):
            Epoch.objects.create(
                trial=trial, attempt=1, execution=execution, epoch=2, seconds=2.0**32,
                metrics=largest,
            )  # fmt: skip
    compared = "&".join(f"trial={hostile.number}.{trial.number}" for trial in hostile.trials.all())
    addresses = [
        *(reverse(name, args=[hostile]) for name in SEARCH_PAGES),
        *(reverse(name, args=[trial]) for name in TRIAL_PAGES for trial in hostile.trials.all()),
        *(reverse("trial-card", args=[trial.pk]) for trial in hostile.trials.all()),
        *(f"{reverse(name, args=[project.pk])}?{compared}" for name in COMPARISONS),
        f"{reverse('search-create', args=[project.pk])}?search={hostile.number}&refine=1",
    ]
    for address in addresses:
        response = as_alice.get(address)
        body = response.getvalue()
        assert response.status_code == 200, address
        must_be_json_if_it_says_so(response["Content-Type"], body)
