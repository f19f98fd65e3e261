"""Work of a worker beside its trials, in a thread that lives while there is some."""

import logging
import time
from collections.abc import Callable
from threading import Event, Lock, Thread

from django.db import close_old_connections

logger = logging.getLogger(__name__)


class Every:
    """Work that is due every so many seconds, the first time sooner."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._next = time.monotonic() + seconds / 10

    def __call__(self) -> bool:
        is_due = time.monotonic() >= self._next
        if is_due:
            self._next = time.monotonic() + self._seconds
        return is_due


class OnDemandThread:
    """Does `work` once `is_due` says that there is some; at most one thread does. Any thread may
    call `check` at any time, and it returns as soon as `is_due` has answered.

    What comes due while `work` is under way is done before the thread ends. Work that fails is
    due again at the next check, so it has to be safe to repeat.
    """

    def __init__(self, name: str, is_due: Callable[[], bool], work: Callable[[], object]) -> None:
        self.name = name
        self._is_due, self._work = is_due, work
        self._lock = Lock()
        self._asked = Event()
        self._thread: Thread | None = None

    def check(self) -> None:
        if not self._is_due():
            return
        self._asked.set()
        with self._lock:
            if self._thread and self._thread.is_alive():
                return
            self._thread = Thread(target=self._run, name=self.name, daemon=True)
            self._thread.start()

    def join(self) -> None:
        """Wait until there is nothing under way."""
        if self._thread:
            self._thread.join()

    def _run(self) -> None:
        try:
            while self._asked.is_set():
                self._asked.clear()
                self._work()
        except Exception:
            logger.exception("%s failed", self.name)
        finally:
            close_old_connections()
