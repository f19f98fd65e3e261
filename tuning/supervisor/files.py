"""Files that rows point to: written under a temporary name, synced, renamed, the row last."""

import hashlib
import os
import shutil
import stat
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.utils import timezone

from tuning.models import (
    Dataset,
    ModelEvaluation,
    PartialUpload,
    Prediction,
    Project,
    SavedModel,
    SearchImport,
)
from tuning.protocol.events import BadEvent
from tuning.protocol.statuses import Status
from tuning.splits.arranged import arranged_folder
from tuning.storage.locks import sweep_locks
from tuning.storage.stored import list_of, make_folder

CHUNK = 1 << 20
# Younger files may belong to a row that is about to be written.
SWEEP_AFTER = timedelta(hours=1)
# How long a refused upload's page says why.
REFUSALS_FOR = timedelta(days=1)


Heartbeat = Callable[[], None]


def store_file(
    source: Path | str, target: Path, heartbeat: Heartbeat = lambda: None, folder: int | None = None
) -> tuple[int, str]:
    """Copy a runner's file (by a path, or by its name in an open folder) to its place, calling
    `heartbeat` meanwhile. Returns its size in bytes and its SHA-256. Raises BadEvent if there is no
    plain file: a link would hand out files that the runner cannot read, a pipe never ends."""
    with os.fdopen(_open_plain(source, folder), "rb") as reader:
        return store_open_file(reader, target, heartbeat)


def store_open_file(
    reader: BinaryIO,
    target: Path,
    heartbeat: Heartbeat,
    check: Callable[[Path], None] = lambda _: None,
) -> tuple[int, str]:
    """The same for a file that is open already, if `check` does not raise: it gets the copy, since
    a runner may go on writing into its own. What is appended meanwhile is left out."""
    make_folder(target.parent)
    temporary = target.with_name(f".{target.name}.part")
    digest, size = hashlib.sha256(), 0
    left = os.fstat(reader.fileno()).st_size
    try:
        with temporary.open("wb") as writer:
            while chunk := reader.read(min(CHUNK, left - size)):
                digest.update(chunk)
                size += len(chunk)
                writer.write(chunk)
                heartbeat()
            writer.flush()
            os.fchmod(writer.fileno(), stat.S_IMODE(target.parent.stat().st_mode) & 0o640)
            os.fsync(writer.fileno())
        check(temporary)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(target.parent)
    return size, digest.hexdigest()


def store_folder(
    root: Path, target: Path, *names: str, heartbeat: Heartbeat = lambda: None
) -> None:
    """Copy the plain files of a runner's folder (below its `root`, by `names`) to their place, all
    of them or nothing. Raises BadEvent."""
    if target.exists():
        # Young again: its row may be about to be written.
        os.utime(target)
        return
    temporary = target.with_name(f".{target.name}.part")
    shutil.rmtree(temporary, ignore_errors=True)
    make_folder(temporary)
    descriptor = _open_folder(root, *names)
    try:
        with os.scandir(descriptor) as entries:
            plain = sorted(e.name for e in entries if e.is_file(follow_symlinks=False))
        for name in plain:
            store_file(name, temporary / name, heartbeat, descriptor)
    finally:
        os.close(descriptor)
    temporary.rename(target)
    _sync_folder(target.parent)


def copy_into(source: Path, root: Path, *names: str) -> None:
    """Lay the files of `source` into a runner's folder, which is made. Raises BadEvent if something
    lies in the way: through a link, a runner could have us write where it must not."""
    descriptor = _open_folder(root, *names, make=True)
    owner = root.lstat()
    try:
        for entry in sorted(source.iterdir()):
            with suppress(FileNotFoundError):
                os.unlink(entry.name, dir_fd=descriptor)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
            writing = os.open(entry.name, flags, 0o600, dir_fd=descriptor)
            os.fchown(writing, owner.st_uid, owner.st_gid)
            with entry.open("rb") as reader, os.fdopen(writing, "wb") as writer:
                shutil.copyfileobj(reader, writer, CHUNK)
    finally:
        os.close(descriptor)


