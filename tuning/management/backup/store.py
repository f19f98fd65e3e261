"""The folder of a backup. Content is kept once, under its hash, so a second backup only adds what
is new:

    objects/ab/abcdef...       files, named by their SHA-256
    2026-11-29T07-10-00Z.json  one manifest for each backup: what lies where, and since when

A manifest is written last. A backup that broke off has none, and costs nothing but its objects,
which the next one uses.
"""

import json
import os
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from tuning.storage import contract
from tuning.storage.contract import is_hash
from tuning.storage.folder import FolderStore
from tuning.storage.transfers import verified

from .files import FOLDERS, SECRET_KEY

FORMAT = 1


class Damaged(Exception):
    """The backup cannot be used. The text says what is missing or different, for people."""


@dataclass(frozen=True)
class Kept:
    """A file of the data folder in a backup. `modified`, in nanoseconds, and `size`, in bytes, tell
    the next backup that it need not be read again."""

    sha256: str
    size: int
    modified: int


@dataclass
class Manifest:
    """One backup. `migration` is the newest one that the database had."""

    made_at: str
    migration: str
    database: str
    files: dict[str, Kept] = field(default_factory=dict)
    format: int = FORMAT


class Store:
    def __init__(self, root: Path) -> None:
        self.root = root
        self._objects = FolderStore(root / "objects")

    def names(self) -> list[str]:
        """Names of all complete backups, oldest first."""
        return sorted(path.stem for path in self.root.glob("*.json"))

    def read(self, name: str) -> Manifest:
        """Raises Damaged."""
        try:
            document: dict[str, Any] = json.loads((self.root / f"{name}.json").read_bytes())
            if document["format"] != FORMAT:
                raise Damaged(f"Backup {name} was made by a newer Tuneroom. Update first.")
            files = {_relative(path): _kept(kept) for path, kept in document.pop("files").items()}
            _must_be_hash(document["database"])
            return Manifest(**document, files=files)
        except FileNotFoundError:
            raise Damaged(f"{self.root} has no backup {name}.") from None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise Damaged(f"The manifest of backup {name} is damaged: {error}") from error

    def write(self, name: str, manifest: Manifest) -> None:
        document = json.dumps(asdict(manifest), indent=1, sort_keys=True)
        with self._new_file() as (path, file):
            file.write(document.encode())
        path.rename(self.root / f"{name}.json")

    def add(self, source: Path) -> Kept:
        """Keep the content of a file. Raises FileNotFoundError if it is gone."""
        # Before it is read: a change meanwhile is seen by the next backup.
        status = source.stat()
        try:
            sha256 = self._objects.put(source)
        except contract.Damaged:
            # It grows while it is read, as an upload in parts does: as much as there is now.
            with source.open("rb") as reader:
                sha256 = self._put_copy(iter(partial(reader.read, contract.PIECE), b""))
        return Kept(sha256, status.st_size, status.st_mtime_ns)

    def add_from(self, other: contract.Store, sha256: str) -> Kept:
        """Keep the content that another store has. Raises Missing if it is gone."""
        entry = self._objects.find(sha256)
        if entry is None:
            self._put_copy(verified(other, sha256))
            entry = self._objects.find(sha256)
            assert entry is not None
        return Kept(sha256, entry.size, 0)

    def _put_copy(self, pieces: Iterable[bytes]) -> str:
        with self._new_file() as (path, file):
            for piece in pieces:
                file.write(piece)
            file.flush()
            sha256 = self._objects.put(path)
        path.unlink()
        return sha256

    def has(self, sha256: str) -> bool:
        return self._objects.find(sha256) is not None

    def take(self, sha256: str, target: Path) -> None:
        """Copy an object to `target`, checked on the way. Raises Damaged."""
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            with open(target, "xb", opener=_private) as writer:
                for piece in verified(self._objects, sha256):
                    writer.write(piece)
                writer.flush()
                os.fsync(writer.fileno())
        except contract.Missing:
            raise Damaged(f"The content of {target.name} is missing ({sha256}).") from None
        except contract.Damaged:
            raise Damaged(f"The content of {target.name} is damaged ({sha256}).") from None

    def keep_only(self, names: Iterable[str]) -> int:
        """Remove all backups but those named, and content that only the others had. Returns the
        bytes freed. Raises Damaged, before anything is removed, if one of them cannot be read."""
        keep = set(names)
        manifests = [self.read(name) for name in keep]
        for name in set(self.names()) - keep:
            (self.root / f"{name}.json").unlink()
        used = {m.database for m in manifests}
        used |= {kept.sha256 for m in manifests for kept in m.files.values()}
        freed = 0
        for entry in self._objects.entries():
            if entry.sha256 not in used and self._objects.delete(entry.sha256):
                freed += entry.size
        return freed

    @contextmanager
    def _new_file(self) -> Iterator[tuple[Path, BinaryIO]]:
        """A file under a temporary name, complete on the disk once the block ends well."""
        path = self.root / f".{uuid.uuid4().hex}.part"
        try:
            with open(path, "xb", opener=_private) as file:
                yield path, file
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            path.unlink(missing_ok=True)
            raise


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _kept(document: dict[str, Any]) -> Kept:
    kept = Kept(**document)
    _must_be_hash(kept.sha256)
    return kept


def _must_be_hash(text: str) -> None:
    """It becomes part of a path. Raises ValueError."""
    if not is_hash(text):
        raise ValueError(f"not a hash: {text}")


def _relative(text: str) -> str:
    """A path below the data folder. Raises ValueError."""
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts or path.parts[0] not in (*FOLDERS, SECRET_KEY):
        raise ValueError(f"not a file of the data folder: {text}")
    return text
