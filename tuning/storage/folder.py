"""A store in a folder: `ab/abcdef...`, named by the SHA-256 of the content."""

import hashlib
import os
import uuid
from collections.abc import Iterator
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

    def find(self, sha256: str, heartbeat: Heartbeat = no_heartbeat) -> Entry | None:  # noqa: ARG002
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

    def delete(self, sha256: str, older_than: datetime | None = None) -> bool:
        entry = self.find(sha256)
        if entry is None or (older_than and entry.modified >= older_than):
            return False
        with _answers(sha256):
            self._path(sha256).unlink(missing_ok=True)
        return True

    def entries(self) -> Iterator[Entry]:
        for path in self.root.glob("??/*"):
            # Deleted since we looked.
            with suppress(FileNotFoundError):
                if is_hash(path.name):
                    yield _entry(path)

    def clear_unfinished(self, before: datetime) -> None:
        for path in self.root.glob(".*.part"):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < before.timestamp():
                    path.unlink()

    def _path(self, sha256: str) -> Path:
        return self.root / sha256[:2] / sha256


def _entry(path: Path) -> Entry:
    status = path.stat()
    return Entry(path.name, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))


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
