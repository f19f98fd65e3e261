"""This machine's NVIDIA GPUs: which there are, which of them TensorFlow can use, what runners take.

NVIDIA's management library (NVML) comes with the driver. It needs no CUDA and takes no memory on
the GPU, so that the supervisor may ask it. Where it is missing there are no GPUs.
"""

import logging
import os
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import pynvml

from tuning.figures import size

logger = logging.getLogger(__name__)

# Importing TensorFlow takes seconds, and on a busy machine a minute.
_TENSORFLOW_SECONDS = 120
_COUNT = "import tensorflow as tf; print(len(tf.config.list_physical_devices('GPU')))"


@dataclass(frozen=True)
class Gpu:
    """`index` is NVML's, by which CUDA counts as well if CUDA_DEVICE_ORDER is PCI_BUS_ID; `memory`
    in bytes."""

    index: int
    name: str = ""
    memory: int = 0

    def __str__(self) -> str:
        known = ", ".join(filter(None, [self.name, size(self.memory) if self.memory else ""]))
        return f"GPU {self.index}" + (f" ({known})" if known else "")


@dataclass(frozen=True)
class Sample:
    """At one moment: bytes that some processes have on a GPU, and which share of the last moment
    (0 to 1) it computed, for whomever. None: the driver does not say."""

    memory: int | None = None
    use: float | None = None


NO_SAMPLE = Sample()


@dataclass(frozen=True)
class Found:
    """The GPUs that slots can use, and a sentence about those that they cannot."""

    usable: tuple[Gpu, ...] = ()
    problem: str = ""


@cache
def find() -> Found:
    """Looked up once a process: on a machine with GPUs it takes as long as importing TensorFlow."""
    present = installed()
    if not present:
        return Found()
    try:
        usable = seen_by_tensorflow(present)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        logger.error("TensorFlow could not be asked for GPUs: %s", error)
        usable = ()
    if len(usable) == len(present):
        return Found(usable)
    missing = ", ".join(str(gpu) for gpu in present if gpu not in usable)
    return Found(
        usable,
        f"TensorFlow cannot use {missing}. Run “manage.py doctor” on this worker’s machine to see "
        "what to install.",
    )


def installed() -> tuple[Gpu, ...]:
    """Those that this process may use, by CUDA_VISIBLE_DEVICES, which it has from whoever started
    it."""
    try:
        pynvml.nvmlInit()
        handles = [pynvml.nvmlDeviceGetHandleByIndex(n) for n in range(pynvml.nvmlDeviceGetCount())]
        found = {
            pynvml.nvmlDeviceGetUUID(handle): Gpu(
                index,
                pynvml.nvmlDeviceGetName(handle),
                pynvml.nvmlDeviceGetMemoryInfo(handle).total,
            )
            for index, handle in enumerate(handles)
        }
    except pynvml.NVMLError as error:
        if not isinstance(error, pynvml.NVMLError_LibraryNotFound):
            logger.error("NVIDIA's driver did not answer: %s", error)
        return ()
    return _visible(found, os.environ)


def _visible(found: Mapping[str, Gpu], environment: Mapping[str, str]) -> tuple[Gpu, ...]:
    """As CUDA reads the variable: indices or beginnings of identifiers, up to the first that names
    no GPU."""
    if "CUDA_VISIBLE_DEVICES" not in environment:
        return tuple(found.values())
    chosen: list[Gpu] = []
    for entry in map(str.strip, environment["CUDA_VISIBLE_DEVICES"].split(",")):
        named = [gpu for uuid, gpu in found.items() if entry and uuid.startswith(entry)]
        named += [gpu for gpu in found.values() if str(gpu.index) == entry]
        if len(named) != 1 or named[0] in chosen:
            break
        chosen += named
    return tuple(chosen)


def seen_by_tensorflow(present: Sequence[Gpu]) -> tuple[Gpu, ...]:
    """Those that it would train on: without CUDA's libraries, or with a GPU that is too old, it
    trains on the CPU without a word. Raises OSError, ValueError or SubprocessError if it cannot be
    imported."""
    if _count(present) == len(present):
        return tuple(present)
    return tuple(gpu for gpu in present if _count([gpu]))


def _count(gpus: Sequence[Gpu]) -> int:
    # In a process of its own: it takes GPU memory and must not stay here.
    done = subprocess.run(
        [sys.executable, "-c", _COUNT],
        capture_output=True, text=True, timeout=_TENSORFLOW_SECONDS, check=True,
        env=os.environ | visible_to_cuda(gpus),
    )  # fmt: skip
    return int(done.stdout)


def visible_to_cuda(gpus: Sequence[Gpu]) -> dict[str, str]:
    """What a process's environment needs so that it has these GPUs and no others. Without the
    order, CUDA would count the fastest first."""
    return {
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
        "CUDA_VISIBLE_DEVICES": ",".join(str(gpu.index) for gpu in gpus) or "-1",
    }


def sample(gpu: Gpu, pids: Collection[int]) -> Sample:
    """What these processes have of it, and how busy it is."""
    try:
        handle = pynvml.nvmlDeviceGetHandleByIndex(gpu.index)
        return Sample(_memory(handle, pids), pynvml.nvmlDeviceGetUtilizationRates(handle).gpu / 100)
    except pynvml.NVMLError as error:
        logger.debug("%s could not be asked: %s", gpu, error)
        return NO_SAMPLE


def _memory(handle: object, pids: Collection[int]) -> int | None:
    """None if the driver does not list them: in a container it counts processes differently."""
    own = [
        process.usedGpuMemory
        for process in pynvml.nvmlDeviceGetComputeRunningProcesses(handle)
        if process.pid in pids
    ]
    known = [amount for amount in own if amount is not None]
    return sum(known) if known else None
