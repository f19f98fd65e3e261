"""Spare runners: enough of them, one after the other, for whom somebody waits."""

from collections.abc import Callable
from threading import Event, Thread
from typing import Any

import pytest

from tests.services import PATIENCE
from tuning.protocol.events import Ready
from tuning.supervisor import gpus, slots
from tuning.supervisor import pool as pool_module
from tuning.supervisor.gpus import Gpu
from tuning.supervisor.launch import Device
from tuning.supervisor.pool import RunnerPool

from .fake_runner import FakeRunner, Silence

CPU = Device()
GPUS = [Device(Gpu(0)), Device(Gpu(1))]


@pytest.fixture
def started() -> list[FakeRunner]:
    return []


@pytest.fixture
def clock(monkeypatch: Any) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(pool_module.time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def start(started: list[FakeRunner]) -> Callable[[Device], FakeRunner]:
    """A function that starts a runner which is ready when it is asked for the second time."""

    def start(device: Device) -> FakeRunner:
        runner = FakeRunner(device)
        runner._steps = [iter([Silence, Ready()])]
        started.append(runner)
        return runner

    return start


@pytest.fixture
def pool(start: Callable[[Device], FakeRunner], clock: list[float]) -> RunnerPool:
    return RunnerPool(start)


def fill(pool: RunnerPool, devices: list[Device], passes: int = 9) -> None:
    for _ in range(passes):
        pool.keep(devices, idle=True)


def test_spares_are_started_one_after_the_other(
    pool: RunnerPool, started: list[FakeRunner]
) -> None:
    pool.keep([CPU, CPU], idle=True)
    pool.keep([CPU, CPU], idle=True)
    assert len(started) == 1, "it has yet to be ready"
    fill(pool, [CPU, CPU])
    assert len(started) == 2


def test_two_slots_and_the_next_search_find_one_each(
    pool: RunnerPool, started: list[FakeRunner]
) -> None:
    fill(pool, [CPU] * 3)
    assert [pool.take(CPU) for _ in range(3)] == started
    assert len(started) == 3


def test_a_dead_spare_that_takes_long_to_remove_keeps_nobody_waiting(
    pool: RunnerPool, started: list[FakeRunner], monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(pool, [CPU, CPU])
    dead, alive = started
    removing, may_end, in_time = Event(), Event(), []

    def kill() -> None:
        removing.set()
        in_time.append(may_end.wait(PATIENCE))

    monkeypatch.setattr(dead, "kill", kill)
    dead.ended = True
    other_slot = Thread(target=pool.check)
    other_slot.start()
    assert removing.wait(PATIENCE)
    assert pool.take(CPU) is alive
    may_end.set()
    other_slot.join()
    assert in_time == [True], "the spare was there only after the dead one was removed"


def test_what_begins_has_the_processor_for_itself(
    pool: RunnerPool, started: list[FakeRunner], clock: list[float]
) -> None:
    fill(pool, [CPU])
    pool.take(CPU)
    pool.keep([CPU], idle=False)
    assert len(started) == 1
    clock[0] += pool.SPARE_AFTER
    pool.keep([CPU], idle=False)
    assert len(started) == 2


def test_what_takes_no_processor_is_there_at_once(started: list[FakeRunner], start: Any) -> None:
    pool = RunnerPool(start, is_quick=CPU.__eq__)
    fill(pool, [CPU])
    pool.take(CPU)
    pool.keep([GPUS[0], CPU], idle=False)
    assert [runner.device for runner in started] == [CPU, CPU]


def test_a_spare_waits_for_its_own_device(pool: RunnerPool, started: list[FakeRunner]) -> None:
    fill(pool, GPUS)
    second, first = pool.take(GPUS[1]), pool.take(GPUS[0])
    assert [first.device, second.device] == GPUS
    assert len(started) == 2


def test_what_nobody_waits_for_takes_no_spare(pool: RunnerPool, started: list[FakeRunner]) -> None:
    fill(pool, [CPU])
    assert pool.take_new(CPU) is not started[0]
    assert pool.take(CPU) is started[0]


def test_a_spare_is_started_beside_what_nobody_waits_for(
    pool: RunnerPool, started: list[FakeRunner]
) -> None:
    """On a new installation the only slot goes from the first inspection to set-up's others."""
    fill(pool, [CPU])
    pool.take(CPU)
    pool.take_new(CPU)
    pool.keep([CPU], idle=False)
    assert len(started) == 3


def test_spares_are_for_free_slots_and_one_more(settings: Any, monkeypatch: Any) -> None:
    settings.SLOTS = 2
    monkeypatch.setattr(gpus, "find", lambda: gpus.Found((Gpu(0), Gpu(1))))
    settings.SPARE_RUNNERS = 9
    devices = [[d.gpu.index for d in slots.spare_devices(free)] for free in ([0, 1], [1], [])]
    assert devices == [[0, 1, 0], [1, 0], [0]]
    settings.SPARE_RUNNERS = 0
    assert slots.spare_devices([0, 1]) == []


def test_spares_take_a_tenth_of_the_memory(settings: Any, monkeypatch: Any) -> None:
    settings.SPARE_RUNNERS = -1

    class Memory:
        total = 8 * 2**30

    monkeypatch.setattr(slots.psutil, "virtual_memory", lambda: Memory)
    # Forks of one process share what the imports take.
    assert slots.spare_count() > 20
    monkeypatch.setattr(gpus, "find", lambda: gpus.Found((Gpu(0),)))
    assert slots.spare_count() == 2
    Memory.total = 2**30
    assert slots.spare_count() == 1


def test_spares_wait_for_what_they_are_forks_of(started: list[FakeRunner], start: Any) -> None:
    """One started now would import everything itself; another device's has nothing to wait for."""
    prepared = {GPUS[0]}
    pool = RunnerPool(start, is_prepared=prepared.__contains__)
    fill(pool, [CPU, GPUS[0]])
    assert [runner.device for runner in started] == [GPUS[0]]
    prepared.add(CPU)
    fill(pool, [CPU, GPUS[0]])
    assert [runner.device for runner in started] == [GPUS[0], CPU]
