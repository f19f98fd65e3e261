"""From trials that were read to a new search with a better space."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tuning.actions.searches import delete_search
from tuning.models import Project, Search, TrialIndex
from tuning.protocol.statuses import Status
from tuning.spaces.hyperparameters import read_space

UNITS, OPTIMIZER, MOMENTUM, RATE = range(4)


@pytest.fixture
def url(project: Project) -> str:
    return reverse("search-create", args=[project.pk])


@pytest.fixture
def many(make_search: Any, add_trial: Any) -> Search:
    """Twenty trials; the score grows with the learning rate."""
    search: Search = make_search(max_trials=20)
    for number in range(1, 21):
        values: dict[str, Any] = {
            "units": 8 * (number % 4 + 1), "optimizer": "adam",
            "learning_rate": round(10 ** (-4 + 3 * (number / 20) ** 0.5), 7),
        }  # fmt: skip
        if number % 2:
            values |= {"optimizer": "sgd", "momentum": 0.5}
        add_trial(search, number, number / 100, values=values, is_baseline=number == 1)
    Search.objects.filter(pk=search.pk).update(status="completed")
    search.refresh_from_db()
    return search


def sent(response: Any, **changes: Any) -> dict[str, Any]:
    """What a browser sends of the form as it came."""
    context = response.context
    data = {field.name: field.value() for field in context["form"] if field.value() is not None}
    for row in context["space_form"].rows:
        data.update({field.html_name: field.value() or "" for field in row})
    data |= {"inspection": context["project"].inspection.pk, "search": context["earlier"].number}
    if context["warm_start_requested"]:
        data["warm_start"] = "on"
    return {**data, **changes}


REFINE = {"refine": "1", "hp:learning_rate__gte": "0.01", "hp:optimizer__in": "adam"}


def test_refining_a_filtered_table(as_bob: Client, url: str, many: Search) -> None:
    page = as_bob.get(url, {"search": many.number, **REFINE})
    text = page.content.decode()
    kept = [t.values for t in many.trials.all() if t.values["learning_rate"] >= 0.01]
    kept = [values for values in kept if values["optimizer"] == "adam"]
    assert f"Narrowed to the range of {len(kept)} of 20 trials of search 1" in text
    seen = as_bob.get(f"{reverse('trial-list', args=[many])}?{page.context['begun'].query}")
    assert seen.context["selection"].count == len(kept)
    assert "None of them uses momentum. The range is unchanged." in text
    assert page.context["form"]["tuner"].value() == "auto"
    assert page.context["both"].share < 0.2
    assert '<th scope="row"><code>learning_rate</code></th>' in text
    units, optimizer, momentum, rate = read_space(page.context["space_form"].space)
    assert units.takes(8) or min(values["units"] for values in kept) > 8
    assert optimizer.range_text == "fixed: adam"
    assert momentum.range_text == "0 to 0.9 in steps of 0.1"
    assert 0.009 <= rate.config["min_value"] <= min(v["learning_rate"] for v in kept)

    response = as_bob.post(f"{url}?search={many.number}", sent(page))
    search = Search.objects.latest("number")
    assert response["Location"] == reverse("search-detail", args=[search])
    assert (search.refined_from, search.tuner) == (many, "auto")
    assert search.space == page.context["space_form"].space
    assert search.warm_start_count == search.warm_start_trials.count() == len(kept)
    assert {t.pk for t in search.warm_start_trials.all()} == {
        t.pk for t in many.trials.all() if t.values in kept
    }


def test_the_count_and_the_sizes_follow_the_form(
    as_bob: Client, url: str, many: Search, project: Project
) -> None:
    data = sent(as_bob.get(url, {"search": many.number, "refine": "1"}))
    plan = reverse("search-plan", args=[project.pk])
    before = as_bob.post(plan, data)
    assert before.context["warm_start"].inside == 20
    data |= {"space-3-low": "0.01"}
    page = as_bob.post(plan, data).content.decode()
    assert 'id="search-warm-start" class="warm-start" hx-swap-oob="true"' in page
    assert "Warm start with 12 trials inside the new space" in page
    assert 'id="space-compare"' in page
    assert "33 %" in page
    for changes, words in (
        ({"epochs": "7"}, "epochs is 7 here and 3 there"),
        ({"tuner": "hyperband"}, "Hyperband trains in its own rounds"),
        ({"space-0-low": "72", "space-0-high": "80"}, "No completed trial of search 1"),
        ({"tuner": "grid"}, "of the grid inside this space"),
        ({"objective": "val_loss"}, "the objective is val_loss here"),
    ):
        page = as_bob.post(plan, {**data, **changes}).content.decode()
        assert words in page, changes
        assert '<input type="hidden" name="warm_start" value="on">' in page, (
            "what was wanted is kept"
        )


def test_without_the_tick_nothing_is_fed(as_bob: Client, url: str, many: Search) -> None:
    data = sent(as_bob.get(url, {"search": many.number, "refine": "1"}))
    del data["warm_start"]
    as_bob.post(f"{url}?search={many.number}&refine=1", data)
    search = Search.objects.latest("number")
    assert (search.warm_start_count, search.refined_from) == (0, many)
    assert search.trials.get().is_baseline


def test_the_same_settings_again_begin_with_nothing(as_bob: Client, url: str, many: Search) -> None:
    page = as_bob.get(url, {"search": many.number})
    assert not page.context["warm_start_requested"]
    assert page.context["form"]["tuner"].value() == "random"
    assert page.context["both"].is_same
    assert page.context["plan"].trials == 20


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"refine": "1", "score__gte": "5"}, "No trial matches these filters"),
        ({"refine": "1", "hp:nothing__gte": "5"}, "this search has no such column"),
        ({"widen": "1.high"}, "The range was not widened"),
        ({"widen": "x.y"}, "The range was not widened"),
        ({"exclude": "1.is.'rmsprop'"}, "The region was not excluded"),
        ({"exclude": "%%%"}, "The region was not excluded"),
        ({"exclude": "3.from.0.03"}, "learning_rate is now 0.0001 to 0.03, logarithmic"),
        ({"widen": ["3.high", "0.high"]}, "learning_rate is now 0.0001 to 1, logarithmic and units "
                                          "is now 8 to 96 in steps of 8"),
    ],
)  # fmt: skip
def test_what_an_address_asks_for_is_done_or_said(
    query: dict[str, Any], words: str, as_bob: Client, url: str, many: Search
) -> None:
    response = as_bob.get(url, {"search": many.number, **query})
    assert response.status_code == 200
    assert words in response.content.decode()


def test_wrong_input_keeps_the_origin(as_bob: Client, url: str, many: Search) -> None:
    data = sent(as_bob.get(url, {"search": many.number, **REFINE}), epochs="0")
    response = as_bob.post(url, data)
    assert response.status_code == 422
    assert response.context["earlier"] == many
    assert response.context["warm_start_requested"]


def test_nothing_left_to_run_is_refused(as_bob: Client, url: str, many: Search) -> None:
    fixed = {
        "tuner": "grid", "space-0-way": "values", "space-0-values": "8",
        "space-1-values": ["0"], "space-3-way": "values", "space-3-values": "0.01",
    }  # fmt: skip
    trial = many.trials.get(number=2)
    trial.values = {"units": 8, "optimizer": "adam", "learning_rate": 0.01}
    trial.save()
    TrialIndex.objects.fill(many, [trial])
    data = sent(as_bob.get(url, {"search": many.number, "refine": "1"}), **fixed)
    response = as_bob.post(f"{url}?search={many.number}", data)
    assert response.status_code == 422
    assert "All combinations of the grid have been tried" in response.content.decode()


def test_an_import_with_the_same_hyperparameters_compares(
    as_bob: Client, url: str, many: Search
) -> None:
    Search.objects.filter(pk=many.pk).update(origin="kerastuner")
    page = as_bob.get(url, {"search": many.number, "refine": "1"})
    assert len(page.context["warm_start"].trials) > 0


def test_only_full_training_is_fed(as_bob: Client, url: str, many: Search) -> None:
    """Hyperband's short rounds have scores of their own."""
    for number in (1, 2, 3):
        many.trials.filter(number=number).update(tuner_values={"tuner/epochs": 1})
    many.trials.filter(number=4).update(status=Status.FAILED)
    TrialIndex.objects.fill(many)
    page = as_bob.get(url, {"search": many.number, "refine": "1"})
    assert page.context["warm_start"].inside == 16


