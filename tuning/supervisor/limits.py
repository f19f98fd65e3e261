"""The limits of one piece of work, and which of them a runner broke.

Limits (`tuning/supervisor/limits.py`, `usage.py`), each with a failure of its own:

- memory: RSS of the tree; only beyond the limit is shared memory divided among those who share
  it. Files of memory and the own `/dev/shm` count. At levels 1 and 2 `/dev/shm` is denied;
  TensorFlow trains without it.
- processes and threads: counted; RLIMIT_NPROC a hundred above that is the brake for a bomb that
  is faster than the count. The kernel counts by (real) user, so that it is exact where a runner's
  user or user namespace is its own. It sets root no limit: below level 4 a root worker's runner
  takes a real user of its own, and keeps root as the effective one, for files.
- disk: all files below the folder with their full length, deleted ones that are still open, and
  100,000 files. The log is cut at 16 MiB. When `DISK_FLOOR_MB` is reached, the greediest ends and
  nothing new starts.
- epochs: ten times what was ordered and 1,000 (20,000 of a custom tuner), counted before they are
  written.
- A runner beyond a limit is ended first; then the failure is written. With a thousand busy
  processes left alive, the write took a minute.
- A runner in which a trial left processes, half of the allowed threads or half of the allowed
  disk serves no other trial.
"""

import shutil
import time
from threading import Lock
from typing import Protocol

from django.conf import settings

from tuning.models.resource_use import GPU_NAME_LENGTH, Used
from tuning.protocol.failures import Failure, FailureCode

from .gpus import Sample
from .launch import Device
from .usage import MAX_FILES, DiskUse, Leftovers, oom_kills

CHECK_EVERY = 0.5
# A large folder takes long to look through: at most this share of the time is spent on it.
_DISK_SHARE = 0.25
# Of the allowed memory: between two looks a runner may take the rest.
_NEARLY_ALL = 0.9
_MB = 1024 * 1024
# Less than this is nobody's fault when the disk is full.
_GREEDY_BYTES = 256 * _MB


class Measured(Protocol):
    device: Device

    def processes(self) -> int: ...

    def memory(self, limit: int) -> int: ...

    def gpu(self) -> Sample: ...

    def disk(self) -> DiskUse: ...

    def leftovers(self) -> Leftovers: ...


class Watch:
    """Looks at one runner now and then."""

    def __init__(self, runner: Measured, memory_limit: int) -> None:
        self._runner = runner
        self._memory_limit = memory_limit
        self._next = self._next_disk = 0.0
        self._oom_kills = oom_kills()
        self.begin()

    def begin(self) -> None:
        """What was seen until now was not of this work."""
        # The most memory that was seen in use, in bytes.
        self.peak = 0
        # None: the driver did not say.
        self._gpu_peak: int | None = None
        self._gpu_use, self._gpu_looks = 0.0, 0

    @property
    def used(self) -> Used:
        """What was seen since then."""
        gpu = self._runner.device.gpu
        return Used(
            peak_memory=self.peak or None,
            gpu_name=gpu.name[:GPU_NAME_LENGTH] if gpu else "",
            peak_gpu_memory=self._gpu_peak,
            gpu_use=self._gpu_use / self._gpu_looks if self._gpu_looks else None,
        )

    def ran_out_of_memory(self) -> bool:
        """Whether a runner that was killed most likely died for lack of memory: the kernel has
        ended a process for that reason meanwhile, or this one was close to its limit."""
        nearly = _NEARLY_ALL * self._memory_limit
        return oom_kills() > self._oom_kills or self.peak >= nearly

    def measure(self) -> int:
        """Bytes of memory in use now."""
        used = self._runner.memory(self._memory_limit)
        self.peak = max(self.peak, used)
        self._measure_gpu()
        return used

    def _measure_gpu(self) -> None:
        sample = self._runner.gpu()
        if sample.memory is not None:
            self._gpu_peak = max(self._gpu_peak or 0, sample.memory)
        if sample.use is not None:
            self._gpu_use += sample.use
            self._gpu_looks += 1

    def broken(self) -> Failure | None:
        """The limit that the runner is beyond, if it is time to look."""
        now = time.monotonic()
        if now < self._next:
            return None
        self._next = now + CHECK_EVERY
        # In this order: a thousand processes use much memory too, and may delay a look at files.
        return self._processes() or self._memory() or self._disk(now)

    def close(self) -> None:
        """The runner has no work any more."""
        with _use_lock:
            _use.pop(id(self), None)

    def _processes(self) -> Failure | None:
        used = self._runner.processes()
        if used <= settings.RUNNER_PROCESSES:
            return None
        text = (
            f"Processes and threads: {used:,}, more than the limit of "
            f"{settings.RUNNER_PROCESSES:,}."
        )
        return Failure(FailureCode.TOO_MANY_PROCESSES, text)

    def _memory(self) -> Failure | None:
        used = self.measure()
        if used <= self._memory_limit:
            return None
        allowed = self._memory_limit / _MB
        text = f"Memory: {used / _MB:,.0f} MB, more than the limit of {allowed:,.0f} MB."
        return Failure(FailureCode.OUT_OF_MEMORY, text)

    def _disk(self, now: float) -> Failure | None:
        if now < self._next_disk:
            return None
        used = self._runner.disk()
        took = time.monotonic() - now
        self._next_disk = now + took / _DISK_SHARE
        if used.files > MAX_FILES:
            text = f"The trial created more than {MAX_FILES:,} files."
            return Failure(FailureCode.TOO_MUCH_DISK, text)
        if used.bytes > settings.RUNNER_DISK_MB * _MB:
            text = (
                f"Disk space: {used.bytes / _MB:,.0f} MB, more than the limit of "
                f"{settings.RUNNER_DISK_MB:,} MB."
            )
            return Failure(FailureCode.TOO_MUCH_DISK, text)
        with _use_lock:
            _use[id(self)] = used.bytes
            greediest = used.bytes == max(_use.values())
        if greediest and used.bytes > _GREEDY_BYTES and not has_room():
            text = (
                f"The worker's disk is nearly full (less than {settings.DISK_FLOOR_MB:,} MB "
                f"free). This task used the most: {used.bytes / _MB:,.0f} MB."
            )
            return Failure(FailureCode.TOO_MUCH_DISK, text)
        return None


def is_worn(runner: Measured) -> bool:
    """Whether a trial left something behind in its runner: processes, or so many threads and files
    that the next trial might be failed for them."""
    left = runner.leftovers()
    return (
        left.has_company
        or left.processes > settings.RUNNER_PROCESSES / 2
        or left.disk.bytes > settings.RUNNER_DISK_MB * _MB / 2
        or left.disk.files > MAX_FILES / 2
    )


# What each watched runner of this worker had on the disk when it was last looked at.
_use: dict[int, int] = {}
_use_lock = Lock()


def has_room() -> bool:
    """Whether the disk has as much free space as must be kept for the database."""
    return shutil.disk_usage(settings.DATA_ROOT).free >= settings.DISK_FLOOR_MB * _MB
