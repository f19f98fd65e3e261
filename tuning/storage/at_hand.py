"""Files for pages: nobody waits with a page until a dataset has come from the store. What is not
here is fetched by a thread, and the page says so.
"""

import logging
import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from .contract import Missing
from .stored import StoredFile

logger = logging.getLogger(__name__)

# Of the page that is being made: the files that it lacks. None: whoever needs a file waits for it.
_lacking: ContextVar[list[Path] | None] = ContextVar("lacking", default=None)
_fetching: set[Path] = set()
# What the store lacked, and when that was.
_missing: dict[Path, float] = {}
_lock = threading.Lock()
_MISSING_SECONDS = 60.0


class Coming(FileNotFoundError):
    """The file is not here yet."""


@contextmanager
def not_waiting() -> Iterator[list[Path]]:
    """What runs in this block waits for no file. The list has those that it lacked."""
    lacking: list[Path] = []
    token = _lacking.set(lacking)
    try:
        yield lacking
    finally:
        _lacking.reset(token)


def wait() -> None:
    """The rest of such a block waits after all."""
    _lacking.set(None)


def at_hand(file: StoredFile) -> Path:
    """As `fetch`; raises Coming in a block that does not wait."""
    lacking = _lacking.get()
    if lacking is None or file.is_here():
        return file.fetch()
    if _missing.get(file.place, -math.inf) > time.monotonic() - _MISSING_SECONDS:
        raise Missing("The storage lacks this content.")
    lacking.append(file.place)
    with _lock:
        begins = file.place not in _fetching
        _fetching.add(file.place)
    if begins:
        threading.Thread(target=_fetch, args=[file], name="fetching", daemon=True).start()
    raise Coming(f"{file.place.name} is being fetched.")


def _fetch(file: StoredFile) -> None:
    try:
        file.fetch(lambda: None)
    except Missing:
        _missing[file.place] = time.monotonic()
    except OSError as error:
        # The store is away, or the disk is full: the next page tries again.
        logger.warning("%s could not be fetched: %s", file.place.name, error)
    finally:
        with _lock:
            _fetching.discard(file.place)
