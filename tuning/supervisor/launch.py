"""What every runner is started with: its command and all that it sees of the environment."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from .gpus import Gpu, visible_to_cuda

# Tests and `benchmarks/chaos` have other programs as runners. The isolation is tried with this one.
MAIN = PROBED = Path(settings.BASE_DIR) / "tuning" / "runner" / "__main__.py"


@dataclass(frozen=True)
class Device:
    """What a slot trains on: a GPU, or a number of CPU threads."""

    gpu: Gpu | None = None
    threads: int = 1

    def __str__(self) -> str:
        threads = "1 thread" if self.threads == 1 else f"{self.threads} threads"
        return str(self.gpu) if self.gpu else f"CPU, {threads}"


@dataclass(frozen=True)
class RunnerStart:
    """A runner to start, in its private folder. `level` is how far it is shut in; `orders`, `log`
    and `events` are descriptors."""

    device: Device
    needs_keras: bool
    level: int
    folder: Path
    orders: int
    log: int
    events: int

    @property
    def flags(self) -> list[str]:
        return [] if self.needs_keras else ["--no-keras"]

    @property
    def environment(self) -> dict[str, str]:
        return environment(self.device, self.folder, self.level)


def command(main: Path, *flags: str) -> list[str]:
    """To start a runner as a child of this process."""
    return [sys.executable, "-I", "-u", str(main), *of_this_worker(*flags)]


def of_this_worker(*flags: str) -> list[str]:
    """With the number of this process: a runner ends with its parent."""
    return ["--parent-pid", str(os.getpid()), *flags]


def environment(device: Device, folder: Path, level: int) -> dict[str, str]:
    """All that a runner sees of the environment: an allow-list, no credentials. `level` is how far
    it is shut in."""
    threads = str(device.threads)
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "KERAS_HOME": str(folder / "keras"),
        "KERAS_BACKEND": "tensorflow",
        **visible_to_cuda([device.gpu] if device.gpu else []),
        "OMP_NUM_THREADS": threads,
        "TF_NUM_INTRAOP_THREADS": threads,
        "TF_NUM_INTEROP_THREADS": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",
        "RUNNER_FILE_SIZE_MB": str(settings.RUNNER_FILE_SIZE_MB),
        "RUNNER_PROCESSES": str(settings.RUNNER_PROCESSES),
        "RUNNER_KEPT_MODELS": str(settings.RUNNER_KEPT_MODELS),
        "RUNNER_WHOLE_EPOCHS": "1" if settings.RUNNER_WHOLE_EPOCHS else "0",
        "RUNNER_LEVEL": str(level),
        "RUNNER_USERS": str(settings.RUNNER_USERS),
        "RUNNER_NETWORK": "1" if settings.RUNNER_NETWORK else "0",
        "RUNNER_DATASETS": str(settings.DATASETS_ROOT),
        "RUNNER_WEIGHTS_URL": settings.WEIGHTS_URL,
        "RUNNER_DOWNLOADS": str(settings.DOWNLOADS_ROOT),
    }
