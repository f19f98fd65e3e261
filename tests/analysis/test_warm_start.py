"""Which trials of an earlier search a new one can begin with."""

from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.conftest import SPACE
from tests.views.conftest import add_trial  # noqa: F401
from tuning.analysis import warm_start as module
from tuning.analysis.warm_start import Fitting, warm_start
from tuning.models import Search, Trial, TrialIndex
from tuning.protocol.statuses import Status
from tuning.spaces.edits import Range, Values, edited
from tuning.strategies.traits import STRATEGIES, Name, traits_of

UNITS, OPTIMIZER, MOMENTUM, RATE = range(4)
ADAM = {"units": 16, "optimizer": "adam", "learning_rate": 0.01}
SGD = {**ADAM, "optimizer": "sgd", "momentum": 0.5}


@pytest.mark.parametrize(
    ("edits", "values", "inside"),
    [
        ({}, ADAM, True),
        ({}, SGD, True),
        ({}, {**SGD, "momentum": None}, False),
        ({}, {**ADAM, "momentum": 0.5}, False),
        ({}, {**ADAM, "units": 17}, False),
        ({}, {**ADAM, "other": 1}, False),
        ({}, {"units": 16}, False),
        ({OPTIMIZER: Values(("adam",))}, SGD, False),
        ({OPTIMIZER: Values(("sgd",))}, SGD, True),
        ({MOMENTUM: Range(0.6, 0.8, 0.1)}, SGD, False),
        ({MOMENTUM: Range(0.6, 0.8, 0.1)}, ADAM, True),
        ({RATE: Range(0.01, 0.1, None, "log")}, ADAM, True),
        ({RATE: Values((0.02, 0.01))}, ADAM, True),
        ({RATE: Values((0.02, 0.011))}, ADAM, False),
    ],
)
def test_values_of_a_space(edits: Any, values: dict[str, Any], inside: bool) -> None:
    found = Fitting(edited(SPACE, edits), traits_of("random")).values(values)
    assert (found is not None) == inside


def test_rounding_is_the_spaces() -> None:
    fits = Fitting(edited(SPACE, {MOMENTUM: Range(0.2, 0.45, 0.1)}), traits_of("random"))
    found = fits.values({**SGD, "momentum": 0.30000000000000004})
    assert found is not None
    assert found["momentum"] == 0.2 + 0.1


def test_a_grid_tries_some_values_only() -> None:
    assert Fitting(SPACE, traits_of("grid")).values(ADAM) is None
    assert Fitting(SPACE, traits_of("grid")).values({**ADAM, "learning_rate": 0.001}) is not None


@pytest.fixture
def earlier(make_search: Any) -> Search:
    """A hundred trials, of which each fourth failed; the scores grow with the number."""
    search: Search = make_search(max_trials=100)
    search.trials.all().delete()
    Trial.objects.bulk_create(
        Trial(
            search=search, number=number, score=number / 100 if number % 4 else None,
            status=Status.COMPLETED if number % 4 else Status.FAILED,
            values={**ADAM, "learning_rate": 0.001 + number / 1e4},
        )
        for number in range(1, 101)
    )  # fmt: skip
    search.refresh_from_db()
    TrialIndex.objects.fill(search)
    return search


def new(earlier: Search, **settings: Any) -> Search:
    names = ("project", "hypermodel", "objective", "direction", "epochs", "batch_size", "space")
    return Search(**{**{name: getattr(earlier, name) for name in names}, **settings})


@pytest.mark.django_db
def test_completed_trials_inside(earlier: Search) -> None:
    space = edited(SPACE, {RATE: Range(0.001, 0.00505, None, "log")})
    found = warm_start(earlier, new(earlier, space=space))
    numbers = Trial.objects.filter(pk__in=found.trials).values_list("number", flat=True)
    assert sorted(numbers) == [n for n in range(1, 41) if n % 4]
    assert (found.inside, found.or_more, found.refusal) == (30, False, "")
    assert warm_start(earlier, new(earlier, space=space, tuner="random")).sentence == (
        "They are not trained again."
    )
    assert found.sentence.endswith("the strategy learns from their scores.")


