"""The pruner of a new search and its settings."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tuning.analysis.pruning import SETTINGS, fewest_parts
from tuning.forms.estimator_searches import search_form
from tuning.forms.searches import settings_of
from tuning.models import Inspection, Project, Search
from tuning.protocol.model_kinds import ModelKind
from tuning.strategies.pruners import PRUNERS

pytestmark = pytest.mark.django_db


def _form(project: Project, **values: Any) -> Any:
    shown = {f.name: f.value() for f in search_form(project) if f.value() is not None}
    return search_form(project, {**shown, **values})


@pytest.fixture
def estimators(project: Project) -> Project:
    Inspection.objects.update(model_kind=ModelKind.SKLEARN, objective="score")
    return Project.objects.get(pk=project.pk)


def test_every_setting_that_a_pruner_reads_has_a_field() -> None:
    read = {name for traits in PRUNERS.values() for name in traits.settings}
    assert read == {setting.name for setting in SETTINGS}


def test_a_new_search_prunes_automatically(project: Project) -> None:
    assert search_form(project)["pruner"].value() == "auto"
    search = _form(project, epochs=20, max_trials=50).search()
    assert (search.pruner, search.pruning.pruner) == ("auto", "median")


def test_who_sends_no_pruner_gets_none(project: Project) -> None:
    data = {f.name: f.value() for f in search_form(project) if f.value() is not None}
    old = {name: value for name, value in data.items() if not name.startswith("prun")}
    form = search_form(project, old)
    assert form.is_valid(), form.errors
    assert form.search().pruner == "none"


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"pruner": "magic"}, "pruner", "Unknown pruner"),
        ({"pruner": "median", "pruning_warmup": 9}, "pruning_warmup", "only 10 epochs"),
        ({"pruner": "median", "epochs": 1}, "pruning_warmup", "only 1 epoch, so no trial could"),
        ({"pruner": "patient", "pruning_patience": 8}, "pruning_patience", "only 10 epochs"),
        ({"pruner": "asha", "pruning_warmup": 99}, "pruning_warmup", "only 10 epochs"),
        ({"pruner": "median", "pruning_warmup": -1}, "pruning_warmup", "0"),
        ({"pruner": "median", "pruning_interval": 0}, "pruning_interval", "1"),
        ({"pruner": "median", "pruning_min_trials": 20}, "pruning_min_trials", "only 20 trials"),
        ({"pruner": "percentile", "pruning_percentile": 101}, "pruning_percentile", "100"),
        ({"pruner": "percentile", "pruning_percentile": "nan"}, "pruning_percentile", "number"),
        ({"pruner": "patient", "pruning_patience": 0}, "pruning_patience", "1"),
        ({"pruner": "asha", "pruning_factor": 1}, "pruning_factor", "2"),
        ({"pruner": "threshold"}, "pruning_lower", "lower or an upper"),
        (
            {"pruner": "threshold", "pruning_lower": 2, "pruning_upper": 1},
            "pruning_upper",
            "above the lower",
        ),
        ({"pruner": "threshold", "pruning_lower": "inf"}, "pruning_lower", "number"),
        ({"pruner": "wilcoxon"}, "pruner", "at least 5 executions per trial"),
        (
            {"pruner": "wilcoxon", "executions_per_trial": 4},
            "pruner",
            "at least 5 executions per trial; this search has only 4 executions",
        ),
    ],
)
def test_nonsense_is_said_beside_its_field(
    project: Project, values: dict[str, Any], field: str, words: str
) -> None:
    errors = _form(project, **values).errors
    assert list(errors) == [field]
    assert words in errors[field][0]


@pytest.mark.parametrize(
    "values",
    [
        {"pruner": "wilcoxon", "executions_per_trial": 5},
        {"pruner": "wilcoxon", "executions_per_trial": 3, "pruning_p": 0.3},
        {"pruner": "threshold", "pruning_lower": 0.2, "pruning_upper": 0.2},
        {"pruner": "threshold", "pruning_upper": 0.2},
        {"pruner": "median", "executions_per_trial": 2, "pruning_warmup": 18},
    ],
)
def test_what_makes_sense_is_taken(project: Project, values: dict[str, Any]) -> None:
    form = _form(project, **values)
    assert form.is_valid(), form.errors
    search = form.search()
    assert {name: getattr(search, name) for name in values} == values


def test_what_the_pruner_does_not_read_may_hold_anything(project: Project) -> None:
    """Nobody sees those fields."""
    form = _form(project, pruner="median", pruning_percentile="nonsense", pruning_factor=99)
    assert form.is_valid(), form.errors
    assert (form.search().pruning_percentile, form.search().pruning_factor) == (50, 3)


def test_a_blank_setting_has_its_default(project: Project) -> None:
    form = _form(project, pruner="percentile", pruning_percentile="", pruning_warmup="")
    assert form.is_valid(), form.errors
    assert (form.search().pruning_percentile, form.search().pruning_warmup) == (50, 0)


def test_hyperband_is_not_pruned(project: Project) -> None:
    form = _form(project, tuner="hyperband", pruner="threshold", pruning_warmup="many")
    assert form.is_valid(), form.errors
    assert form.search().pruning.pruner == "none"


def test_a_search_begun_from_another_proposes_its_pruner(make_search: Any) -> None:
    search = make_search(pruner="percentile", pruning_percentile=25, pruning_warmup=1)
    form = search_form(search.project, initial=settings_of(search))
    shown = {f.name: f.value() for f in form.pruning_fields}
    assert (shown["pruner"], shown["pruning_percentile"]) == ("percentile", 25)
    assert shown["pruning_warmup"] == 1
    # One from before there were pruners.
    old = search_form(search.project, initial=settings_of(make_search()))
    assert old["pruner"].value() == "none"


def test_folds_are_called_folds(estimators: Project) -> None:
    form = search_form(estimators)
    said = [field.help_text for field in form.pruning_fields] + [help for _, help in form.pruners]
    assert not [text for text in said if "epoch" in text]
    assert "for the Wilcoxon test" not in " ".join(said)
    form = _form(estimators, pruner="wilcoxon", folds=4)
    assert "at least 5 folds per trial; this search has only 4 folds" in form.errors["pruner"][0]
    form = _form(estimators, pruner="median", pruning_warmup=5)
    assert form.errors["pruning_warmup"] == [
        "A trial has only 5 folds, so no trial could be pruned."
    ]
    form = _form(estimators, pruner="auto", folds=8)
    assert form.is_valid(), form.errors
    assert form.search().pruning.pruner == "wilcoxon"


@pytest.mark.parametrize("p", [0.001, 0.05, 0.1, 0.2, 0.3, 0.9])
def test_as_many_parts_as_the_test_needs(p: float) -> None:
    """SciPy's own test, of a trial that is worse in every part."""
    from scipy.stats import wilcoxon

    def value(parts: int) -> float:
        worse = [-(part + 1) / 10 for part in range(parts)]
        return float(wilcoxon(worse, alternative="less", zero_method="zsplit").pvalue)

    parts = fewest_parts(p)
    assert value(parts) < p
    assert parts == 2 or value(parts - 1) >= p