def test_viewers_are_offered_nothing(
    as_dora: Client, as_charlie: Client, url: str, many: Search
) -> None:
    assert as_dora.get(url, {"search": many.number, "refine": "1"}).status_code == 403
    assert as_charlie.get(url, {"search": many.number, "refine": "1"}).status_code == 404
    page = as_dora.get(reverse("search-detail", args=[many])).content.decode()
    assert "learning_rate at the upper end of its range" in page
    assert "widen=" not in page
    assert "refine=1" not in page


def test_the_lineage_is_visible(
    as_bob: Client, as_dora: Client, url: str, many: Search, project: Project
) -> None:
    as_bob.post(url, sent(as_bob.get(url, {"search": many.number, **REFINE})))
    second = Search.objects.latest("number")
    as_bob.post(url, sent(as_bob.get(url, {"search": second.number, "exclude": "0.from.32"})))
    third = Search.objects.latest("number")
    page = as_dora.get(reverse("search-detail", args=[second])).content.decode()
    assert f'Refined from <a href="{reverse("search-detail", args=[many])}">search 1</a>' in page
    assert f"Warm start with {second.warm_start_count} trials of search 1 (best " in page
    assert second.warm_start_trials.get(number=20).score == 0.2
    settings = as_dora.get(reverse("search-settings", args=[second])).content.decode()
    assert '<b aria-current="page">Search 2</b>' in settings
    project_page = as_dora.get(reverse("project-detail", args=[project.pk]))
    rows = project_page.context["searches"]
    assert [(row.search, row.depth) for row in rows] == [(many, 0), (second, 1), (third, 2)]
    assert "hyperparameters narrowed" in rows[1].how
    assert rows[0].best == 0.2
    delete_search(many)
    rows = as_dora.get(reverse("project-detail", args=[project.pk])).context["searches"]
    assert [(row.search, row.depth) for row in rows] == [(second, 0), (third, 1)]
    assert rows[0].how == ""
    page = as_dora.get(reverse("search-detail", args=[second])).content.decode()
    assert "of a search that was deleted" in page


