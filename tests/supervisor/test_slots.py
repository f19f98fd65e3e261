"""A slot outlives what happens to its work, its runners and its database."""

import hashlib
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import OperationalError

from tuning.models import Trial
from tuning.protocol.events import TrialEnd
from tuning.protocol.orders import SearchOrder, TrialOrder
from tuning.protocol.statuses import Status
from tuning.recording import recorder
from tuning.supervisor import supervise
from tuning.supervisor.assignments.base import BEAT
from tuning.supervisor.assignments.trial import TrialAssignment

from .fake_runner import Death, FakeRunner, Silence, Step, good_trial

pytestmark = pytest.mark.django_db


def test_work_is_given_back_when_no_process_starts(
    make_search: Any, make_slot: Any, monkeypatch: Any
) -> None:
    search = make_search(max_trials=1)

    def refuse(_: Any) -> None:
        raise OSError("no space left on device")

    for losses in (1, 2, 3, 4, 5):
        slot = make_slot()
        monkeypatch.setattr(slot.pool, "_start", refuse)
        with pytest.raises(OSError, match="no space"):
            slot.run()
        trial = search.trials.get()
        assert trial.lost_attempts == losses
        assert trial.status == (Status.FAILED if losses == 5 else Status.QUEUED)
    assert "stopped responding 5 times" in trial.failure_message
    assert "no space left" in trial.failure_message


@pytest.mark.parametrize("error", [OSError("disk full"), RuntimeError("a mistake of ours")])
def test_what_goes_wrong_in_the_supervisor_is_no_fault_of_the_trial(
    error: Exception, make_search: Any, make_slot: Any, monkeypatch: Any
) -> None:
    search = make_search(max_trials=2)
    real, errors = recorder.complete_trial, [error]

    def fail_once(*args: Any) -> None:
        if errors:
            raise errors.pop()
        real(*args)

    monkeypatch.setattr(recorder, "complete_trial", fail_once)
    make_slot().run()
    trial = search.trials.get(number=1)
    assert (trial.status, trial.lost_attempts, trial.code_failures) == (Status.COMPLETED, 1, 0)
    assert search.trials.completed().count() == 2


def test_a_slot_goes_on_when_not_even_the_failure_can_be_written(
    make_search: Any, make_slot: Any, monkeypatch: Any
) -> None:
    search = make_search(max_trials=2)
    real = recorder.complete_trial

    def broken(trial: Trial, *args: Any) -> None:
        if trial.number == 1:
            raise RuntimeError("a mistake of ours")
        real(trial, *args)

    monkeypatch.setattr(recorder, "complete_trial", broken)
    monkeypatch.setattr(recorder, "fail_trial", broken)
    make_slot().run()
    assert [trial.status for trial in search.trials.all()] == [Status.RUNNING, Status.COMPLETED]


def test_a_runner_that_died_between_trials_costs_none(make_search: Any, make_slot: Any) -> None:
    search = make_search(max_trials=3)

    def script(order: SearchOrder, trial: TrialOrder) -> Iterator[Step]:
        yield from good_trial(order, trial)
        if trial.trial_id == "baseline":
            yield Death()

    slot = make_slot(script)
    slot.run()
    assert len(slot.started) == 2
    assert [t.status for t in search.trials.all()] == [Status.COMPLETED] * 3
    assert [t.attempt for t in search.trials.all()] == [1, 1, 1]


def test_a_runner_that_dies_before_its_first_trial_fails_it(
    make_search: Any, make_slot: Any, monkeypatch: Any
) -> None:
    """The template kills it as it is loaded: a second one would fare the same."""
    search = make_search(max_trials=3, max_consecutive_failures=2)

    def dies(runner: FakeRunner, order: Any) -> None:
        runner.orders.append(order)
        runner._steps.append(iter([Death()]))

    monkeypatch.setattr(FakeRunner, "send", dies)
    make_slot().run()
    assert [t.failure_code for t in search.trials.all()] == ["killed", "killed"]


