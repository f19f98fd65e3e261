"""Free slots take executions of running trials, with runners that train nothing."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tuning.actions.searches import pause_search, stop_search
from tuning.analysis.trial_parts import part_rows
from tuning.figures import figure
from tuning.models import Execution, Search, Trial, Worker
from tuning.models.resource_use import Used
from tuning.protocol.events import EpochEnd, Failed, TrialEnd
from tuning.protocol.failures import FailureCode
from tuning.protocol.model_kinds import ModelKind
from tuning.protocol.orders import SearchOrder, TrialOrder
from tuning.protocol.statuses import Status
from tuning.recording import recorder
from tuning.recording.recorder import News
from tuning.supervisor import schedule
from tuning.supervisor.assignments import assignment_for
from tuning.supervisor.claims import Slot, claim_next, has_work

from .fake_runner import Death, Silence, Step, good_trial

pytestmark = pytest.mark.django_db


@pytest.fixture
def spread(make_search: Any) -> Callable[..., Search]:
    """A function that starts a search of one trial with four executions."""

    def start(**settings: Any) -> Search:
        defaults = {"max_trials": 1, "executions_per_trial": 4, "parallel_trials": 2}
        search: Search = make_search(**{**defaults, **settings})
        return search

    return start


def helper(worker: Worker, search: Search, slot: int = 1) -> Execution:
    """An execution as a slot that has the search's runner claims it."""
    claimed = claim_next(Slot(worker, slot), prefer=search.pk)
    assert isinstance(claimed, Execution)
    return claimed


def trained_by_another(make_slot: Any, before: Callable[[], None]) -> Any:
    """A slot with the trial: while it trains the first execution, `before` happens."""
    happened: list[bool] = []

    def script(order: SearchOrder, trial: TrialOrder) -> Iterator[Step]:
        if not happened:
            happened.append(True)
            yield before
        yield from good_trial(order, trial)

    return make_slot(script, independent=True)


def orders(slot: Any) -> list[int | None]:
    """The executions that a slot's runners were told to train."""
    told = [order for runner in slot.started for order in runner.orders]
    return [order.execution for order in told if isinstance(order, TrialOrder)]


def rows(trial: Trial) -> list[tuple[int, int, dict[str, Any]]]:
    return list(trial.epochs.values_list("execution", "epoch", "metrics"))


def outcome(trial: Trial) -> tuple[Any, ...]:
    found = trial.score, trial.metrics, trial.last_metrics, trial.best_epoch
    return *found, trial.execution_scores, trial.epochs_done, rows(trial)


def test_what_two_slots_train_is_what_one_trains(
    spread: Any, make_slot: Any, make_search: Any
) -> None:
    alone = make_search(max_trials=1, executions_per_trial=4, parallel_trials=1)
    make_slot(independent=True).run()
    search = spread()
    second = make_slot(number=1, independent=True)

    def help_out() -> None:
        second._runner = second.pool.take(second.device)
        second._runner.search_id = search.pk
        second._runner.send(search.order())
        second.run()

    first = trained_by_another(make_slot, help_out)
    first.run()
    assert (orders(first), orders(second)) == ([0], [3, 2, 1])
    assert outcome(search.trials.get()) == outcome(alone.trials.get())
    assert len(rows(search.trials.get())) == 12
    assert not Execution.objects.exists()
    search.refresh_from_db()
    assert search.status == Status.COMPLETED


def test_one_slot_trains_all_executions_in_order(spread: Any, make_slot: Any) -> None:
    search = spread()
    slot = make_slot(independent=True)
    slot.run()
    assert orders(slot) == [0, 1, 2, 3]
    assert search.trials.get().status == Status.COMPLETED


@pytest.mark.parametrize(
    "settings",
    [
        {"parallel_trials": 1},
        {"executions_per_trial": 1},
        {"pruner": "median"},
        {"tuner": "hyperband"},
        {"model_kind": ModelKind.CUSTOM},
    ],
)
def test_some_searches_keep_their_executions_together(
    settings: dict[str, Any], spread: Any, make_slot: Any
) -> None:
    assert not spread(**settings).spreads


def test_a_fit_of_the_templates_own_trains_them_all(spread: Any, make_slot: Any) -> None:
    search = spread()
    slot = make_slot(independent=False)
    slot.run()
    assert orders(slot) == [None]
    assert search.trials.get().epochs_done == 12


