"""Locks between workers: files in a folder that no runner sees. Whoever can open a file, be it only
to read, can lock it, and a runner can open its dataset.

Locks. A process that can open a file to read can lock it. So locks between workers are files in
`DATA_ROOT/locks`, or folders above a runner's own, which no runner can open from level 1 on.
"""

import fcntl
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain, count
from pathlib import Path

from django.conf import settings

_NAME_PREFIX = "worker-"
_WAIT_SECONDS = 0.1


@contextmanager
def lock(name: str, heartbeat: Callable[[], None]) -> Iterator[None]:
    """Hold the lock of this name. It ends with its process. `heartbeat` is called while another
    process or thread has it, and may raise."""
    path = Path(settings.LOCKS_ROOT) / name
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        while not _take(descriptor):
            heartbeat()
            time.sleep(_WAIT_SECONDS)
        yield
    finally:
        os.close(descriptor)


def own_name(name: str) -> str:
    """A worker's name, or one like it if a living process has that one already. It stays this
    process's own for as long as it lives."""
    candidates = chain([name], (f"{name}-{number}" for number in count(2)))
    return next(candidate for candidate in candidates if _reserve(candidate))


def sweep_names() -> set[str]:
    """Remove the files of names whose workers are gone. Returns those of workers that live."""
    living = set()
    for path in Path(settings.LOCKS_ROOT).glob(f"{_NAME_PREFIX}*"):
        with suppress(FileNotFoundError), path.open("rb") as file:
            if _take(file.fileno()):
                path.unlink()
            else:
                living.add(path.name)
    return living


def _reserve(name: str) -> bool:
    digest = hashlib.sha256(name.encode()).hexdigest()[:16]
    path = Path(settings.LOCKS_ROOT) / f"{_NAME_PREFIX}{digest}"
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        if not _take(descriptor):
            os.close(descriptor)
            return False
        # Not swept away between the two calls: another worker could lock the next file.
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                _reserved.append(descriptor)
                return True
        os.close(descriptor)


# Descriptors that are never closed.
_reserved: list[int] = []


def _take(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
