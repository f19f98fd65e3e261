"""What pruning saved, against a plain count over the rows."""

from collections.abc import Callable
from statistics import fmean
from typing import Any

import pytest

from tuning.analysis import savings as module
from tuning.analysis.savings import savings
from tuning.models import Epoch, Search, Trial, TrialIndex
from tuning.protocol.model_kinds import ModelKind
from tuning.protocol.statuses import Status

pytestmark = pytest.mark.django_db

Add = Callable[..., Trial]


@pytest.fixture
def add() -> Add:
    """A function that adds an ended trial with epochs of these seconds."""

    def add_trial(search: Search, status: Status, *seconds: float, folds: bool = False) -> Trial:
        number = search.trials.count() + 1
        trial = Trial.objects.create(
            search=search, number=number, status=status, attempt=2, epochs_done=len(seconds),
            end_order=number, score=0.5 if status == Status.COMPLETED else None,
        )  # fmt: skip
        # An earlier attempt does not count.
        Epoch.objects.create(trial=trial, attempt=1, execution=0, epoch=1, seconds=1000, metrics={})
        for place, took in enumerate(seconds):
            execution, epoch = (place, 1) if folds else divmod(place, search.epochs)
            Epoch.objects.create(
                trial=trial, attempt=2, execution=execution, epoch=epoch + (not folds),
                seconds=took, metrics={},
            )  # fmt: skip
        TrialIndex.objects.fill(search, [trial])
        return trial

    return add_trial


def _counted(search: Search) -> tuple[int, int, float]:
    """Units that were saved, units planned, seconds: trial by trial."""
    units, planned, seconds = 0, 0, 0.0
    judged = Epoch.objects.filter(trial__search=search, trial__status__in=("completed", "pruned"))
    usual = [epoch.seconds for epoch in judged.filter(attempt=2, epoch__gt=1)]
    for trial in search.trials.filter(status__in=("completed", "pruned")):
        plan = search.epochs * search.executions
        planned += plan
        if trial.status == Status.PRUNED:
            epochs = trial.epochs.filter(attempt=trial.attempt)
            units += plan - len(epochs)
            # The first one is slow for other reasons.
            later = [epoch.seconds for epoch in epochs if epoch.epoch > 1]
            seconds += (plan - len(epochs)) * fmean(later or usual)
    return units, planned, seconds


def test_nothing_is_said_where_nothing_was_pruned(make_search: Any, add: Add) -> None:
    search = make_search(epochs=4)
    assert savings(search) is None
    add(search, Status.COMPLETED, 1, 1, 1, 1)
    add(search, Status.FAILED, 1)
    assert savings(search) is None
    # It was pruned at its last epoch.
    add(search, Status.PRUNED, 1, 1, 1, 1)
    assert savings(search) is None


@pytest.mark.parametrize("executions", [1, 3])
def test_the_epochs_that_were_not_trained(executions: int, make_search: Any, add: Add) -> None:
    search = make_search(epochs=10, executions_per_trial=executions)
    add(search, Status.COMPLETED, *([2.0] * 10 * executions))
    # Of one that stopped early, the plan was the same.
    add(search, Status.COMPLETED, 2, 2, 2)
    add(search, Status.PRUNED, 2, 4)
    add(search, Status.PRUNED, *([0.5] * 7))
    add(search, Status.PRUNED, 70)
    add(search, Status.FAILED, 9, 9)
    add(search, Status.STOPPED, 9, 9)
    found = savings(search)
    assert found is not None
    assert (found.units, found.planned) == _counted(search)[:2]
    assert found.seconds == pytest.approx(_counted(search)[2])
    assert found.trials == 3
    if executions == 1:
        assert found.sentence == (
            "Pruning saved 40 % of the epochs: 20 of 50 planned, about 48 s of training."
        )


def test_folds_are_counted_likewise(make_search: Any, add: Add) -> None:
    search = make_search(model_kind=ModelKind.SKLEARN, epochs=1, folds=5)
    add(search, Status.COMPLETED, 60, 60, 60, 60, 60, folds=True)
    add(search, Status.PRUNED, 60, 60, folds=True)
    found = savings(search)
    assert found is not None
    assert (found.units, found.planned, found.seconds) == (3, 10, 180)
    assert found.sentence == (
        "Pruning saved 30 % of the folds: 3 of 10 planned, about 3 min of training."
    )


def test_without_times_there_is_no_estimate(make_search: Any, add: Add) -> None:
    search = make_search(epochs=300)
    trial = add(search, Status.PRUNED, *([1] * 299))
    trial.epochs.all().delete()
    found = savings(search)
    assert found is not None
    assert found.seconds is None
    assert found.sentence == "Pruning saved less than 1 % of the epochs: 1 of 300 planned."


def test_what_is_beyond_the_plan_does_not_take_from_the_savings(make_search: Any, add: Add) -> None:
    """A custom tuner may train in several turns and report more epochs than were planned."""
    search = make_search(epochs=3)
    add(search, Status.PRUNED, 1, 1, 1, 1, 1)
    add(search, Status.PRUNED, 1)
    found = savings(search)
    assert found is not None
    assert (found.units, found.seconds) == (2, 2)


def test_the_latest_trials_stand_for_all(make_search: Any, add: Add, monkeypatch: Any) -> None:
    search = make_search(epochs=4)
    for _ in range(3):
        add(search, Status.PRUNED, 5, 5)
    monkeypatch.setattr(module, "MAX_TIMED", 2)
    found = savings(search)
    assert found is not None
    assert found.seconds == pytest.approx(_counted(search)[2])