def test_folds_are_offered_where_they_take_long(spread: Any, make_slot: Any) -> None:
    seconds = [0.4]

    def script(order: SearchOrder, trial: TrialOrder) -> Iterator[Step]:
        folds = range(3) if trial.execution is None else [trial.execution]
        for fold in folds:
            yield EpochEnd(fold, 1, seconds[0], {"score": 0.5 + fold / 10})
        score = 0.6 if trial.execution is None else 0.5 + trial.execution / 10
        spread = {"score_std": 0.1} if trial.execution is None else {}
        yield TrialEnd({"score": score, **spread}, 0)

    def units(search: Search) -> list[int | None]:
        slot = make_slot(script, independent=True)
        slot.run()
        return orders(slot)

    estimators = {
        "model_kind": ModelKind.SKLEARN, "folds": 3, "objective": "score", "max_trials": 2,
        "epochs": 1, "executions_per_trial": 1,
    }  # fmt: skip
    assert units(spread(**estimators)) == [None, None]
    seconds[0] = 1.5
    search = spread(**estimators)
    assert units(search) == [None, 0, 1, 2]
    first, second = search.trials.all()
    assert second.metrics == pytest.approx(first.metrics)


def test_free_slots_take_folds_of_networks(spread: Any, make_slot: Any, as_dora: Client) -> None:
    """The mean is KerasTuner's, the spread numpy's, and the pages show each fold."""
    search = spread(cross_validated=True, folds=5, executions_per_trial=1)
    second = make_slot(number=1, independent=True)

    def help_out() -> None:
        second._runner = second.pool.take(second.device)
        second._runner.search_id = search.pk
        second._runner.send(search.order())
        second.run()

    first = trained_by_another(make_slot, help_out)
    first.run()
    assert (orders(first), orders(second)) == ([0], [4, 3, 2, 1])
    trial = search.trials.get()
    scores = np.array(trial.execution_scores)
    assert len(scores) == 5
    assert trial.score == pytest.approx(scores.mean())
    assert trial.metrics["val_accuracy_std"] == pytest.approx(scores.std(ddof=1))
    assert "metric:val_accuracy_std" in Search.objects.get(pk=search.pk).index_columns
    parts = part_rows(trial)
    assert [part.number for part in parts] == [1, 2, 3, 4, 5]
    assert [part.score for part in parts] == pytest.approx(scores)
    assert {part.epochs for part in parts} == {3}
    page = as_dora.get(reverse("trial-detail", args=[trial])).content.decode()
    assert "mean of 5 folds, mean best epoch 3, rounded down" in page
    assert f"standard deviation {figure(scores.std(ddof=1), 2)}" in page
    assert 'aria-label="Table of folds"' in page
    table = as_dora.get(reverse("trial-list", args=[search])).content.decode()
    assert "val_accuracy_std" in table
    curves = as_dora.get(reverse("trial-plots", args=[trial])).json()
    assert "fold 5" in str(curves)


def test_a_failed_fold_fails_its_trial(spread: Any, make_slot: Any) -> None:
    def script(order: SearchOrder, trial: TrialOrder) -> Iterator[Step]:
        if trial.execution == 1:
            yield Failed(FailureCode.CODE_ERROR, "too small")
        yield from good_trial(order, trial)

    search = spread(cross_validated=True, folds=3, executions_per_trial=1)
    make_slot(script, independent=True).run()
    trial = search.trials.get()
    assert (trial.status, trial.score, trial.failure_message) == (Status.FAILED, None, "too small")


def test_a_trial_goes_before_an_execution(spread: Any, worker: Worker) -> None:
    search = spread(max_trials=2)
    first = claim_next(Slot(worker, 0))
    assert isinstance(first, Trial)
    recorder.offer_executions(first)
    assert isinstance(claim_next(Slot(worker, 1), prefer=search.pk), Trial)


def test_a_slot_takes_the_last_of_the_trial_with_most_left(spread: Any, worker: Worker) -> None:
    search = spread(max_trials=2, parallel_trials=9)
    for number in range(2):
        trial = claim_next(Slot(worker, number))
        assert isinstance(trial, Trial)
        recorder.offer_executions(trial)
        assert Execution.objects.take_first(trial) == 1
    assert Execution.objects.take_first(trial) == 2
    taken = [helper(worker, search) for _ in range(3)]
    assert [(each.trial.number, each.number) for each in taken] == [(1, 3), (2, 3), (1, 2)]
    assert claim_next(Slot(worker, 1), prefer=search.pk) is None


