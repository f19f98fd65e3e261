"""What every store does: content under its SHA-256, whole or not at all."""

import hashlib
import io
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, TypeVar

PIECE = 1 << 20
# What no row refers to is kept for so long: its row may be about to be written.
GRACE = timedelta(days=1)
# How long it is tried again: for a worker, whose heartbeat says that it goes on, and for a person.
WORKER_WAITS, PERSON_WAITS = 600.0, 10.0

Heartbeat = Callable[[], None]
Result = TypeVar("Result")
_HASH = re.compile(r"[0-9a-f]{64}")


class StorageError(OSError):
    """The store refuses, for a reason that stays until the settings are changed."""


class Away(StorageError):
    """The store does not answer now."""


class Missing(StorageError, FileNotFoundError):
    """The store does not have this content."""


class Damaged(StorageError):
    """What came is not what the hash says."""


@dataclass(frozen=True)
class Entry:
    """`size` in bytes; `modified`: when it was last put."""

    sha256: str
    size: int
    modified: datetime


def no_heartbeat() -> None:
    """A person waits, and nothing has to be renewed meanwhile."""


class ToldWhenAway(ABC):
    """A heartbeat that also hears of each time that the store was away, before it is called."""

    @abstractmethod
    def __call__(self) -> None: ...

    @abstractmethod
    def away(self) -> None: ...


class Store(ABC):
    """Each method raises StorageError. `heartbeat` is called every few seconds and may raise, which
    ends what is going on."""

    def put(self, source: Path, heartbeat: Heartbeat = no_heartbeat) -> str:
        """Keep the content of a file. Returns its SHA-256. From then on it is young again."""
        with source.open("rb") as reader:
            digest, size = hash_of(reader, heartbeat)
            self._keep(digest, size, reader, heartbeat)
        return digest

    def put_bytes(self, content: bytes, heartbeat: Heartbeat = no_heartbeat) -> str:
        digest = hashlib.sha256(content).hexdigest()
        self._keep(digest, len(content), io.BytesIO(content), heartbeat)
        return digest

    def _keep(self, sha256: str, size: int, reader: BinaryIO, heartbeat: Heartbeat) -> None:
        if not self._is_young(sha256, size, heartbeat):
            self._write(sha256, size, reader, heartbeat)

    def _is_young(self, sha256: str, size: int, heartbeat: Heartbeat) -> bool:
        """Whether it is there, and not about to be collected: then it is stored once more."""
        known = self._look(sha256, heartbeat)
        limit = datetime.now(UTC) - GRACE / 2
        return known is not None and known.size == size and known.modified > limit

    def find(self, sha256: str, heartbeat: Heartbeat = no_heartbeat) -> Entry | None:
        """None if the store does not have it."""
        found = self._look(sha256, heartbeat)
        if found is None and self.recover(sha256):
            found = self._look(sha256, heartbeat)
        return found

    @abstractmethod
    def _write(self, sha256: str, size: int, reader: BinaryIO, heartbeat: Heartbeat) -> None:
        """Store what can be read, from the file's start."""

    @abstractmethod
    def _look(self, sha256: str, heartbeat: Heartbeat) -> Entry | None:
        """As `find`, not in the trash."""

    @abstractmethod
    def read(self, sha256: str, start: int = 0) -> Iterator[bytes]:
        """The content from this byte on, as it comes: `transfers.py` verifies it and goes on where
        it broke off. Raises Missing, Away."""

    @abstractmethod
    def delete(self, sha256: str) -> bool:
        """Whether it was there."""

    @abstractmethod
    def entries(self) -> Iterator[Entry]:
        """All content, in any order."""

    @abstractmethod
    def discard(self, sha256: str, older_than: datetime) -> bool:
        """Move it into the trash. False if it was put again since then, or is gone."""

    @abstractmethod
    def recover(self, sha256: str) -> bool:
        """Move it back. False if the trash does not have it."""

    @abstractmethod
    def discarded(self) -> Iterator[Entry]:
        """All content in the trash. `modified`: since when it is there."""

    @abstractmethod
    def delete_discarded(self, sha256: str) -> None:
        """For good."""

    @abstractmethod
    def clear_unfinished(self, before: datetime, keep: Collection[str] = ()) -> None:
        """Remove what is left of writing that broke off, if it began before then, except the
        uploads with these keys (`incoming.py`)."""

    def address(self, sha256: str, name: str, seconds: int) -> str:  # noqa: ARG002  others have them
        """A link under which a browser downloads it as a file of this name, or ""."""
        return ""


def hash_of(reader: BinaryIO, heartbeat: Heartbeat = no_heartbeat) -> tuple[str, int]:
    """SHA-256 and size of a file, which is at its start again."""
    digest, size = hashlib.sha256(), 0
    reader.seek(0)
    while piece := reader.read(PIECE):
        digest.update(piece)
        size += len(piece)
        heartbeat()
    reader.seek(0)
    return digest.hexdigest(), size


def is_hash(text: str) -> bool:
    return bool(_HASH.fullmatch(text))


def retried(task: Callable[[], Result], heartbeat: Heartbeat) -> Result:
    """The result of `task`, which is tried again while the store is away."""
    patience, wait = patience_of(heartbeat), 0.1
    end = time.monotonic() + patience
    while True:
        try:
            return task()
        except Away:
            if time.monotonic() + wait > end:
                raise
        beat_while_away(heartbeat)
        time.sleep(wait)
        wait = min(2 * wait, 5.0)


def beat_while_away(heartbeat: Heartbeat) -> None:
    if isinstance(heartbeat, ToldWhenAway):
        heartbeat.away()
    heartbeat()


def patience_of(heartbeat: Heartbeat) -> float:
    """How many seconds the store may be away."""
    return PERSON_WAITS if heartbeat is no_heartbeat else WORKER_WAITS
