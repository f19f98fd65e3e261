"""Locks between workers: files in a folder that no runner sees. Whoever can open a file, be it only
to read, can lock it, and a runner can open its dataset.

Locks. A process that can open a file to read can lock it. So locks between workers are files in
`DATA_ROOT/locks`, or folders above a runner's own, which no runner can open from level 1 on.
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

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


def _take(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