@pytest.mark.parametrize("limit", [2, 3])
def test_executions_count_as_trials_in_parallel(limit: int, spread: Any, worker: Worker) -> None:
    search = spread(parallel_trials=limit)
    recorder.offer_executions(claim_next(Slot(worker, 0)))
    for slot in range(1, limit):
        helper(worker, search, slot)
    assert claim_next(Slot(worker, limit), prefer=search.pk) is None
    assert has_work() == 0
    # Nor does a trial start where an execution has its place.
    search.max_trials = 5
    search.save()
    assert claim_next(Slot(worker, limit), prefer=search.pk) is None


def test_a_slot_without_the_searchs_runner_takes_long_executions_only(
    spread: Any, worker: Worker
) -> None:
    spread()
    trial = claim_next(Slot(worker, 0))
    recorder.offer_executions(trial)
    assert has_work() == 0
    assert claim_next(Slot(worker, 1)) is None
    Trial.objects.update(started_at=timezone.now() - timedelta(seconds=4))
    assert has_work() == 1
    assert isinstance(claim_next(Slot(worker, 1)), Execution)


def test_a_paused_search_hands_out_nothing(spread: Any, worker: Worker) -> None:
    search = spread()
    recorder.offer_executions(claim_next(Slot(worker, 0)))
    pause_search(search)
    assert claim_next(Slot(worker, 1), prefer=search.pk) is None


def lose(execution: Execution) -> None:
    Execution.objects.filter(pk=execution.pk).update(lease_expires_at=None)
    assert schedule.reap() == 1


def test_only_an_execution_is_lost_with_its_worker(
    spread: Any, make_slot: Any, worker: Worker
) -> None:
    search = spread()
    late: list[Execution] = []

    def lose_one() -> None:
        late.append(helper(worker, search))
        epoch = EpochEnd(3, 1, 0.1, {"val_accuracy": 0.9})
        recorder.record_news(late[0].trial, News([epoch], None), late[0])
        assert search.trials.get().epochs_done == 1
        lose(late[0])
        assert search.trials.get().epochs_done == 0

    slot = trained_by_another(make_slot, lose_one)
    slot.run()
    assert orders(slot) == [0, 1, 2, 3]
    trial = search.trials.get()
    assert (trial.status, trial.attempt, trial.lost_attempts) == (Status.COMPLETED, 1, 0)
    assert trial.epochs_done == 12
    # Whoever slept through it changes nothing.
    with pytest.raises(recorder.LeaseLost):
        recorder.record_news(trial, News([EpochEnd(3, 9, 0.1, {})], None), late[0])
    with pytest.raises(recorder.LeaseLost):
        recorder.complete_execution(late[0], TrialEnd({"val_accuracy": 9.0}, 0))
    with pytest.raises(recorder.LeaseLost):
        assignment_for(late[0]).release()


def test_an_execution_that_was_lost_five_times_is_a_lost_attempt_of_its_trial(
    spread: Any, worker: Worker
) -> None:
    search = spread()
    recorder.offer_executions(claim_next(Slot(worker, 0)))
    for _ in range(5):
        lose(helper(worker, search))
    trial = search.trials.get()
    assert (trial.status, trial.lost_attempts) == (Status.QUEUED, 1)
    assert not Execution.objects.exists()


def test_a_trial_waits_for_the_executions_of_other_slots(
    spread: Any, make_slot: Any, worker: Worker, monkeypatch: Any
) -> None:
    search = spread(stall_limit=900)
    taken: list[Execution] = []
    looks = iter(range(9))

    def wait(_: float) -> None:
        # The second time, the other slot has ended; the first one lost another execution.
        if next(looks) == 2:
            lose(taken[1])
            result = TrialEnd({"val_accuracy": 0.08, "loss": 0.92}, 1)
            recorder.complete_execution(taken[0], result, Used(2_000_000))

    search.parallel_trials = 3
    search.save()
    slot = trained_by_another(
        make_slot, lambda: taken.extend(helper(worker, search) for _ in range(2))
    )
    monkeypatch.setattr(slot.stopping, "wait", wait)
    slot.run()
    assert [each.number for each in taken] == [3, 2]
    assert orders(slot) == [0, 1, 2]
    trial = search.trials.get()
    assert trial.status == Status.COMPLETED
    assert trial.peak_memory == 2_000_000
    assert trial.best_epoch == (3 + 3 + 3 + 2) // 4


