"""A row's file or folder: at its place in the data folder, and in the store if there is one.

It is written at its place first and checked there. `keep` has it in the store before a row says
so; `fetch` has it at its place on any machine. Without a store, both do nothing.
"""

import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from . import cache
from .configured import store
from .contract import (
    Damaged,
    Entry,
    Heartbeat,
    Missing,
    Store,
    hash_of,
    is_hash,
    no_heartbeat,
)
from .locks import lock
from .transfers import fetch, verified


@dataclass(frozen=True)
class StoredFile:
    """`sha256` is empty where no row has it: then there is only the data folder. `size`, in bytes:
    what a row says."""

    place: Path
    sha256: str
    size: int | None = None

    def keep(self, heartbeat: Heartbeat = no_heartbeat) -> None:
        """Raises StorageError if it is not certain that the store has it."""
        if (to := store()) and self.sha256:
            self._put(to, heartbeat)
            cache.note(self.place)
            cache.trim()

    def fetch(self, heartbeat: Heartbeat = no_heartbeat) -> Path:
        """Its place, where it is then. Without a store that may be in vain: whoever opens it sees.
        Raises StorageError; a FileNotFoundError if the store lacks it."""
        source = store()
        if source is None or not self.sha256:
            return self.place
        # Before we look: what was used just now is not removed.
        cache.note_use(self.place)
        if not self.place.exists():
            # Ten slots may want it at the same moment.
            with lock(cache.lock_name(self.place), heartbeat):
                if not self.place.exists():
                    make_folder(self.place.parent)
                    self._fetch(source, heartbeat)
                    cache.note(self.place)
            cache.trim()
        return self.place

    def is_here(self) -> bool:
        """Whether `fetch` need not ask the store, or has none to ask."""
        return self.place.exists() or not (self.sha256 and store())

    def exists(self) -> bool:
        """Whether it is here, or was stored: the store is not asked."""
        return self.place.exists() or bool(self.sha256 and store())

    def disk_use(self) -> int:
        """How much it takes here, or else in the store; 0 if it is gone. Raises Away."""
        if self.is_here():
            return bytes_of(self.place)
        if self.size is not None:
            return self.size
        try:
            return self._size_in_store()
        except Missing:
            return 0

    def content_size(self) -> int:
        """Without what was derived from it here. Raises Missing if it is gone, and Away."""
        if self.place.exists():
            return self._size_here()
        if not self.exists():
            raise Missing(f"{self.place.name} is gone.")
        return self._size_in_store()

    def _size_here(self) -> int:
        return bytes_of(self.place)

    def _size_in_store(self) -> int:
        return self._stored_size(settings.STORAGE_URL, self.sha256)

    @staticmethod
    @lru_cache(maxsize=100_000)
    def _stored_size(url: str, sha256: str) -> int:  # noqa: ARG004  another store, other content
        """What has this hash always has this size."""
        return _entry(sha256).size

    def address(self, name: str, seconds: int) -> str:
        """A link for a browser to the store's copy; "" if there is none."""
        source = store()
        return source.address(self.sha256, name, seconds) if source and self.sha256 else ""

    def pieces(self) -> Iterator[bytes] | None:
        """The store's copy, verified by its last piece; None where the file is here."""
        source = store()
        if source is None or not self.sha256 or self.place.exists():
            return None
        if source.find(self.sha256) is None:
            raise Missing("The storage lacks this content.")
        return verified(source, self.sha256)

    def remove(self) -> None:
        """This machine's copy. The store's goes once no row refers to it."""
        self.place.unlink(missing_ok=True)
        if store():
            cache.forget(self.place)

    def _put(self, to: Store, heartbeat: Heartbeat) -> None:
        if to.put(self.place, heartbeat) != self.sha256:
            raise Damaged(f"{self.place.name} changed while it was stored.")

    def _fetch(self, source: Store, heartbeat: Heartbeat) -> None:
        fetch(source, self.sha256, self.place, heartbeat)


def keep_file(place: Path, heartbeat: Heartbeat = no_heartbeat) -> str:
    """As `StoredFile.keep`, for a file whose hash is not known. Returns it; "" without a store."""
    if store() is None:
        return ""
    with place.open("rb") as reader:
        sha256 = hash_of(reader, heartbeat)[0]
    StoredFile(place, sha256).keep(heartbeat)
    return sha256


def keep_folder(place: Path, heartbeat: Heartbeat = no_heartbeat) -> str:
    """The same for a folder."""
    if store() is None:
        return ""
    sha256 = folder_hash(place, heartbeat)
    StoredFolder(place, sha256).keep(heartbeat)
    return sha256