@pytest.mark.django_db
def test_equal_ones_count_once(earlier: Search, add_trial: Any) -> None:  # noqa: F811
    for number in (201, 202, 203):
        add_trial(earlier, number, 0.5, values=ADAM)
    assert warm_start(earlier, new(earlier)).inside == 76


@pytest.mark.django_db
def test_of_too_many_the_best_and_the_worst_are_used(
    earlier: Search, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = replace(STRATEGIES[Name.BAYESIAN], max_warm_start=10)
    monkeypatch.setitem(STRATEGIES, Name.BAYESIAN, few)
    found = warm_start(earlier, new(earlier, tuner="bayesian"))
    scores = [Trial.objects.get(pk=pk).score for pk in found.trials]
    assert len(scores) == 10
    assert (scores[0], scores[-1]) == (0.99, 0.01)
    assert scores == sorted(scores, reverse=True)
    assert found.sentence.startswith("Uses 10 of 75 trials inside")
    monkeypatch.setattr(module, "MAX_COMPARED", 20)
    found = warm_start(earlier, new(earlier, tuner="bayesian"))
    assert found.sentence.startswith("Uses 10 of 20 or more trials inside")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"epochs": 9}, "The scores of search 1 cannot be compared: epochs is 9 here and 3 there."),
        ({"batch_size": 64, "executions_per_trial": 2},
         "The scores of search 1 cannot be compared: executions per trial is 2 here and 1 there "
         "and batch size is 64 here and 32 there."),
        ({"early_stopping_metric": "val_loss"}, "early stopping is val_loss here and off there"),
        ({"early_stopping_patience": 7}, ""),
        ({"direction": "min"}, "the direction is min here and max there"),
        ({"hypermodel": None}, "Search 1 used another version of the template"),
        ({"tuner": "hyperband"}, "Hyperband trains in its own rounds"),
    ],
)  # fmt: skip
def test_scores_that_do_not_compare(settings: Any, words: str, earlier: Search) -> None:
    found = warm_start(earlier, new(earlier, **settings))
    assert words in found.refusal
    assert bool(found.trials) == (words == "")


@pytest.mark.django_db
def test_estimators_compare_by_folds_and_scoring(earlier: Search) -> None:
    Search.objects.filter(pk=earlier.pk).update(model_kind="sklearn", scoring="f1_macro")
    earlier.refresh_from_db()
    same = new(earlier, model_kind="sklearn", scoring="f1_macro", batch_size=999)
    assert warm_start(earlier, same).inside == 75
    other = new(earlier, model_kind="sklearn", folds=3)
    assert warm_start(earlier, other).refusal == (
        "The scores of search 1 cannot be compared: scoring is off here and f1_macro there and "
        "folds is 3 here and 5 there."
    )


@pytest.mark.django_db
def test_an_import_warms_where_a_person_says_so(earlier: Search, as_bob: Client) -> None:
    """Of its settings nothing is known but the objective."""
    imported = {"origin": "optuna", "hypermodel": None, "epochs": 77, "batch_size": 1}
    Search.objects.filter(pk=earlier.pk).update(**imported)
    earlier.refresh_from_db()
    ours = new(earlier, epochs=3, batch_size=32)
    found = warm_start(earlier, ours)
    assert found.inside == 75
    assert found.sentence.endswith("trained on this project’s data with the same settings.")
    assert warm_start(earlier, new(earlier, direction="min")).refusal == (
        "The scores of search 1 cannot be compared: it was imported from Optuna with the "
        "objective val_accuracy (max), here it is val_accuracy (min)."
    )
    assert warm_start(earlier, new(earlier, scoring="f1", objective="val_score")).refusal
    url = reverse("search-create", args=[earlier.project_id])
    page = as_bob.get(f"{url}?search=1&refine=1&score__top=20").content.decode()
    box = page[page.index('id="id_warm_start"') : page.index("inside the new space")]
    assert "disabled" not in box
    assert "checked" not in box
