"""A worker process: it gets on its feet whatever is away, and what it does now and then."""

import os
import random
import threading
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone

from tuning.analysis.slots import Demand
from tuning.models import Search, Trial, Worker
from tuning.protocol.statuses import SearchStatus, Status
from tuning.recording import recorder
from tuning.storage.locks import sweep_locks
from tuning.supervisor import folders, runners, schedule, worker_names
from tuning.supervisor import worker as worker_module
from tuning.supervisor.claims import Slot, claim_next
from tuning.supervisor.isolation import Layer
from tuning.supervisor.pool import RunnerPool
from tuning.supervisor.slots import SlotNumbers
from tuning.supervisor.worker import WorkerProcess

from .fake_runner import FakeRunner

pytestmark = pytest.mark.django_db


class Rounds:
    """In place of the flag `stopping`: no waiting, and an end after so many rounds."""

    def __init__(self, number: int) -> None:
        self.left = number

    def is_set(self) -> bool:
        return self.left <= 0

    def wait(self, _: float) -> bool:
        self.left -= 1
        return self.is_set()

    def set(self) -> None:
        self.left = 0


@pytest.fixture
def process(monkeypatch: Any) -> WorkerProcess:
    """A worker process whose watch makes three rounds and that starts fake runners."""
    monkeypatch.setattr(worker_module, "probe", lambda: [Layer(0, "own process", True, "")])
    monkeypatch.setattr(worker_module, "close_old_connections", lambda: None)
    monkeypatch.setattr(worker_module, "send_hints", lambda _: True)
    monkeypatch.setattr(worker_module, "lacks_migrations", lambda: False)
    monkeypatch.setattr(worker_module.slots, "slot_count", lambda: 2)
    process = WorkerProcess()
    process.stopping = Rounds(3)  # type: ignore[assignment]
    process.pool = RunnerPool(FakeRunner)
    return process


def test_a_database_that_is_away_at_the_start_is_waited_for(
    process: WorkerProcess, monkeypatch: Any
) -> None:
    real, away = worker_module.register, [True, True]

    def register(*args: Any) -> Worker:
        if away:
            away.pop()
            raise OperationalError("the database system is starting up")
        return real(*args)

    monkeypatch.setattr(worker_module, "register", register)
    process._watch("late")
    assert Worker.objects.get(name="late").slots == 2
    assert process.numbers.free == 2


