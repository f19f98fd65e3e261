"""Files that rows point to: written under a temporary name, synced, renamed, the row last."""

import hashlib
import os
import shutil
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from tuning.models import Dataset, SavedModel, Search
from tuning.protocol.statuses import SearchStatus

CHUNK = 1 << 20
# Younger files may belong to a row that is about to be written.
SWEEP_AFTER = timedelta(hours=1)


def store_file(source: Path, target: Path) -> tuple[int, str]:
    """Copy a runner's file to its place. Returns its size in bytes and its SHA-256.

    A link is refused: it would let a runner hand out files that it cannot read itself.
    """
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = target.with_name(f".{target.name}.part")
    digest, size = hashlib.sha256(), 0
    descriptor = os.open(source, os.O_RDONLY | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "rb") as reader, temporary.open("wb") as writer:
        while chunk := reader.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
            writer.write(chunk)
        writer.flush()
        os.fsync(writer.fileno())
    temporary.replace(target)
    _sync_folder(target.parent)
    return size, digest.hexdigest()


def store_folder(source: Path, target: Path) -> None:
    """Copy a flat folder of a runner's plain files to its place, all of it or nothing."""
    if target.exists():
        return
    temporary = target.with_name(f".{target.name}.part")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True, mode=0o700)
    for entry in sorted(source.iterdir()):
        if entry.is_file() and not entry.is_symlink():
            store_file(entry, temporary / entry.name)
    temporary.rename(target)
    _sync_folder(target.parent)


def folder_digest(folder: Path) -> str:
    """The SHA-256 of a folder's names and contents."""
    digest = hashlib.sha256()
    for entry in sorted(folder.iterdir()):
        with entry.open("rb") as reader:
            content = hashlib.file_digest(reader, "sha256").hexdigest()
        digest.update(f"{entry.name} {content}\n".encode())
    return digest.hexdigest()


def checkpoint_folder(search_id: int, oracle_id: str) -> Path:
    """Where the best weights of a Hyperband trial wait for the trial that continues it."""
    return Path(settings.CHECKPOINTS_ROOT) / str(search_id) / oracle_id


def sweep() -> None:
    """Remove files that no row refers to."""
    saved = set(SavedModel.objects.exclude(file="").values_list("file", flat=True))
    _sweep_below(Path(settings.SAVED_MODELS_ROOT), keep=saved)
    prepared = set(Dataset.objects.exclude(folder="").values_list("folder", flat=True))
    _sweep_below(Path(settings.DATASETS_ROOT), keep=prepared)
    unfinished = Search.objects.filter(tuner=Search.Tuner.HYPERBAND).exclude(
        status=SearchStatus.COMPLETED
    )
    searches = {str(pk) for pk in unfinished.values_list("pk", flat=True)}
    _sweep_below(Path(settings.CHECKPOINTS_ROOT), keep=searches)


def _sweep_below(root: Path, keep: set[str]) -> None:
    limit = (timezone.now() - SWEEP_AFTER).timestamp()
    for entry in root.iterdir():
        if entry.name in keep or entry.stat().st_mtime > limit:
            continue
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
