"""Workers die, messages get lost, two slots want the same trial: nothing finished is lost."""

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone

from tuning.analysis.slots import Demand
from tuning.models import Epoch, SavedModel, Trial, Worker
from tuning.models.work import database_time
from tuning.protocol.events import EpochEnd, TrialEnd
from tuning.protocol.statuses import SearchStatus, Status
from tuning.recording import recorder
from tuning.recording.recorder import News
from tuning.supervisor import schedule
from tuning.supervisor.claims import Slot, claim_next
from tuning.supervisor.worker import register

from .fake_runner import Silence, Step, good_trial, model_file

pytestmark = pytest.mark.django_db


def lose(trial: Trial) -> None:
    """The worker that has this trial is gone, and its lease has run out."""
    past = timezone.now() - timedelta(seconds=1)
    Trial.objects.filter(pk=trial.pk).update(lease_expires_at=past)


def claim(worker: Worker) -> Trial:
    claimed = claim_next(Slot(worker, 0))
    assert isinstance(claimed, Trial)
    return claimed


def test_a_lost_trial_runs_again(make_search: Any, make_slot: Any, worker: Worker) -> None:
    search = make_search(max_trials=2)
    lost = claim(worker)
    lose(lost)
    assert schedule.reap() == 1
    make_slot().run()
    trial = search.trials.get(pk=lost.pk)
    assert (trial.status, trial.attempt, trial.lost_attempts) == (Status.COMPLETED, 2, 1)
    assert "stopped responding" in trial.attempts.get(number=1).outcome
    assert search.trials.completed().count() == 2


def test_a_live_lease_is_left_alone(make_search: Any, worker: Worker) -> None:
    make_search()
    claim(worker)
    assert schedule.reap() == 0


def test_a_missing_lease_counts_as_expired(make_search: Any, worker: Worker) -> None:
    make_search()
    trial = claim(worker)
    Trial.objects.filter(pk=trial.pk).update(lease_expires_at=None)
    assert schedule.reap() == 1


def test_a_trial_that_was_lost_five_times_fails(make_search: Any, worker: Worker) -> None:
    search = make_search(max_trials=1)
    for _ in range(5):
        lose(claim(worker))
        schedule.reap()
    trial = search.trials.get()
    assert (trial.status, trial.failure_code) == (Status.FAILED, "worker_lost")
    assert trial.attempts.count() == 5


def test_a_late_writer_is_fenced(make_search: Any, worker: Worker) -> None:
    search = make_search(max_trials=2)
    late = claim(worker)
    lose(late)
    schedule.reap()
    winner = claim(worker)
    assert winner.pk == late.pk
    with pytest.raises(recorder.LeaseLost):
        recorder.record_news(late, News([EpochEnd(0, 1, 0.1, {"val_accuracy": 0.9})], 1))
    with pytest.raises(recorder.LeaseLost):
        recorder.complete_trial(late, {"val_accuracy": 0.9}, 0)
    assert not Epoch.objects.exists()
    recorder.complete_trial(winner, {"val_accuracy": 0.5}, 0)
    assert search.trials.get(pk=late.pk).score == 0.5
    with pytest.raises(recorder.LeaseLost):
        recorder.complete_trial(winner, {"val_accuracy": 0.7}, 0)


def test_a_doubled_epoch_event_makes_one_row(make_search: Any, worker: Worker) -> None:
    make_search()
    trial = claim(worker)
    epoch = EpochEnd(0, 1, 0.1, {"val_accuracy": 0.9})
    recorder.record_news(trial, News([epoch, epoch], 1))
    recorder.record_news(trial, News([epoch], 1))
    assert trial.epochs.count() == 1


def test_an_oracle_s_trial_is_never_handed_out_twice(make_search: Any, worker: Worker) -> None:
    make_search(max_trials=5, parallel_trials=5)
    claimed = [claim(worker) for _ in range(5)]
    assert claim_next(Slot(worker, 0)) is None
    assert len({trial.pk for trial in claimed}) == 5
    assert len({str(trial.values) for trial in claimed}) == 5


def test_a_restarted_worker_gives_its_old_trials_back(make_search: Any, worker: Worker) -> None:
    make_search()
    trial = claim(worker)
    register(worker.name, 2, layers=[])
    trial.refresh_from_db()
    assert trial.status == Status.QUEUED


def test_a_worker_that_shuts_down_gives_its_trial_back(make_search: Any, make_slot: Any) -> None:
    search = make_search(max_trials=1)
    stopping: list[threading.Event] = []

    def script(*_: Any) -> Iterator[Step]:
        yield lambda: stopping[0].set()
        while True:
            yield Silence

    slot = make_slot(script)
    stopping.append(slot.stopping)
    slot.run()
    trial = search.trials.get()
    assert (trial.status, trial.lost_attempts, trial.code_failures) == (Status.QUEUED, 0, 0)
    make_slot().run()
    assert search.trials.get().status == Status.COMPLETED


def test_a_stopped_search_ends_its_trials(
    make_search: Any, make_slot: Any, monkeypatch: Any
) -> None:
    from tuning.actions.searches import stop_search

    monkeypatch.setattr("tuning.supervisor.supervise.CANCEL_CHECK_EVERY", 0)
    search = make_search(max_trials=9)
    presses = []

    def script(order: Any, trial: Any) -> Iterator[Step]:
        if trial.trial_id == "baseline":
            yield from good_trial(order, trial)
            return
        yield lambda: presses.extend([stop_search(search), stop_search(search)])
        while True:
            yield Silence

    make_slot(script).run()
    search.refresh_from_db()
    assert presses == [True, False], "the second press does nothing"
    assert search.status == SearchStatus.STOPPED
    assert [trial.status for trial in search.trials.all()] == ["completed", "stopped"]


