"""Taking over an uploaded file: it becomes the original of a row, and a worker hears of it."""

import os
from collections.abc import Callable
from pathlib import Path

from tuning.models import Dataset, PartialUpload, Prediction, SearchImport
from tuning.storage.configured import store
from tuning.storage.stored import keep_file

from .dispatch import ring


def take_over(
    file: Path, row: Dataset | Prediction | SearchImport, save: Callable[[], None] | None = None
) -> None:
    """Save the row with this file, which must lie in the uploads folder. Both stay, or neither; the
    file is back in its place then, so that it need not be sent again.
    `save` saves the row together with what belongs to it, in a transaction of its own: to store a
    large file takes minutes, for which nothing may be locked. Raises StorageError."""
    # Another machine may read it, and nobody has another copy.
    with file.open("rb") as written:
        os.fsync(written.fileno())
    file.rename(row.original)
    try:
        row.upload_sha256 = keep_file(row.original) or row.upload_sha256
        row.upload_size = row.original.stat().st_size
        (save or row.save)()
    except BaseException:
        row.original.rename(file)
        row.uploaded.remove()
        raise
    if store():
        # Whoever needs it fetches it: this machine may be one that no worker sweeps.
        row.uploaded.remove()
    ring()


def take_over_stored(upload: PartialUpload, row: Dataset, save: Callable[[], None]) -> None:
    """The same for a file that went straight to the store."""
    row.upload_sha256, row.upload_size = upload.sha256, upload.size
    save()
    ring()
