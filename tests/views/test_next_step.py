"""The one suggestion that the page of an ended search makes."""

from typing import Any

import pytest

from tuning.analysis.edges import edges
from tuning.analysis.next_step import NextStep, actions_of, next_step
from tuning.models import SavedModel, Search
from tuning.protocol.statuses import SearchStatus, Status


def _step(search: Search) -> NextStep | None:
    baseline = search.trials.filter(is_baseline=True).first()
    return next_step(search, actions_of(search), edges(search), baseline)


@pytest.fixture
def ended(search: Search) -> Search:
    search.status = SearchStatus.COMPLETED
    search.save()
    return search


def test_the_best_is_retrained_first(ended: Search) -> None:
    step = _step(ended)
    assert step is not None
    assert step.step == "retrain"
    assert step.sentence.startswith(
        "Trial 3 is the best with 0.9500, +0.0500 against the baseline."
    )


def test_then_the_search_is_refined(ended: Search) -> None:
    best = ended.trials.get(number=3)
    model = SavedModel.objects.create(
        project=ended.project, trial=best, epochs=1, batch_size=1, status=Status.QUEUED
    )
    step = _step(ended)
    assert step is not None
    assert step.step == "refine"
    assert "the best 3 trials" in step.sentence
    # A model that failed is none.
    SavedModel.objects.filter(pk=model.pk).update(status=Status.FAILED)
    step = _step(ended)
    assert step is not None
    assert step.step == "retrain"


def test_a_baseline_that_nothing_beats_asks_for_more(ended: Search) -> None:
    ended.trials.exclude(is_baseline=True).delete()
    step = _step(ended)
    assert step is not None
    assert step.step == "extend"


def test_a_perfect_baseline_cannot_be_beaten(ended: Search) -> None:
    ended.trials.exclude(is_baseline=True).delete()
    ended.trials.update(score=1.0)
    step = _step(ended)
    assert step is not None
    assert step.step == "retrain"
    assert step.sentence.startswith("Trial 1, the baseline, has a score of 1.000. Retrain it")
    # Errors that a scorer counts below 0.
    ended.scoring = "neg_mean_absolute_error"
    step = _step(ended)
    assert step is not None
    assert step.step == "extend"
    ended.trials.update(score=0.0)
    step = _step(ended)
    assert step is not None
    assert step.step == "retrain"


def test_nothing_is_suggested_too_early(make_search: Any, search: Search) -> None:
    assert _step(make_search()) is None
    search.status = SearchStatus.RUNNING
    assert _step(search) is None


def test_ranges_come_first(ended: Search, add_trial: Any) -> None:
    for number in range(4, 34):
        values = {"units": 64, "optimizer": "adam", "learning_rate": 0.1 - 0.0005 * number}
        add_trial(ended, number, 0.95 - 0.01 * number, values=values)
    for trial in ended.trials.order_by("-score")[:4]:
        trial.values = {"units": 64, "optimizer": "adam", "learning_rate": 0.0999}
        trial.save()
    step = _step(ended)
    assert step is not None
    assert step.step == "widen"
    assert step.sentence.endswith("Better values may be outside the range.")
    assert step.edges


@pytest.mark.parametrize(("count", "to"), [(2, ""), (3, "3"), (29, "3"), (30, "10%")])
def test_how_many_a_refinement_takes(count: int, to: str, make_search: Any, add_trial: Any) -> None:
    search = make_search()
    for number in range(1, count + 1):
        add_trial(search, number, 0.5)
    assert actions_of(search).refine_to == to


def test_the_actions_cost_two_queries(search: Search, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(2):
        actions = actions_of(search)
        assert actions.best is not None
        assert actions.best.score == 0.95
