"""The predictions on the test rows that a runner leaves beside its model, checked before they are
stored: pages read them by their places, so they are known to be plain numbers."""

import base64
import binascii
import csv
import io
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tuning.analysis.exports import guarded
from tuning.protocol.evaluation import CONFIDENCE, OF_A_TARGET, ROW
from tuning.protocol.events import BadEvent
from tuning.protocol.tasks import MAX_TARGETS

from .files import open_plain, store_open_file

_PNG = b"\x89PNG\r\n\x1a\n"
# Of a .npy file before its numbers.
_HEADER = 4096
# Bytes of an answer: MAX_ROWS rows of many columns.
MAX_ANSWER = 1 << 28


def store_predictions(
    source: Path, target: Path, rows: int, heartbeat: Callable[[], None] = lambda: None
) -> None:
    """Copy the file to its place if it holds a line for each test row. Raises BadEvent."""
    with open_plain(source) as reader:
        if os.fstat(reader.fileno()).st_size > rows * 8 * _width(MAX_TARGETS) + _HEADER:
            raise BadEvent("predictions of too many rows")
        store_open_file(reader, target, heartbeat, lambda copy: _check(copy, rows))


def _check(path: Path, rows: int) -> None:
    try:
        lines = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise BadEvent("predictions that are not an array") from error
    widths = map(_width, range(1, MAX_TARGETS + 1))
    if lines.dtype != np.float64 or lines.shape not in [(rows, width) for width in widths]:
        raise BadEvent(f"predictions of the shape {lines.shape}")
    if any(not np.isfinite(lines[:, column]).all() for column in _finite(lines.shape[1])):
        raise BadEvent("predictions that are not finite")


def store_answer(
    source: Path, target: Path, rows: int, heartbeat: Callable[[], None] = lambda: None
) -> None:
    """Write the CSV file of an answer again in its place, without anything that a spreadsheet would
    run. Raises BadEvent if it is no such file, or has another number of rows."""
    unfinished = target.with_name(f".{target.name}.part")
    try:
        with open_plain(source) as reader, unfinished.open("w", newline="", encoding="utf-8") as to:
            if os.fstat(reader.fileno()).st_size > MAX_ANSWER:
                raise BadEvent("an answer that is too large")
            text = io.TextIOWrapper(reader, "utf-8", newline="")
            writer, number = csv.writer(to), -1
            for number, cells in enumerate(csv.reader(text)):
                writer.writerow([cell if _is_number(cell) else guarded(cell) for cell in cells])
                if not number % 10_000:
                    heartbeat()
            to.flush()
            os.fsync(to.fileno())
        if number != rows:
            raise BadEvent("an answer with another number of rows")
        unfinished.replace(target)
    except (csv.Error, UnicodeDecodeError) as error:
        raise BadEvent("an answer that is not a CSV file") from error
    finally:
        unfinished.unlink(missing_ok=True)


def is_png(text: str) -> bool:
    """Whether it is a PNG in base64, by its beginning."""
    try:
        return base64.b64decode(text, validate=True).startswith(_PNG)
    except (binascii.Error, ValueError):
        return False


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _width(targets: int) -> int:
    return 1 + targets * OF_A_TARGET


def _finite(width: int) -> list[int]:
    """All columns but the confidences, which a model may not have."""
    return [ROW, *(c for c in range(1, width) if c % OF_A_TARGET != CONFIDENCE % OF_A_TARGET)]
