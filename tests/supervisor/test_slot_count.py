"""How many trials a worker trains at once, and on what."""

from types import SimpleNamespace
from typing import Any

import pytest

from tuning.analysis.slots import Slots
from tuning.supervisor import slots
from tuning.supervisor.gpus import Found, Gpu
from tuning.supervisor.slots import SlotNumbers

GB = 1024**3


@pytest.fixture
def machine(monkeypatch: Any) -> Any:
    """A function that makes this a machine with so many GPUs, cores and bytes of memory."""

    def make(gpus: int = 0, cores: int = 2, memory: int = 8 * GB) -> None:
        found = Found(tuple(map(Gpu, range(gpus))))
        monkeypatch.setattr("tuning.supervisor.gpus.find", lambda: found)
        monkeypatch.setattr(slots, "cores", lambda: cores)
        memory_of_machine = SimpleNamespace(total=memory)
        monkeypatch.setattr(slots.psutil, "virtual_memory", lambda: memory_of_machine)

    return make


@pytest.mark.parametrize(
    ("cores", "memory", "count", "threads"),
    [(1, 4, 1, 1), (2, 4, 2, 1), (8, 16, 4, 2), (16, 64, 8, 2), (16, 256, 16, 1)],
)
def test_each_core_is_a_slot_as_far_as_there_is_memory(
    machine: Any, cores: int, memory: int, count: int, threads: int
) -> None:
    machine(cores=cores, memory=memory * GB)
    assert slots.slot_count() == count
    assert slots.device(0).threads == threads


def indices() -> list[int | None]:
    """The GPU of each slot."""
    found = [slots.device(slot).gpu for slot in range(slots.slot_count())]
    return [gpu.index if gpu else None for gpu in found]


def test_slots_share_gpus_in_turn(machine: Any, settings: Any) -> None:
    machine(gpus=2, cores=16, memory=64 * GB)
    assert indices() == [0, 1]
    settings.SLOTS_PER_GPU = 3
    assert indices() == [0, 1, 0, 1, 0, 1]
    assert slots.memory_limit() == int(64 * GB * 0.9 / 6)


def test_a_machine_with_gpus_may_have_slots_without(machine: Any, settings: Any) -> None:
    settings.CPU_SLOTS = 2
    machine(gpus=1, cores=16, memory=64 * GB)
    assert (indices(), slots.gpu_slots()) == ([0, None, None], 1)
    assert str(slots.device(2)) == "CPU, 5 threads"
    settings.SLOTS = 5
    assert (indices(), slots.gpu_slots()) == ([0, 0, 0, None, None], 3)
    machine(gpus=0, cores=16, memory=64 * GB)
    assert (indices(), slots.gpu_slots()) == ([None] * 5, 0)


def test_the_setting_decides(machine: Any, settings: Any) -> None:
    machine(gpus=1, cores=4)
    settings.SLOTS = 5
    assert slots.slot_count() == 5


def test_other_work_leaves_gpus_free_while_it_can() -> None:
    numbers = SlotNumbers(4, on_gpu=2)
    assert [numbers.take() for _ in range(3)] == [2, 3, 0]
    assert numbers.as_slots == Slots(total=4, free=1, gpus=2, free_gpus=1)
    numbers.give_back(2)
    assert [numbers.take(for_gpu=True) for _ in range(3)] == [1, 2, None]