def test_the_time_limit_begins_with_the_trial(
    make_search: Any, make_slot: Any, monkeypatch: Any
) -> None:
    """The imports and the data of a new runner are not the first trial's."""
    search = make_search(max_trials=1, time_limit=100, stall_limit=1000)
    clock = [0.0]
    monkeypatch.setattr(supervise.time, "monotonic", lambda: clock[0])

    def later(seconds: float) -> None:
        clock[0] += seconds

    real = FakeRunner.send

    def send(runner: FakeRunner, order: Any) -> None:
        if isinstance(order, SearchOrder):
            later(90)
        real(runner, order)

    monkeypatch.setattr(FakeRunner, "send", send)

    def script(order: SearchOrder, trial: TrialOrder) -> Iterator[Step]:
        yield lambda: later(90)
        yield from good_trial(order, trial)

    make_slot(script).run()
    assert search.trials.get().status == Status.COMPLETED


def test_a_released_trial_is_released_although_the_database_blinks(
    make_search: Any, make_slot: Any, monkeypatch: Any
) -> None:
    search = make_search(max_trials=1)
    real, blinks = recorder.release_trial, [True, True]

    def flaky(*args: Any) -> None:
        if blinks:
            blinks.pop()
            raise OperationalError("server closed the connection")
        real(*args)

    monkeypatch.setattr(recorder, "release_trial", flaky)
    monkeypatch.setattr("tuning.supervisor.supervise.connection.close", lambda: None)
    pauses: list[float] = []
    monkeypatch.setattr(supervise.time, "sleep", pauses.append)
    slot = make_slot(lambda *_: iter([slot.stopping.set, Silence, Silence]))
    slot.run()
    trial = search.trials.get()
    assert (trial.status, trial.lost_attempts) == (Status.QUEUED, 0)
    assert len(pauses) == 2, "it does not spin while the worker shuts down"


@pytest.mark.parametrize(("seconds", "times"), [(0, 0), (BEAT, 1)])
def test_a_lease_that_is_old_at_the_start_is_renewed_at_once(
    seconds: float, times: int, make_search: Any, make_slot: Any, monkeypatch: Any
) -> None:
    """Between the claim and the supervision, the end of another runner may have taken long."""
    make_search(max_trials=1)
    started = TrialAssignment.start

    def start(assignment: TrialAssignment, runner: Any) -> None:
        assignment.renewed_at -= seconds
        started(assignment, runner)

    monkeypatch.setattr(TrialAssignment, "start", start)
    renewed: list[int] = []
    real = type(Trial.objects.all()).renew

    def renew(rows: Any, pk: int, attempt: int) -> bool:
        renewed.append(pk)
        return bool(real(rows, pk, attempt))

    monkeypatch.setattr(type(Trial.objects.all()), "renew", renew)
    make_slot(lambda *_: iter([TrialEnd({"val_accuracy": 0.5}, 0)])).run()
    assert len(renewed) == times


def test_copying_a_large_file_keeps_the_lease(
    make_search: Any, make_slot: Any, alice: Any, monkeypatch: Any
) -> None:
    from tuning.actions.saved_models import retrain
    from tuning.models import SavedModel

    search = make_search(max_trials=1)
    make_slot().run()
    saved = retrain(alice, search.trials.get())
    ends = []
    real, clock = time.monotonic, [0.0]
    monkeypatch.setattr("tuning.supervisor.files.CHUNK", 1)
    monkeypatch.setattr(
        "tuning.supervisor.assignments.base.time.monotonic", lambda: real() + clock[0]
    )

    rows = type(SavedModel.objects.all())
    renew = rows.renew
    monkeypatch.setattr(rows, "renew", lambda self, *args: ends.append(args) or renew(self, *args))
    digest = hashlib.sha256

    def slow(*args: Any) -> Any:
        clock[0] += 11
        return digest(*args)

    monkeypatch.setattr("tuning.supervisor.files.hashlib.sha256", slow)
    make_slot().run()
    saved.refresh_from_db()
    assert saved.status == Status.COMPLETED
    assert len(ends) == 1, "while the file was copied"