def test_a_watch_outlives_a_spare_that_does_not_start(
    process: WorkerProcess, monkeypatch: Any
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError("no space left on device")

    seen: list[int] = []
    monkeypatch.setattr(process.pool, "keep", refuse)
    monkeypatch.setattr(process, "_pass", lambda _, tick: seen.append(tick))
    process._watch("full")
    assert seen == [1, 2]


def test_hints_that_come_before_the_worker_is_registered_cost_no_slot(
    process: WorkerProcess,
) -> None:
    process.numbers = SlotNumbers(2)
    assert process.work() == 0
    assert process.numbers.free == 2


def test_two_living_workers_never_have_one_name(settings: Any, tmp_path: Path) -> None:
    settings.LOCKS_ROOT = tmp_path
    assert worker_names.unique_name("gpu") == "gpu"
    assert worker_names.unique_name("gpu") == "gpu-2"
    sweep_locks()
    assert worker_names.unique_name("gpu") == "gpu-3"
    # Processes that end give their names back.
    for descriptor in worker_names._reserved[-3:]:
        os.close(descriptor)
    del worker_names._reserved[-3:]
    sweep_locks()
    assert not list(tmp_path.iterdir())
    assert worker_names.unique_name("gpu") == "gpu"


def test_a_worker_that_ended_is_not_shown_as_online(process: WorkerProcess) -> None:
    """Its last pass may be under way while it ends."""
    process._watch("ended")
    order: list[str] = []

    class Thread(threading.Thread):
        def join(self, timeout: float | None = None) -> None:
            Worker.objects.filter(name="ended").update(stopped_at=None)
            order.append("join")

    process._thread = Thread()
    process.close()
    assert order == ["join"]
    assert not Worker.objects.online().exists()


def test_a_worker_rings_for_its_own_slots_only(
    make_search: Any, worker: Worker, process: WorkerProcess, monkeypatch: Any
) -> None:
    """Each of many workers looks every three seconds: together they must not flood the broker."""
    sent: list[Demand] = []
    monkeypatch.setattr(worker_module, "send_hints", lambda demand: sent.append(demand) or True)
    monkeypatch.setattr(schedule, "send_hints", sent.append)
    Worker.objects.update(slots=40)
    make_search(parallel_trials=30, max_trials=50)
    schedule.dispatch()
    process.numbers = SlotNumbers(2)
    process._ring()
    assert [demand.anywhere for demand in sent] == [30, 2]


def test_without_a_broker_a_worker_works_all_the_same(
    make_search: Any, worker: Worker, process: WorkerProcess, monkeypatch: Any
) -> None:
    worked: list[str] = []
    monkeypatch.setattr(worker_module, "send_hints", lambda _: False)
    monkeypatch.setattr(process, "work", lambda _: worked.append("work"))
    process.row, process.numbers = worker, SlotNumbers(2)
    make_search(parallel_trials=5)
    process._ring()
    process.close()
    assert worked == ["work", "work"]


def test_workers_that_are_long_gone_are_forgotten(
    make_search: Any, worker: Worker, django_assert_max_num_queries: Any
) -> None:
    make_search()
    trial = claim_next(Slot(worker, 0))
    assert isinstance(trial, Trial)
    Worker.objects.update(seen_at=timezone.now() - timedelta(days=8))
    fresh = Worker.objects.create(
        name="fresh", slots=1, started_at=timezone.now(), seen_at=timezone.now()
    )
    Worker.objects.forgotten().delete()
    assert list(Worker.objects.all()) == [fresh]
    trial.refresh_from_db()
    assert trial.attempts.get().worker_name == worker.name


def test_folders_of_another_container_s_live_worker_are_left_alone(
    settings: Any, tmp_path: Path
) -> None:
    """Two containers share the data folder and know nothing of each other's process ids."""
    settings.RUNNERS_ROOT = tmp_path
    mine = runners.runners_folder()
    assert mine.parent == tmp_path
    dead = tmp_path / "worker-of-a-dead-process"
    (dead / "a runner").mkdir(parents=True)
    other = tmp_path / "something-else"
    other.mkdir()
    (mine / "a runner").mkdir()
    folders.sweep_runner_folders()
    assert (mine / "a runner").exists()
    assert other.exists()
    assert not dead.exists()


# --- Searches that would never end, rows that would stop everything ---------------------------


SMALL = {
    "space": [
        {"class_name": "Choice", "config": {
            "name": "units", "default": 8, "values": [8, 16, 32], "ordered": True,
            "conditions": []}},
    ],
    "values": {},
}  # fmt: skip


@pytest.mark.parametrize("tuner", ["grid", "hyperband", "random", "bayesian"])
def test_a_trial_stopped_while_it_waited_does_not_hold_up_an_extended_search(
    tuner: str, make_search: Any, make_slot: Any, worker: Worker
) -> None:
    """KerasTuner's oracles wait for their ongoing trials before they say that nothing is left."""
    from tuning.actions.searches import extend_search, stop_search

    space = {"space": SMALL} if tuner == "grid" else {}
    search = make_search(tuner=tuner, epochs=2, max_trials=8, parallel_trials=3, **space)
    while isinstance(trial := claim_next(Slot(worker, 0)), Trial):
        assert trial.status == Status.RUNNING
    for trial in search.trials.all():
        recorder.release_trial(trial, "The worker shut down.")
    assert stop_search(search)
    assert search.trials.filter(status=Status.STOPPED).count() >= 2
    search.refresh_from_db()
    seen = search.hyperband_iterations if tuner == "hyperband" else search.max_trials
    assert extend_search(search, 1, seen)
    make_slot().run()
    search.refresh_from_db()
    assert search.status == SearchStatus.COMPLETED


def test_a_strategy_that_fails_ends_its_own_search_only(
    make_search: Any, make_slot: Any, monkeypatch: Any
) -> None:
    from tuning.supervisor import suggestions

    poisoned, other = make_search(max_trials=3), make_search(max_trials=3)
    real = suggestions.draw

    def draw(search: Any, number: int) -> Any:
        if search.pk == poisoned.pk:
            raise ValueError("array must not contain infs or NaNs")
        return real(search, number)

    monkeypatch.setattr(suggestions, "draw", draw)
    make_slot().run()
    poisoned.refresh_from_db()
    assert poisoned.status == SearchStatus.FAILED
    assert "infs or NaNs" in poisoned.failure_message
    assert other.trials.completed().count() == 3


def test_a_suggestion_from_an_old_state_is_drawn_again(
    make_search: Any, make_slot: Any, worker: Worker, monkeypatch: Any
) -> None:
    """Between a suggestion and its trial another worker takes one from the same state."""
    from tuning.supervisor import suggestions

    search = make_search(max_trials=6, tuner="tpe", parallel_trials=6)
    real, others = suggestions.draw, []

    def draw(search: Search, number: int) -> Any:
        drawn = real(search, number)
        if not others:
            others.append(None)
            others[0] = claim_next(Slot(worker, 1))
        return drawn

    assert claim_next(Slot(worker, 0)).is_baseline
    monkeypatch.setattr("tuning.supervisor.claims._suggesting", nullcontext())
    monkeypatch.setattr(suggestions, "draw", draw)
    ours = claim_next(Slot(worker, 0))
    assert isinstance(ours, Trial)
    assert isinstance(others[0], Trial)
    assert {ours.number, others[0].number} == {2, 3}
    assert ours.values != others[0].values
    search.refresh_from_db()
    assert search.oracle_version == 2


def test_a_search_deleted_while_it_draws_holds_up_nothing(
    make_search: Any, worker: Worker, monkeypatch: Any
) -> None:
    from tuning.actions.searches import delete_search
    from tuning.supervisor import suggestions

    search, other = make_search(tuner="tpe"), make_search(tuner="tpe")
    for _ in range(2):
        assert claim_next(Slot(worker, 0)).is_baseline
    real = suggestions.draw

    def draw(drawn: Search, number: int) -> Any:
        if drawn.pk == search.pk:
            delete_search(search)
        return real(drawn, number)

    monkeypatch.setattr(suggestions, "draw", draw)
    assert claim_next(Slot(worker, 0), prefer=search.pk, firmly=True).search == other


def test_one_row_does_not_keep_others_from_being_reaped(
    make_search: Any, worker: Worker, monkeypatch: Any
) -> None:
    make_search(max_trials=3, parallel_trials=3)
    trials = [claim_next(Slot(worker, 0)) for _ in range(3)]
    Trial.objects.update(lease_expires_at=None)
    real = recorder.fail_trial

    def fail(trial: Trial, *args: Any) -> None:
        if trial.pk == trials[0].pk:  # type: ignore[union-attr]
            raise RuntimeError("a mistake of ours")
        real(trial, *args)

    monkeypatch.setattr(recorder, "fail_trial", fail)
    assert schedule.reap() == 2


def test_a_loss_in_a_search_that_was_stopped_is_no_failure(
    make_search: Any, worker: Worker
) -> None:
    from tuning.actions.searches import stop_search
    from tuning.protocol.failures import Failure, FailureCode

    search = make_search()
    trial = claim_next(Slot(worker, 0))
    assert isinstance(trial, Trial)
    stop_search(search)
    recorder.fail_trial(trial, Failure(FailureCode.WORKER_LOST, "disk full"))
    assert search.trials.get().status == Status.STOPPED


@pytest.mark.parametrize(("others", "least", "most"), [(10, 20, 20), (1000, 0, 4)])
def test_of_very_many_workers_few_look_for_work_at_once(
    process: WorkerProcess, monkeypatch: Any, others: int, least: int, most: int
) -> None:
    now = timezone.now()
    Worker.objects.bulk_create(
        Worker(name=f"other {n}", slots=1, started_at=now, seen_at=now) for n in range(others)
    )
    process._register("one of many")
    process._pass(schedule.Reaper(), 0)
    looks: list[int] = []
    monkeypatch.setattr(worker_module.random, "random", random.Random(1).random)
    monkeypatch.setattr(process, "_ring", lambda: looks.append(1))
    for tick in range(1, 21):
        process._pass(schedule.Reaper(), tick)
    assert least <= len(looks) <= most