def _open_folder(root: Path, *names: str, make: bool = False) -> int:
    """A descriptor of a folder below `root`. No link on the way is followed."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
    descriptor = os.open(root, flags)
    owner = os.fstat(descriptor)
    for name in names:
        above = descriptor
        try:
            if make:
                with suppress(FileExistsError):
                    os.mkdir(name, 0o700, dir_fd=above)
            descriptor = os.open(name, flags, dir_fd=above)
            if make:
                os.fchown(descriptor, owner.st_uid, owner.st_gid)
        except OSError as error:
            raise BadEvent(f"a missing folder: {name!r}") from error
        finally:
            os.close(above)
    return descriptor


def open_plain(source: Path) -> BinaryIO:
    """A file that a runner left, to be read. Raises BadEvent if it is no plain one."""
    return os.fdopen(_open_plain(source, None), "rb")


def _open_plain(source: Path | str, folder: int | None) -> int:
    problem = f"a missing file: {Path(source).name!r}"
    try:
        # Not blocking: nobody may ever write into a pipe.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
        descriptor = os.open(source, flags, dir_fd=folder)
    except OSError as error:
        raise BadEvent(problem) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise BadEvent(problem)
    return descriptor


def folder_digest(folder: Path) -> str:
    """The SHA-256 of a folder's names and contents. Raises BadEvent for anything but plain files:
    a runner may have put a link or a pipe there."""
    files = {}
    for entry in folder.iterdir():
        with os.fdopen(_open_plain(entry, None), "rb") as reader:
            files[entry.name] = hashlib.file_digest(reader, "sha256").hexdigest()
    return hashlib.sha256(list_of(files)).hexdigest()


def sweep() -> None:
    """Remove files that no row refers to, and refused uploads once they have been read about. Of
    checkpoints, `checkpoints.py` knows more."""
    told = timezone.now() - REFUSALS_FOR
    refused = Dataset.objects.filter(source=Dataset.Source.UPLOAD, status=Status.FAILED, folder="")
    refused.filter(finished_at__lt=told, projects=None).delete()
    SearchImport.objects.filter(status=Status.FAILED, finished_at__lt=told).delete()
    saved = set(SavedModel.objects.exclude(file="").values_list("file", flat=True))
    saved |= set(ModelEvaluation.objects.exclude(file="").values_list("file", flat=True))
    _sweep_below(Path(settings.SAVED_MODELS_ROOT), keep=saved)
    prepared = set(Dataset.objects.exclude(folder="").values_list("folder", flat=True))
    _sweep_below(Path(settings.DATASETS_ROOT), keep=prepared)
    _sweep_splits()
    sweep_locks()
    # Uploads whose row was never written, and those that broke off. Those in parts may go on.
    PartialUpload.objects.abandoned().delete()
    awaited = Dataset.objects.active().filter(source=Dataset.Source.UPLOAD)
    uploads = set(awaited.values_list("key", flat=True))
    uploads |= set(SearchImport.objects.active().values_list("key", flat=True))
    uploads |= set(PartialUpload.objects.values_list("key", flat=True))
    uploads |= set(Prediction.objects.active().values_list("key", flat=True))
    _sweep_below(Path(settings.UPLOADS_ROOT), keep=uploads)
    Prediction.objects.forgotten().delete()
    answers = set(Prediction.objects.exclude(file="").values_list("file", flat=True))
    _sweep_below(Path(settings.PREDICTIONS_ROOT), keep=answers)


def _sweep_splits() -> None:
    """Rows that were laid down in the order of a split that no project has any more."""
    root = Path(settings.DATASETS_ROOT)
    projects = Project.objects.select_related("dataset").exclude(dataset__folder="")
    keep = {arranged_folder(root / p.dataset.folder, p.split).name for p in projects}
    for folder in {path.parent for path in root.glob("*/split-*")}:
        _sweep_below(folder, keep | {path.name for path in folder.iterdir() if path.is_file()})


def _sweep_below(root: Path, keep: set[str]) -> None:
    limit = (timezone.now() - SWEEP_AFTER).timestamp()
    for entry in root.iterdir():
        # Another worker may sweep at the same moment.
        with suppress(FileNotFoundError):
            if entry.name in keep or entry.stat().st_mtime > limit:
                continue
            if entry.is_dir():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