@pytest.mark.parametrize(
    ("pruner", "field"),
    [(traits.name, "pruning_warmup") for traits in PRUNERS.values() if traits.settings]
    + [("patient", "pruning_patience")],
)
def test_what_is_taken_can_prune(pruner: str, field: str, project: Project) -> None:
    """With the largest value that the form takes, the worst trial of all is pruned before its last
    step; with the next larger one none would be."""
    from tuning.strategies.contract import Curve
    from tuning.strategies.pruning import should_prune

    given = {
        "pruner": pruner, "epochs": 12, "executions_per_trial": 1, "pruning_upper": 0.95,
        "pruning_lower": 0.5,
    } | ({"executions_per_trial": 8} if pruner == "wilcoxon" else {})  # fmt: skip
    taken = [
        value for value in range(1, 20) if _form(project, **given, **{field: value}).is_valid()
    ]
    search = _form(project, **given, **{field: max(taken)}).search()

    def prunes(search: Search) -> bool:
        pruning = search.pruning
        steps = range(1, pruning.steps + 1)
        others = [
            Curve(
                number, "COMPLETED", {step: 0.9 + number / 1e4 + step / 1e3 for step in steps}, 0.9
            )
            for number in range(1, 30)
        ]
        # It gets worse and worse.
        current = Curve(99, "RUNNING", {step: 0.4 - step / 100 for step in steps})
        return any(
            should_prune(pruning, others, current.until(step), f"search {study}")
            for step in steps[:-1]
            for study in range(20)
        )

    assert prunes(search)
    setattr(search, field, max(taken) + 1)
    assert not prunes(search)


def _plan(client: Client, project: Project, **values: Any) -> str:
    form = search_form(project)
    data = {f.name: f.value() for f in form if f.value() is not None} | values
    return client.post(reverse("search-plan", args=[project.pk]), data).content.decode()


def test_the_plan_says_what_is_chosen_and_why(as_bob: Client, project: Project) -> None:
    page = _plan(as_bob, project, epochs=20, max_trials=50)
    assert "Pruning by Median, which suits trials of 20 epochs, with 4 epochs of warm-up." in page
    assert "No pruning: fewer than 10 trials" in _plan(as_bob, project, max_trials=4)
    assert "No pruning: trials with fewer than 5 epochs" in _plan(as_bob, project, epochs=3)
    assert "No pruning: Random" in _plan(as_bob, project, tuner="random")
    assert "Hyperband decides which trials continue" in _plan(as_bob, project, tuner="hyperband")
    assert "median of finished trials at the same epoch" in _plan(as_bob, project, pruner="median")
    assert "plan-pruning" not in _plan(as_bob, project, pruner="none")


@pytest.fixture
def page(as_bob: Client, project: Project) -> str:
    response = as_bob.get(reverse("search-create", args=[project.pk]))
    return response.content.decode()


def test_the_page_explains_every_pruner(page: str) -> None:
    for traits in PRUNERS.values():
        assert f'data-pruner="{traits.name}"' in page
        assert traits.suits in page
    assert "models that start slowly" in page
    assert "Hyperband decides which trials continue" in page


def test_a_refused_form_shows_the_error_beside_its_field(as_bob: Client, project: Project) -> None:
    form = search_form(project)
    data = {f.name: f.value() for f in form if f.value() is not None} | {"pruner": "threshold"}
    response = as_bob.post(reverse("search-create", args=[project.pk]), data)
    assert response.status_code == 422
    assert response.context["form"]["pruning_lower"].errors
    assert not Search.objects.exists()
