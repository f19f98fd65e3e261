"""How many trials a worker trains at once, and on what."""

import os
import subprocess
from collections.abc import Sequence
from functools import cache
from threading import Lock

import psutil
from django.conf import settings

from .launch import Device

# More than so many slots on CPUs only where each has that much memory.
CPU_SLOTS, CPU_SLOT_BYTES = 4, 8 * 1024**3
# What a runner past its imports takes, measured, without what it shares with others.
SPARE_BYTES = 300 * 1024 * 1024


@cache
def gpus() -> tuple[str, ...]:
    """Indices of this machine's NVIDIA GPUs, found without loading TensorFlow."""
    try:
        listing = subprocess.run(
            ["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"],  # noqa: S607
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ()
    return tuple(listing.stdout.split())


def cores() -> int:
    """Processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def slot_count() -> int:
    """The setting SLOTS, else SLOTS_PER_GPU for each GPU, else one for each core as far as memory
    allows: on CPUs, trials of one thread each give the most trials a minute."""
    return settings.SLOTS or len(gpus()) * settings.SLOTS_PER_GPU or min(cores(), _cpu_slots())


def _cpu_slots() -> int:
    return max(CPU_SLOTS, psutil.virtual_memory().total // CPU_SLOT_BYTES)


def device(slot: int) -> Device:
    """What slot number `slot` (from 0) trains on. Slots beyond the GPUs share them in turn."""
    threads = max(1, cores() // slot_count())
    found = gpus()
    return Device(gpu=found[slot % len(found)] if found else "", threads=threads)


def spare_devices(free: Sequence[int]) -> list[Device]:
    """What spare runners are kept for, the most urgent first: each of the free slots, and one more
    for the search that follows when a slot has worked for another one."""
    devices = [device(slot) for slot in (*sorted(free), 0)]
    return devices[: spare_count()]


def spare_count() -> int:
    """At most so many: the setting SPARE_RUNNERS, else what a tenth of the memory holds."""
    if settings.SPARE_RUNNERS >= 0:
        return settings.SPARE_RUNNERS
    return max(1, psutil.virtual_memory().total // 10 // SPARE_BYTES)


def memory_limit() -> int:
    """Bytes that one runner may use."""
    if settings.RUNNER_MEMORY_MB:
        return settings.RUNNER_MEMORY_MB * 1024 * 1024
    return int(psutil.virtual_memory().total * 0.9 / slot_count())


class SlotNumbers:
    """Hands out the numbers of this worker's free slots."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._free = set(range(count))
        self._lock = Lock()

    def take(self) -> int | None:
        with self._lock:
            if not self._free:
                return None
            slot = min(self._free)
            self._free.discard(slot)
            return slot

    def give_back(self, slot: int) -> None:
        with self._lock:
            self._free.add(slot)

    @property
    def free(self) -> int:
        return len(self.free_ones)

    @property
    def free_ones(self) -> list[int]:
        with self._lock:
            return sorted(self._free)
