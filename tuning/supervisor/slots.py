"""How many trials a worker trains at once, and on what."""

import os
from collections.abc import Sequence
from threading import Lock

import psutil
from django.conf import settings

from tuning.analysis.slots import Slots

from . import gpus
from .fork_servers import fork_servers
from .launch import Device

# More than so many slots on CPUs only where each has that much memory.
FEW_SLOTS, SLOT_BYTES = 4, 8 * 1024**3
# What a spare runner takes, measured, without what it shares with others: one that did the imports
# itself, and a fork of a process that did.
SPARE_BYTES, FORK_BYTES = 300 * 1024**2, 16 * 1024**2


def cores() -> int:
    """Processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def slot_count() -> int:
    """The setting SLOTS, else SLOTS_PER_GPU for each GPU and CPU_SLOTS, else one for each core as
    far as memory allows: on CPUs, trials of one thread each give the most trials a minute."""
    if settings.SLOTS:
        return settings.SLOTS
    usable = len(gpus.find().usable)
    if usable:
        return usable * settings.SLOTS_PER_GPU + settings.CPU_SLOTS
    return min(cores(), _slots_by_memory())


def _slots_by_memory() -> int:
    return max(FEW_SLOTS, psutil.virtual_memory().total // SLOT_BYTES)


def gpu_slots() -> int:
    """How many of them, the first ones, train on a GPU."""
    return max(slot_count() - settings.CPU_SLOTS, 0) if gpus.find().usable else 0


def device(slot: int) -> Device:
    """What slot number `slot` (from 0) trains on. Slots share the GPUs in turn."""
    threads = max(1, cores() // slot_count())
    found = gpus.find().usable
    return Device(found[slot % len(found)] if slot < gpu_slots() else None, threads)


def spare_devices(free: Sequence[int]) -> list[Device]:
    """What spare runners are kept for, the most urgent first: each of the free slots, and one more
    for the search that follows when a slot has worked for another one."""
    devices = [device(slot) for slot in (*sorted(free), 0)]
    return devices[: spare_count()]


def spare_count() -> int:
    """At most so many: the setting SPARE_RUNNERS, else what a tenth of the memory holds."""
    if settings.SPARE_RUNNERS >= 0:
        return settings.SPARE_RUNNERS
    each = FORK_BYTES if fork_servers.serves(device(0)) else SPARE_BYTES
    return max(1, psutil.virtual_memory().total // 10 // each)


def memory_limit() -> int:
    """Bytes that one runner may use."""
    if settings.RUNNER_MEMORY_MB:
        return settings.RUNNER_MEMORY_MB * 1024 * 1024
    return int(psutil.virtual_memory().total * 0.9 / slot_count())


class SlotNumbers:
    """Hands out the numbers of this worker's free slots, of which the first `on_gpu` have a GPU."""

    def __init__(self, count: int, on_gpu: int = 0) -> None:
        self.count = count
        self.on_gpu = on_gpu
        self._free = set(range(count))
        self._lock = Lock()

    def take(self, for_gpu: bool = False) -> int | None:
        """`for_gpu`: for work that wants a GPU. Other work leaves GPUs free while it can."""
        with self._lock:
            first = sorted(self._free, key=lambda slot: ((slot < self.on_gpu) is not for_gpu, slot))
            if not first:
                return None
            self._free.discard(first[0])
            return first[0]

    def give_back(self, slot: int) -> None:
        with self._lock:
            self._free.add(slot)

    @property
    def free(self) -> int:
        return len(self.free_ones)

    @property
    def as_slots(self) -> Slots:
        free = self.free_ones
        on_gpu = sum(slot < self.on_gpu for slot in free)
        return Slots(self.count, len(free), self.on_gpu, on_gpu)

    @property
    def free_ones(self) -> list[int]:
        with self._lock:
            return sorted(self._free)
