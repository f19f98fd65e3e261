"""Taking over an uploaded file: it becomes the original of a row, and a worker hears of it."""

import os
from pathlib import Path

from tuning.models import Dataset, Prediction, SearchImport

from .dispatch import ring


def take_over(file: Path, row: Dataset | Prediction | SearchImport) -> None:
    """Save the row with this file, which must lie in the uploads folder. Both stay, or neither."""
    # Another machine may read it, and nobody has another copy.
    with file.open("rb") as written:
        os.fsync(written.fileno())
    file.rename(row.original)
    try:
        row.save()
    except BaseException:
        row.original.unlink(missing_ok=True)
        raise
    ring()
