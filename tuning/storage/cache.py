"""Which copies of this machine may go: those that the store has, too.

For each of them there is a file in `DATA_ROOT/cached`, named after its place, with the address of
the store. Its time says when the copy was last used. Places without one have the only copy that is
known here, and stay; those of another store, too, which may be gone.
"""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from urllib.parse import quote, unquote

from django.conf import settings

from .locks import try_lock

# What a runner was just given is still to be opened.
_IN_USE_SECONDS = 900
# A fetch that goes on writes all the time.
_ABANDONED_SECONDS = 24 * 3600


@dataclass(frozen=True)
class _Copy:
    marker: Path
    place: Path
    used: float
    size: int


def lock_name(place: Path) -> str:
    """Of the lock without which nobody makes or removes this machine's copy."""
    return f"copy-{_marker(place).name}"


def note(place: Path) -> None:
    """The store has this, too."""
    descriptor = os.open(_marker(place), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(settings.STORAGE_URL)


def note_use(place: Path) -> None:
    with suppress(FileNotFoundError):
        os.utime(_marker(place))


def forget(place: Path) -> None:
    _marker(place).unlink(missing_ok=True)


def trim() -> None:
    """Remove copies until those that are left fit into STORAGE_CACHE_MB, the least recently used
    first."""
    copies = sorted(_copies(), key=lambda copy: copy.used)
    excess = sum(copy.size for copy in copies) - (settings.STORAGE_CACHE_MB << 20)
    for copy in copies:
        if excess <= 0 or copy.used > time.time() - _IN_USE_SECONDS:
            break
        if _remove(copy):
            excess -= copy.size
    _remove_unfinished()


def _copies() -> Iterator[_Copy]:
    for marker in Path(settings.CACHED_ROOT).iterdir():
        place = Path(settings.DATA_ROOT) / unquote(marker.name)
        with suppress(FileNotFoundError):
            if not place.exists():
                # Removed with its row, or by a process that was killed here.
                marker.unlink()
                continue
            # Earlier versions wrote no address: there was one store.
            if marker.read_text() not in ("", settings.STORAGE_URL):
                continue
            yield _Copy(marker, place, marker.stat().st_mtime, _size(place))


def _size(place: Path) -> int:
    files = [place] if place.is_file() else place.rglob("*")
    return sum(each.lstat().st_size for each in files)


def _remove(copy: _Copy) -> bool:
    """Unless it is being fetched now, or was used or forgotten since we looked at all copies."""
    descriptor = try_lock(lock_name(copy.place))
    if descriptor is None:
        return False
    try:
        # Whole or not at all, for those who look, and never taken for an unfinished fetch.
        leaving = copy.place.with_name(f".{copy.place.name}.gone")
        _discard(leaving)
        with suppress(FileNotFoundError):
            if copy.marker.stat().st_mtime != copy.used:
                return False
            copy.place.rename(leaving)
            copy.marker.unlink()
        _discard(leaving)
        return True
    finally:
        os.close(descriptor)


def _remove_unfinished() -> None:
    """What is left of fetches and removals that broke off."""
    limit = time.time() - _ABANDONED_SECONDS
    for root in (settings.SAVED_MODELS_ROOT, settings.DATASETS_ROOT):
        for path in chain(Path(root).glob(".*.part"), Path(root).glob(".*.gone")):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < limit:
                    _discard(path)


def _discard(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _marker(place: Path) -> Path:
    relative = place.relative_to(settings.DATA_ROOT)
    return Path(settings.CACHED_ROOT) / quote(str(relative), safe="")