def test_searches_that_stand_alone_have_no_lineage(
    as_bob: Client, many: Search, project: Project
) -> None:
    (row,) = as_bob.get(reverse("project-detail", args=[project.pk])).context["searches"]
    assert (row.depth, row.how) == (0, "")
    page = as_bob.get(reverse("search-settings", args=[many])).content.decode()
    assert "Lineage" not in page
    assert "Refined from" not in page


def test_the_edge_warning_leads_to_a_wider_range(as_bob: Client, many: Search) -> None:
    page = as_bob.get(reverse("search-detail", args=[many])).content.decode()
    assert "The best 3 trials have learning_rate at the upper end of its range, 0.1." in page
    link = (
        f"{reverse('search-create', args=[many.project_id])}?search={many.number}&amp;widen=3.high"
    )
    assert f'href="{link}"' in page
    form = as_bob.get(link.replace("&amp;", "&"))
    assert form.context["space_form"].rows[RATE]["high"].value() == "1"
    assert form.context["space_form"].rows[RATE].searched.changed


def test_few_trials_give_no_edge_warning(as_bob: Client, many: Search) -> None:
    page = reverse("search-detail", args=[many])
    many.trials.filter(number__lte=10).delete()
    assert "at the upper end of its range" in as_bob.get(page).content.decode()
    many.trials.filter(number=11).delete()
    assert "at the upper end of its range" not in as_bob.get(page).content.decode()