class StoredFolder(StoredFile):
    """The plain files of a folder. Its hash is that of the list of their names and hashes, which is
    in the store as well."""

    def read(self, name: str) -> bytes:
        """One small file of it, without the others. Raises FileNotFoundError."""
        source = store()
        if source is None or not self.sha256 or self.place.exists():
            return (self.place / name).read_bytes()
        digest = contents_of(source, self.sha256).get(name)
        if digest is None:
            raise Missing(f"The storage lacks {name}.")
        return b"".join(verified(source, digest))

    @staticmethod
    @lru_cache(maxsize=100_000)
    def _stored_size(url: str, sha256: str) -> int:  # noqa: ARG004
        source = store()
        assert source is not None
        return sum(_entry(digest).size for digest in contents_of(source, sha256).values())

    def _size_here(self) -> int:
        return sum(path.stat().st_size for path in plain_files(self.place))

    def remove(self) -> None:
        shutil.rmtree(self.place, ignore_errors=True)
        if store():
            cache.forget(self.place)

    def _put(self, to: Store, heartbeat: Heartbeat) -> None:
        files = {path.name: to.put(path, heartbeat) for path in plain_files(self.place)}
        if to.put_bytes(list_of(files), heartbeat) != self.sha256:
            raise Damaged(f"{self.place.name} changed while it was stored.")

    def _fetch(self, source: Store, heartbeat: Heartbeat) -> None:
        unfinished = self.place.with_name(f".{self.place.name}.part")
        make_folder(unfinished)

        beat = _keeping_young(unfinished, heartbeat)
        for name, digest in contents_of(source, self.sha256, heartbeat).items():
            # Only whole files have their names.
            if not (unfinished / name).exists():
                fetch(source, digest, unfinished / name, beat)
        unfinished.rename(self.place)


def _keeping_young(folder: Path, heartbeat: Heartbeat) -> Heartbeat:
    """A heartbeat that also keeps an unfinished folder from being swept away."""

    def beat() -> None:
        heartbeat()
        os.utime(folder)

    # A person does not wait for so long.
    return heartbeat if heartbeat is no_heartbeat else beat


def folder_hash(folder: Path, heartbeat: Heartbeat = no_heartbeat) -> str:
    files = {}
    for path in plain_files(folder):
        with path.open("rb") as reader:
            files[path.name] = hash_of(reader, heartbeat)[0]
    return hashlib.sha256(list_of(files)).hexdigest()


def list_of(files: dict[str, str]) -> bytes:
    """Names and hashes as a text, of which a folder's hash is made."""
    return "".join(f"{name} {files[name]}\n" for name in sorted(files)).encode()


def plain_files(folder: Path) -> list[Path]:
    found = (path for path in folder.iterdir() if not path.name.startswith("."))
    return sorted(path for path in found if path.is_file() and not path.is_symlink())


def bytes_of(path: str | Path) -> int:
    """Of a file, or of all files in a folder; 0 if it is not there. What is removed meanwhile is
    left out, and no link is followed."""
    try:
        with os.scandir(path) as entries:
            return sum(
                bytes_of(entry.path)
                if entry.is_dir(follow_symlinks=False)
                else entry.stat(follow_symlinks=False).st_size
                for entry in entries
            )
    except NotADirectoryError:
        return os.lstat(path).st_size
    except FileNotFoundError:
        return 0


def _entry(sha256: str) -> Entry:
    source = store()
    entry = source.find(sha256) if source else None
    if entry is None:
        raise Missing("The storage lacks this content.")
    return entry


def make_folder(path: Path) -> None:
    """As readable as the folder above: where runners are users of their own, for their group."""
    if path.exists():
        return
    make_folder(path.parent)
    with suppress(FileExistsError):
        path.mkdir(mode=0o700)
        path.chmod(stat.S_IMODE(path.parent.stat().st_mode))


def contents_of(source: Store, folder: str, heartbeat: Heartbeat = no_heartbeat) -> dict[str, str]:
    """The hashes of a folder's files in the store, by their names. Raises Missing, Away,
    Damaged."""
    text = b"".join(verified(source, folder, heartbeat)).decode()
    files = {}
    for line in text.removesuffix("\n").split("\n"):
        name, _, digest = line.rpartition(" ")
        if not is_hash(digest) or Path(name).name != name or name.startswith("."):
            raise Damaged(f"The storage's list of files {folder} is damaged.")
        files[name] = digest
    return files
