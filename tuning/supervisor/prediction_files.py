"""The predictions on the test rows that a runner leaves beside its model, checked before they are
stored: pages read them by their places, so they are known to be plain numbers."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tuning.protocol.evaluation import ACTUAL, COLUMNS, PREDICTED, ROW
from tuning.protocol.events import BadEvent

from .files import open_plain, store_open_file

# Of a .npy file before its numbers.
_HEADER = 4096


def store_predictions(
    source: Path, target: Path, rows: int, heartbeat: Callable[[], None] = lambda: None
) -> None:
    """Copy the file to its place if it holds a line for each test row. Raises BadEvent."""
    with open_plain(source) as reader:
        if os.fstat(reader.fileno()).st_size > rows * 8 * len(COLUMNS) + _HEADER:
            raise BadEvent("predictions of too many rows")
        store_open_file(reader, target, heartbeat, lambda copy: _check(copy, rows))


def _check(path: Path, rows: int) -> None:
    try:
        lines = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise BadEvent("predictions that are not an array") from error
    if lines.dtype != np.float64 or lines.shape != (rows, len(COLUMNS)):
        raise BadEvent(f"predictions of the shape {lines.shape}")
    if not np.isfinite(lines[:, [ROW, ACTUAL, PREDICTED]]).all():
        raise BadEvent("predictions that are not finite")