def test_failures_lead_to_a_space_without_them(
    as_bob: Client, as_dora: Client, many: Search, add_trial: Any
) -> None:
    for number in range(21, 41):
        values = {"units": 64 if number % 2 else 8, "optimizer": "adam", "learning_rate": 0.001}
        failed = {"status": Status.FAILED, "score": None, "failure_code": "out_of_memory"}
        add_trial(many, number, **{"score": 0.5, **(failed if number % 2 else {})}, values=values)
    address = reverse("search-failures", args=[many])
    assert address in as_bob.get(reverse("search-detail", args=[many])).content.decode()
    page = as_bob.get(address).content.decode()
    assert "Out of memory: 10 trials" in page
    assert "units ≥ 64" in page
    assert "10 of 10 (100 %)" in page
    assert "0 of 30 (0 %)" in page
    link = (
        f"{reverse('search-create', args=[many.project_id])}?search={many.number}&exclude=0.from.64"
    )
    assert link.replace("&", "&amp;") in page
    form = as_bob.get(link)
    assert form.context["space_form"].rows[UNITS]["high"].value() == "56"
    assert "Exclude" not in as_dora.get(address).content.decode()


def test_no_failures(as_dora: Client, search: Search) -> None:
    page = as_dora.get(reverse("search-failures", args=[search])).content.decode()
    assert "No failed trials." in page


def test_the_best_counts_the_warm_start(
    as_dora: Client, many: Search, make_search: Any, add_trial: Any
) -> None:
    refined = make_search(number=2)
    Search.objects.filter(pk=refined.pk).update(warm_start_count=2)
    refined.warm_start_trials.set(many.trials.filter(number__in=[19, 20]))
    add_trial(refined, 1, 0.1)
    page = " ".join(as_dora.get(reverse("search-detail", args=[refined])).content.decode().split())
    assert "Trial 20 of search 1</a>, known from the warm start" in page
    assert "Best of this search" in page
    plots = as_dora.get(reverse("search-plots", args=[refined])).json()
    assert plots["history"]["best"] == [0.2]
    add_trial(refined, 2, 0.3)
    Search.objects.touch(refined.pk)
    page = as_dora.get(reverse("search-detail", args=[refined])).content.decode()
    assert "known from the warm start" not in page
    plots = as_dora.get(reverse("search-plots", args=[refined])).json()
    assert plots["history"]["best"] == [0.2, 0.3]


def test_a_space_that_is_not_narrower_is_not_called_so(
    as_bob: Client, url: str, many: Search, add_trial: Any
) -> None:
    ends = [
        {"units": 8, "optimizer": "sgd", "momentum": 0.0, "learning_rate": 0.0001},
        {"units": 64, "optimizer": "sgd", "momentum": 0.8, "learning_rate": 0.1},
        {"units": 64, "optimizer": "adam", "learning_rate": 0.1},
    ]
    for number, values in enumerate(ends, start=21):
        add_trial(many, number, 0.9, values=values)
    text = as_bob.get(url, {"search": many.number, "refine": "1"}).content.decode()
    assert "Narrowed" not in text
    assert "The space is unchanged: 23 of 23 trials of search 1 span all of it." in text


def test_an_address_with_a_key_leads_to_one_with_the_number(
    as_bob: Client, as_charlie: Client, url: str, many: Search
) -> None:
    asked = {"from": many.pk, **REFINE}
    moved = as_bob.get(url, asked)
    assert moved.status_code == 301
    assert moved["Location"].startswith(f"{url}?refine=1&hp:learning_rate__gte=0.01")
    assert moved["Location"].endswith("&search=1")
    assert as_charlie.get(url, asked).status_code == 404
