"""Whether this worker can write where results go. While it cannot, it takes no work and says why on
the workers page; what it had begun is tried again.

The watch looks at every heartbeat, by a thread of its own: a network file system that is away holds
up whoever asks for it.
"""

import time
from threading import Event, Thread

from django.conf import settings

from tuning.protocol.disk_errors import advice_for, is_of_storage, reason_of, write_probe
from tuning.protocol.failures import Failure, FailureCode
from tuning.storage.contract import StorageError

from .limits import has_room

SILENT_SECONDS = 10.0


def failure_of(error: OSError) -> Failure:
    """An error of the machine, which the work can do nothing about."""
    if isinstance(error, StorageError):
        return Failure(FailureCode.STORAGE, f"{error}")
    if is_of_storage(error):
        return Failure(FailureCode.STORAGE, f"{error}. {advice_for(error)}")
    return Failure(FailureCode.WORKER_LOST, f"{type(error).__name__}: {error}")


def find_problem() -> str:
    """What keeps results from being written, as sentences; "" if nothing does."""
    try:
        if not has_room():
            return (
                f"Less than DISK_FLOOR_MB ({settings.DISK_FLOOR_MB:,} MB) is free on its disk. "
                "Free disk space."
            )
    except OSError as error:
        return _sentences(settings.DATA_ROOT, error)
    for root in (
        settings.RUNNERS_ROOT, settings.SAVED_MODELS_ROOT, settings.DATASETS_ROOT,
        settings.CHECKPOINTS_ROOT,
    ):  # fmt: skip
        try:
            write_probe(root)
        except OSError as error:
            return _sentences(root, error)
    return ""


def _sentences(root: object, error: OSError) -> str:
    return f"Its storage {root} cannot be used ({reason_of(error)}). {advice_for(error)}"


class StorageWatch:
    """What `find_problem` said last, and whether it has not come back since."""

    def __init__(self) -> None:
        self._thread: Thread | None = None
        self._due = Event()
        self._began: float | None = None
        self._found = ""

    def look(self) -> None:
        """Look again, without waiting for it."""
        if self._thread is None:
            self._thread = Thread(target=self._look_on, name="storage", daemon=True)
            self._thread.start()
        self._due.set()

    @property
    def problem(self) -> str:
        began = self._began
        if began is not None and time.monotonic() > began + SILENT_SECONDS:
            seconds = time.monotonic() - began
            return (
                f"Its storage has not answered for {seconds:,.0f} s. Check the disk or the network "
                "file system."
            )
        return self._found

    def _look_on(self) -> None:
        while True:
            self._due.wait()
            self._due.clear()
            self._began = time.monotonic()
            self._found = find_problem()
            self._began = None
