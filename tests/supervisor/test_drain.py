"""Workers that are paused, drained, stopped or of another version take no new work, and what runs
is not harmed."""

import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from tuning.actions.releases import note_release
from tuning.analysis.slots import slots
from tuning.models import Release, Search, Trial, Worker
from tuning.models.workers import Requested
from tuning.protocol import release
from tuning.protocol.orders import SearchOrder, TrialOrder
from tuning.protocol.statuses import Status
from tuning.supervisor import schedule
from tuning.supervisor import worker as worker_module
from tuning.supervisor.claims import Slot, claim_next
from tuning.supervisor.isolation import Layer
from tuning.supervisor.pool import RunnerPool
from tuning.supervisor.slots import SlotNumbers
from tuning.supervisor.worker import WorkerProcess

from .fake_runner import FakeRunner, Silence, Step, good_trial

pytestmark = pytest.mark.django_db
OLD = {"worker_protocol": 3, "oldest_worker_protocol": 2}


@pytest.fixture
def make_process(monkeypatch: Any, worker: Worker, settings: Any) -> Any:
    """A function: a worker process at work in this thread, whose runners follow a script."""
    monkeypatch.setattr(worker_module, "probe", lambda: [Layer(0, "own process", True, "")])
    monkeypatch.setattr(worker_module, "send_hints", lambda _: True)
    monkeypatch.setattr(worker_module, "lacks_migrations", lambda: False)
    monkeypatch.setattr(worker_module.slots, "slot_count", lambda: 2)
    worker.isolation = [{"level": 0, "active": True}]
    worker.save()

    def make(script: Any = good_trial, drain_seconds: float = 0) -> WorkerProcess:
        settings.DRAIN_SECONDS = drain_seconds
        process = WorkerProcess()
        process.pool = RunnerPool(lambda device: FakeRunner(device, script))
        process.row, process.numbers = worker, SlotNumbers(2)
        return process

    return make


def tick(process: WorkerProcess) -> None:
    assert process.row is not None
    process._beat(process.row)
    process._obey(process.row)


def asked_in_between(ask: Any, then_ends: bool = True) -> Any:
    """A script: in the middle of each trial something is asked of its worker."""

    def script(search: SearchOrder, order: TrialOrder) -> Iterator[Step]:
        first, *rest = good_trial(search, order)
        yield first
        yield ask
        if then_ends:
            yield from rest
        while not then_ends:
            yield Silence

    return script


def test_a_worker_that_is_asked_to_stop_lets_its_trial_end_and_claims_no_other(
    make_process: Any, make_search: Any
) -> None:
    search = make_search(max_trials=3)
    process = make_process(asked_in_between(lambda: process.stop()), drain_seconds=600)
    assert process.work() == 1
    process.close()
    assert search.trials.completed().count() == search.trials.count() == 1
    assert process.work() == 0
    assert not process._grace.is_alive() or process._grace.finished.is_set()


def test_after_the_grace_time_the_trial_is_given_back_unharmed(
    make_process: Any, make_search: Any
) -> None:
    search = make_search(max_trials=3)
    script = asked_in_between(lambda: process.stop(), then_ends=False)
    process = make_process(script, drain_seconds=0.05)
    process.work()
    trial = search.trials.get()
    assert (trial.status, trial.attempt, trial.lost_attempts) == (Status.QUEUED, 1, 0)
    assert trial.attempts.get().outcome == "The worker shut down. Will run again."


@pytest.mark.parametrize("requested", [Requested.PAUSE, Requested.DRAIN])
def test_a_request_in_the_database_holds_from_the_next_heartbeat_on(
    make_process: Any, make_search: Any, monkeypatch: Any, requested: Requested
) -> None:
    search = make_search(max_trials=3)
    ended: list[int] = []
    monkeypatch.setattr(os, "kill", lambda _, number: ended.append(number))

    def ask() -> None:
        Worker.objects.update(requested=requested)
        tick(process)

    process = make_process(asked_in_between(ask))
    assert process.work() == 1, "what runs goes on to its end, and nothing follows"
    assert search.trials.completed().count() == search.trials.count() == 1
    assert process.work() == 0
    assert ended == [], "not while something runs"
    tick(process)
    assert ended == ([signal.SIGTERM] if requested == Requested.DRAIN else [])
    Worker.objects.update(requested=Requested.NOTHING)
    tick(process)
    process.pool = RunnerPool(lambda device: FakeRunner(device))
    assert process.work() == 2
    assert search.trials.completed().count() == 3


def test_slots_of_a_paused_worker_are_not_free(make_search: Any, worker: Worker) -> None:
    make_search(max_trials=9, parallel_trials=9)
    other = Worker.objects.create(
        name="other", slots=3, started_at=worker.started_at, seen_at=worker.seen_at
    )
    assert isinstance(claim_next(Slot(worker, 0)), Trial)
    assert isinstance(claim_next(Slot(other, 0)), Trial)
    assert slots().free == 1 + 2
    Worker.objects.filter(pk=worker.pk).update(requested=Requested.PAUSE)
    assert slots().free == schedule.claimable().total == 2


def test_a_pause_outlives_a_process_and_a_drain_does_not(worker: Worker, make_process: Any) -> None:
    for requested, kept in ((Requested.PAUSE, "pause"), (Requested.DRAIN, "")):
        Worker.objects.update(requested=requested)
        row = worker_module.register(worker.name, 2, [Layer(0, "own process", True, "")])
        row.refresh_from_db()
        assert row.requested == kept


@pytest.mark.parametrize(
    ("protocol", "said"),
    [
        (1, "This worker is too old for the database (protocol 1, at least 2 is needed)."),
        (2, ""),
        (3, ""),
        (4, "This worker is newer than the database (protocol 4, the database has 3)."),
    ],
)
def test_only_workers_of_a_version_that_the_database_knows_take_work(
    make_process: Any, make_search: Any, monkeypatch: Any, protocol: int, said: str
) -> None:
    search: Search = make_search(max_trials=2)
    Release.objects.update(**OLD)
    monkeypatch.setattr(release, "WORKER_PROTOCOL", protocol)
    process = make_process()
    process.row = None
    process._register("rolled-out")
    row = Worker.objects.get(name="rolled-out")
    assert row.refusal.startswith(said)
    assert bool(row.refusal) == bool(said)
    assert process.work() == (0 if said else 2)
    assert row.versions["tuneroom"] == release.build()
    # The site is updated, or it turns out that the old one was right.
    Release.objects.update(worker_protocol=protocol, oldest_worker_protocol=protocol)
    tick(process)
    process.work()
    row.refresh_from_db()
    assert row.refusal == ""
    assert search.trials.completed().count() == 2


def test_a_worker_waits_for_migrations_that_its_version_needs(
    make_process: Any, monkeypatch: Any, caplog: Any
) -> None:
    missing = [True, True]
    monkeypatch.setattr(worker_module, "lacks_migrations", lambda: bool(missing and missing.pop()))
    process = make_process()
    process.row = None
    for _ in range(2):
        process._register("early")
        assert process.row is None
    assert caplog.text.count("Update the site first") == 1
    process._register("early")
    assert Worker.objects.get(name="early").refusal == ""


def test_an_older_version_does_not_take_back_what_a_newer_one_wrote(monkeypatch: Any) -> None:
    assert Release.objects.get().worker_protocol == release.WORKER_PROTOCOL
    monkeypatch.setattr(release, "WORKER_PROTOCOL", 7)
    note_release("default")
    assert Release.objects.get().worker_protocol == 7
    monkeypatch.undo()
    note_release("default")
    assert Release.objects.get().worker_protocol == 7
