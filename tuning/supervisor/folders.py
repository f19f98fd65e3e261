"""The folders of runners, and what processes of former or hostile runners left behind."""

import contextlib
import ctypes
import fcntl
import os
import shutil
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import psutil
from django.conf import settings

from .spawner import spawn

_PR_SET_CHILD_SUBREAPER = 36


def runners_folder() -> Path:
    """Where the folders of this worker process's runners lie. Locked as long as it lives: a worker
    in another container shares the data folder, but knows nothing of our process ids."""
    global _own_folder
    with _own_folder_lock:
        root = Path(settings.RUNNERS_ROOT)
        if _own_folder is None or (_own_folder.pid, _own_folder.path.parent) != (os.getpid(), root):
            path = root / f"{_WORKER_PREFIX}{uuid.uuid4().hex}"
            path.mkdir(parents=True, mode=0o700)
            descriptor = _lock_folder(path)
            assert descriptor is not None
            _own_folder = _OwnFolder(os.getpid(), path, descriptor)
        return _own_folder.path


def sweep_runner_folders() -> None:
    """Remove what worker processes that no longer live have left behind, processes first."""
    for folder in Path(settings.RUNNERS_ROOT).glob(f"{_WORKER_PREFIX}*"):
        descriptor = _lock_folder(folder)
        if descriptor is None:
            continue
        for process in psutil.process_iter():
            if _began_below(process, folder):
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


_WORKER_PREFIX = "worker-"


@dataclass(frozen=True)
class _OwnFolder:
    pid: int
    path: Path
    descriptor: int


_own_folder: _OwnFolder | None = None
_own_folder_lock = Lock()


def _lock_folder(folder: Path) -> int | None:
    """A descriptor that locks the folder until it is closed; None if another process has it."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _began_below(process: psutil.Process, folder: Path) -> bool:
    """Whether this was a runner's process in `folder`: its HOME lies there. That of a fork is, for
    the kernel, the one of the fork server, which lies there too."""
    try:
        home = process.environ().get("HOME", "")
    except (psutil.Error, OSError):
        return False
    return home.startswith(f"{folder}{os.sep}")


def adopt_orphans() -> None:
    """Have the kernel hand orphaned descendants to this process instead of to init, so that what a
    template detached by a double fork is found. Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def kill_orphans() -> None:
    """End children of this process that nobody here started: what runners detached and their
    guardians did not get, because something ended those."""
    with spawn.births:
        known = spawn.started.copy()
        children = psutil.Process().children()
    orphans = [child for child in children if child.pid not in known and _is_hardened(child)]
    for orphan in orphans:
        with contextlib.suppress(psutil.NoSuchProcess):
            orphan.kill()
    psutil.wait_procs(orphans, timeout=5)


def _is_hardened(process: psutil.Process) -> bool:
    """Whether it can gain no privileges: a mark of runners that no child of theirs can shed. An
    environment can be left behind."""
    try:
        return "\nNoNewPrivs:\t1\n" in Path(f"/proc/{process.pid}/status").read_text()
    except OSError:
        return False
