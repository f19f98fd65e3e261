"""How many trials a worker trains at once, and on what."""

from types import SimpleNamespace
from typing import Any

import pytest

from tuning.supervisor import slots

GB = 1024**3


@pytest.fixture
def machine(monkeypatch: Any) -> Any:
    """A function that makes this a machine with so many GPUs, cores and bytes of memory."""

    def make(gpus: int = 0, cores: int = 2, memory: int = 8 * GB) -> None:
        monkeypatch.setattr(slots, "gpus", lambda: tuple(map(str, range(gpus))))
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


def test_slots_share_gpus_in_turn(machine: Any, settings: Any) -> None:
    machine(gpus=2, cores=16, memory=64 * GB)
    assert [slots.device(slot).gpu for slot in range(slots.slot_count())] == ["0", "1"]
    settings.SLOTS_PER_GPU = 3
    found = [slots.device(slot).gpu for slot in range(slots.slot_count())]
    assert found == ["0", "1", "0", "1", "0", "1"]
    assert slots.memory_limit() == int(64 * GB * 0.9 / 6)


def test_the_setting_decides(machine: Any, settings: Any) -> None:
    machine(gpus=1, cores=4)
    settings.SLOTS = 5
    assert slots.slot_count() == 5
