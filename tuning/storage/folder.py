"""A store in a folder: `ab/abcdef...`, named by the SHA-256 of the content."""

import hashlib
import os
import uuid
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from .contract import (
    PIECE,
    Away,
    Damaged,
    Entry,
    Heartbeat,
    Missing,
    Store,
    is_hash,
    no_heartbeat,
)


class FolderStore(Store):
    def __init__(self, root: Path) -> None:
        self.root = root
        self._trash = root / "trash"

    def _write(
        self, sha256: str, size: int, reader: BinaryIO, heartbeat: Heartbeat  # noqa: ARG002
    ) -> None:  # fmt: skip
        digest = hashlib.sha256()
        with _answers(sha256):
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = self.root / f".{uuid.uuid4().hex}.part"
        try:
            with _answers(sha256), open(temporary, "xb", opener=_private) as writer:
                while piece := reader.read(PIECE):
                    digest.update(piece)
                    writer.write(piece)
                    heartbeat()
                writer.flush()
                os.fsync(writer.fileno())
            if digest.hexdigest() != sha256:
                raise Damaged("A file changed while it was stored.")
            with _answers(sha256):
                self._path(sha256).parent.mkdir(exist_ok=True, mode=0o700)
                temporary.rename(self._path(sha256))
        finally:
            temporary.unlink(missing_ok=True)

    def _look(self, sha256: str, heartbeat: Heartbeat) -> Entry | None:  # noqa: ARG002
        try:
            with _answers(sha256):
                return _entry(self._path(sha256))
        except Missing:
            return None

    def read(self, sha256: str, start: int = 0) -> Iterator[bytes]:
        with _answers(sha256), self._path(sha256).open("rb") as reader:
            reader.seek(start)
            while piece := reader.read(PIECE):
                yield piece

    def delete(self, sha256: str) -> bool:
        return _removed(self._path(sha256))

    def entries(self) -> Iterator[Entry]:
        yield from _entries(self.root.glob("??/*"))

    def discard(self, sha256: str, older_than: datetime) -> bool:
        entry = self._look(sha256, no_heartbeat)
        if entry is None or entry.modified >= older_than:
            return False
        with suppress(Missing), _answers(sha256):
            self._trash.mkdir(exist_ok=True, mode=0o700)
            # Since when it is there: before it is there.
            os.utime(self._path(sha256))
            self._path(sha256).rename(self._trash / sha256)
            return True
        return False

    def recover(self, sha256: str) -> bool:
        with suppress(Missing), _answers(sha256):
            discarded = self._trash / sha256
            os.utime(discarded)
            self._path(sha256).parent.mkdir(exist_ok=True, mode=0o700)
            discarded.rename(self._path(sha256))
            return True
        return False

    def discarded(self) -> Iterator[Entry]:
        yield from _entries(self._trash.glob("*"))

    def delete_discarded(self, sha256: str) -> None:
        _removed(self._trash / sha256)

    def clear_unfinished(self, before: datetime, keep: Collection[str] = ()) -> None:  # noqa: ARG002
        for path in self.root.glob(".*.part"):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < before.timestamp():
                    path.unlink()

    def _path(self, sha256: str) -> Path:
        return self.root / sha256[:2] / sha256


def _entry(path: Path) -> Entry:
    status = path.stat()
    return Entry(path.name, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))


def _entries(paths: Iterable[Path]) -> Iterator[Entry]:
    for path in paths:
        # Removed since we looked.
        with suppress(FileNotFoundError):
            if is_hash(path.name):
                yield _entry(path)


def _removed(path: Path) -> bool:
    with suppress(Missing), _answers(path.name):
        path.unlink()
        return True
    return False


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


@contextmanager
def _answers(sha256: str) -> Iterator[None]:
    """Errors of the file system as those of a store."""
    try:
        yield
    except FileNotFoundError:
        raise Missing(f"The storage lacks {sha256}.") from None
    except OSError as error:
        raise Away(f"The storage's folder cannot be used: {error}") from error