def test_a_lost_trial_of_a_stopped_search_is_stopped(make_search: Any, worker: Worker) -> None:
    from tuning.actions.searches import stop_search

    search = make_search()
    lose(claim(worker))
    stop_search(search)
    schedule.reap()
    assert search.trials.get().status == Status.STOPPED


def test_a_paused_search_finishes_what_runs_and_starts_nothing(
    make_search: Any, make_slot: Any
) -> None:
    from tuning.actions.searches import pause_search, resume_search

    search = make_search(max_trials=3)

    def script(order: Any, trial: Any) -> Iterator[Step]:
        if trial.trial_id == "baseline":
            yield lambda: pause_search(search)  # type: ignore[func-returns-value]
        yield from good_trial(order, trial)

    make_slot(script).run()
    assert [trial.status for trial in search.trials.all()] == ["completed"]
    assert not pause_search(search)
    assert resume_search(search)
    assert not resume_search(search)
    make_slot().run()
    assert search.trials.completed().count() == 3


def test_a_database_that_is_away_for_a_moment_costs_nothing(
    make_search: Any, make_slot: Any, monkeypatch: Any
) -> None:
    search = make_search(max_trials=1)
    real, failures = recorder.complete_trial, iter([True, True, False])

    def flaky(*args: Any) -> None:
        if next(failures):
            raise OperationalError("server closed the connection")
        real(*args)

    monkeypatch.setattr(recorder, "complete_trial", flaky)
    monkeypatch.setattr("tuning.supervisor.supervise.connection.close", lambda: None)
    slot = make_slot()
    monkeypatch.setattr(slot.stopping, "wait", lambda _: None)
    slot.run()
    assert search.trials.get().status == Status.COMPLETED


def test_the_reaper_skips_a_pass_when_the_clock_jumps(
    make_search: Any, worker: Worker, monkeypatch: Any
) -> None:
    make_search()
    reaper = schedule.Reaper()
    assert reaper.reap() == 0
    lose(claim(worker))
    real = schedule.database_time
    monkeypatch.setattr(schedule, "database_time", lambda: real() + 3600)
    assert reaper.reap() == 0
    assert reaper.reap() == 1


def test_a_lease_from_before_the_clock_was_moved_back_is_none(
    make_search: Any, worker: Worker
) -> None:
    make_search()
    trial = claim(worker)
    in_an_hour = timezone.now() + timedelta(hours=1)
    Trial.objects.filter(pk=trial.pk).update(lease_expires_at=in_an_hour)
    assert schedule.reap() == 1
    assert Trial.objects.get(pk=trial.pk).lost_attempts == 1


def test_the_clock_of_leases_is_the_databases(db: None) -> None:
    assert abs(database_time() - time.time()) < 5


def test_hints_are_sent_for_free_slots_only(
    make_search: Any, worker: Worker, monkeypatch: Any
) -> None:
    sent: list[Demand] = []
    monkeypatch.setattr(schedule, "send_hints", sent.append)
    schedule.dispatch()
    make_search(parallel_trials=5)
    schedule.dispatch()
    claim(worker)
    schedule.dispatch()
    assert sent == [Demand(anywhere=times) for times in (0, 2, 1)]


def test_a_broker_that_is_away_is_logged_and_swallowed(
    make_search: Any, monkeypatch: Any, caplog: Any, django_capture_on_commit_callbacks: Any
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise ConnectionError("no broker")

    monkeypatch.setattr("tuning.actions.dispatch.current_app.send_task", refuse)
    with django_capture_on_commit_callbacks(execute=True):
        search = make_search()
    assert search.pk
    assert "no broker" in caplog.text


def test_retraining_ends_in_a_file_and_a_row(
    make_search: Any, make_slot: Any, alice: Any, settings: Any
) -> None:
    from tuning.actions.saved_models import retrain

    search = make_search(max_trials=1)
    make_slot().run()
    trial = search.trials.get()
    saved = retrain(alice, trial)
    assert retrain(alice, trial).pk == saved.pk, "the second press makes no second model"
    make_slot().run()
    saved.refresh_from_db()
    assert saved.status == Status.COMPLETED
    assert saved.epochs == trial.best_epoch == 3
    assert saved.history.count() == 3
    path = settings.SAVED_MODELS_ROOT / saved.file
    assert path.read_bytes() == model_file("keras")
    assert saved.size == len(model_file("keras"))
    assert list(path.parent.glob("*.part")) == []


def test_a_stopped_retraining_leaves_no_file(
    make_search: Any, make_slot: Any, alice: Any, monkeypatch: Any
) -> None:
    from tuning.actions.saved_models import retrain, stop_retraining

    monkeypatch.setattr("tuning.supervisor.supervise.CANCEL_CHECK_EVERY", 0)
    search = make_search(max_trials=1)
    make_slot().run()
    saved = retrain(alice, search.trials.get())
    assert stop_retraining(saved)
    assert not stop_retraining(saved)
    make_slot().run()
    row = SavedModel.objects.get()
    assert (row.status, row.file) == (Status.STOPPED, "")


def test_a_trial_end_without_the_objective_fails(make_search: Any, make_slot: Any) -> None:
    search = make_search(max_trials=1)
    make_slot(lambda *_: iter([TrialEnd({"loss": 0.1}, 0)])).run()
    assert search.trials.get().failure_code == "nan_score"
