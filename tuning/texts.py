"""The texts of a column in two files beside x.npy, which all readers map: UTF-8, one text after the
other, and where each ends. x holds the number of a row's text, NaN where it is missing. Needs only
numpy.
"""

from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

# What models get in place of a missing text.
MISSING = ""
# Beyond it, float32 does not hold the number of a text.
MAX_TEXTS = 2**24


class TooMuchText(Exception):
    """The texts need more bytes than there may be."""


def _paths(folder: Path, place: int) -> tuple[Path, Path]:
    return folder / f"texts-{place}.bin", folder / f"texts-{place}.npy"


class TextWriter:
    """Writes the texts of the column in place `place` of x, a piece at a time. `count`: how many
    there will be."""

    def __init__(self, folder: Path, place: int, count: int, most_bytes: int) -> None:
        contents, ends = _paths(folder, place)
        self._file = contents.open("wb")
        self._ends = np.lib.format.open_memmap(ends, mode="w+", dtype=np.int64, shape=(count,))
        self._most_bytes = most_bytes
        self._done = self._size = 0

    def add(self, texts: Iterable[str]) -> None:
        """Raises TooMuchText."""
        pieces = [text.encode("utf-8") for text in texts]
        ends = self._size + np.cumsum([len(piece) for piece in pieces], dtype=np.int64)
        self._ends[self._done : self._done + len(pieces)] = ends
        self._done += len(pieces)
        self._size = int(ends[-1]) if len(pieces) else self._size
        if self._size > self._most_bytes:
            raise TooMuchText
        self._file.write(b"".join(pieces))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._file.close()
        self._ends.flush()


class Texts:
    """The stored texts of a column. Raises OSError and ValueError if the files are none."""

    def __init__(self, folder: Path, place: int) -> None:
        contents, ends = _paths(folder, place)
        self._ends: np.ndarray = np.load(ends, mmap_mode="r", allow_pickle=False)
        # An empty file cannot be mapped.
        size = contents.stat().st_size
        self._bytes: np.ndarray = np.memmap(contents, np.uint8, "r") if size else np.empty(0, "u1")

    def __len__(self) -> int:
        return len(self._ends)

    def take(self, numbers: np.ndarray) -> np.ndarray:
        """The texts of these numbers, of any shape, as objects; `MISSING` for NaN and for numbers
        that no text has."""
        flat = np.asarray(numbers).reshape(-1)
        found: np.ndarray = np.full(len(flat), MISSING, dtype=object)
        with np.errstate(invalid="ignore"):
            known = np.flatnonzero((flat >= 0) & (flat < len(self)))
        places = flat[known].astype(np.int64)
        ends = self._ends[places].tolist()
        starts = np.where(places > 0, self._ends[np.maximum(places - 1, 0)], 0).tolist()
        for place, start, end in zip(known.tolist(), starts, ends, strict=True):
            found[place] = self._bytes[start:end].tobytes().decode("utf-8")
        return found.reshape(np.shape(numbers))
