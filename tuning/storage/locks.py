"""Locks between processes of a machine. Whoever can open a file, be it only to read, can lock it,
and a runner can open its dataset. So locks are files in `DATA_ROOT/locks`, or folders above a
runner's own, which no runner can open from level 1 on.
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.conf import settings

_WAIT_SECONDS = 0.1


@contextmanager
def lock(name: str, heartbeat: Callable[[], None]) -> Iterator[None]:
    """Hold the lock of this name. It ends with its process. `heartbeat` is called while another
    process or thread has it, and may raise."""
    while (descriptor := try_lock(name)) is None:
        heartbeat()
        time.sleep(_WAIT_SECONDS)
    try:
        yield
    finally:
        os.close(descriptor)


def try_lock(name: str) -> int | None:
    """A descriptor that holds the lock until it is closed; None if another one has it."""
    path = Path(settings.LOCKS_ROOT) / name
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        if not take(descriptor):
            os.close(descriptor)
            return None
        # Not swept away between the two calls: another one could lock the next file.
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                return descriptor
        os.close(descriptor)


def sweep_locks() -> None:
    """Remove the files of locks that nobody holds."""
    for path in Path(settings.LOCKS_ROOT).iterdir():
        with suppress(FileNotFoundError), path.open("rb") as file:
            if take(file.fileno()):
                path.unlink()


def take(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