def test_a_lost_trial_runs_again_and_takes_its_executions_along(
    spread: Any, make_slot: Any, worker: Worker
) -> None:
    search = spread()
    recorder.offer_executions(claim_next(Slot(worker, 0)))
    late = helper(worker, search)
    Trial.objects.update(lease_expires_at=None)
    schedule.reap()
    assert assignment_for(late).is_cancelled()
    make_slot(independent=True).run()
    trial = search.trials.get()
    assert (trial.status, trial.attempt) == (Status.COMPLETED, 2)
    with pytest.raises(recorder.LeaseLost):
        recorder.record_news(late.trial, News([EpochEnd(3, 1, 0.1, {})], None), late)


@pytest.mark.parametrize("failing", [0, 3])
def test_a_failure_of_one_execution_fails_the_trial(
    failing: int, spread: Any, make_slot: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr("tuning.supervisor.supervise.CANCEL_CHECK_EVERY", 0)
    search = spread()

    def script(order: SearchOrder, trial: TrialOrder) -> Iterator[Step]:
        if trial.execution == failing:
            yield Failed("code_error", "these units do not fit")
        yield from good_trial(order, trial)

    def help_out() -> None:
        second._runner = second.pool.take(second.device)
        second._runner.search_id = search.pk
        second._runner.send(search.order())
        second.run()

    second = make_slot(script, number=1, independent=True)
    first = (
        trained_by_another(make_slot, help_out) if failing else make_slot(script, independent=True)
    )
    first.run()
    trial = search.trials.get()
    assert (trial.status, trial.failure_code) == (Status.FAILED, "code_error")
    assert trial.failure_message == "these units do not fit"
    assert not Execution.objects.exists()


def test_a_dead_helper_fails_the_trial_as_its_own_runner_would(
    spread: Any, make_slot: Any, worker: Worker
) -> None:
    search = spread()
    recorder.offer_executions(claim_next(Slot(worker, 0)))
    Trial.objects.update(started_at=timezone.now() - timedelta(seconds=60))
    make_slot(lambda *_: iter([Death()]), number=1, independent=True).run()
    assert search.trials.get().failure_code == "killed"


def test_a_worker_that_shuts_down_gives_its_execution_back(
    spread: Any, make_slot: Any, worker: Worker
) -> None:
    search = spread()
    recorder.offer_executions(claim_next(Slot(worker, 0)))
    Trial.objects.update(started_at=timezone.now() - timedelta(seconds=60))

    def script(*_: Any) -> Iterator[Step]:
        yield EpochEnd(3, 1, 0.1, {"val_accuracy": 0.5})
        yield slot.stopping.set
        while True:
            yield Silence

    slot = make_slot(script, number=1, independent=True)
    slot.run()
    assert Execution.objects.queued().count() == 3
    trial = search.trials.get()
    assert (trial.status, trial.lost_attempts) == (Status.RUNNING, 0)
    assert (trial.epochs_done, trial.epochs.count()) == (0, 0)


def test_executions_of_a_stopped_search_end(spread: Any, worker: Worker) -> None:
    search = spread()
    trial = claim_next(Slot(worker, 0))
    assert isinstance(trial, Trial)
    recorder.offer_executions(trial)
    taken = assignment_for(helper(worker, search))
    stop_search(search)
    assert taken.is_cancelled()
    assignment_for(trial).stop()
    assert not Execution.objects.exists()


@pytest.mark.parametrize("reported", [EpochEnd(2, 1, 0.1, {}), EpochEnd(0, 1, 0.1, {})])
def test_a_runner_reports_its_own_execution_only(
    reported: EpochEnd, spread: Any, make_slot: Any, worker: Worker
) -> None:
    search = spread()
    recorder.offer_executions(claim_next(Slot(worker, 0)))
    Trial.objects.update(started_at=timezone.now() - timedelta(seconds=60))
    make_slot(lambda *_: iter([reported]), number=1, independent=True).run()
    assert search.trials.get().failure_code == "bad_event"


@pytest.mark.parametrize("broken", [{"score": None}, {"other": 0.5}])
def test_folds_without_a_score_fail_their_trial(broken: Any, spread: Any, make_slot: Any) -> None:
    def script(order: SearchOrder, trial: TrialOrder) -> Iterator[Step]:
        yield EpochEnd(trial.execution or 0, 1, 9.0, {"score": 0.5})
        yield TrialEnd(broken if trial.execution == 1 else {"score": 0.5}, 0)

    search = spread(
        model_kind=ModelKind.SKLEARN, folds=3, objective="score", epochs=1, max_trials=2,
        executions_per_trial=1,
    )  # fmt: skip
    slot = make_slot(script, independent=True)
    slot.run()
    assert orders(slot) == [None, 0, 1, 2]
    assert search.trials.get(number=2).failure_code == "nan_score"
