"""From cells to the values of x and y, and what is counted of them on the way."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from tuning.protocol.uploads import ColumnType

from .cells import text_of
from .columns import Scan
from .notation import PERCENT
from .source import Cell
from .texts import TextColumn

_BINS, _FEW_BINS, _WIDE = 20, 10, 200
_GAP = float("nan")


class Column(Protocol):
    """One column of x."""

    def take(self, cells: Sequence[Cell], usable: np.ndarray) -> np.ndarray:
        """The values of the usable cells, counted: float32, NaN for missing values."""

    def described(self) -> dict[str, Any]:
        """What the profile says of the column."""


class _ValueColumn:
    """A column whose values lie in x."""

    def take(self, cells: Sequence[Cell], usable: np.ndarray) -> np.ndarray:
        values: np.ndarray = self.values(cells)[usable]
        self.count(values)
        return values

    def values(self, cells: Sequence[Cell]) -> np.ndarray:
        """float32, NaN for missing values."""
        raise NotImplementedError

    def count(self, values: np.ndarray) -> None:
        """Take in values that are kept."""
        raise NotImplementedError


class NumberColumn(_ValueColumn):
    def __init__(self, scan: Scan, bins: int) -> None:
        self._name = scan.name
        self._scan = scan
        self._missing = 0
        low, high = scan.low, scan.high
        if low == high:
            margin = max(0.5, abs(low) / 100)
            low, high = low - margin, high + margin
        self._edges = np.linspace(low, high, bins + 1)
        self._counts: np.ndarray = np.zeros(bins, np.int64)

    def values(self, cells: Sequence[Cell]) -> np.ndarray:
        return mapped(cells, self._scan.read, np.float32)

    def count(self, values: np.ndarray) -> None:
        there = values[~np.isnan(values)].astype(np.float64)
        self._missing += len(values) - len(there)
        low, high = self._edges[0], self._edges[-1]
        last = len(self._counts) - 1
        places = ((there - low) / (high - low) * len(self._counts)).astype(np.int64)
        self._counts += np.bincount(places.clip(0, last), minlength=last + 1)

    def described(self) -> dict[str, Any]:
        histogram = {"edges": self._edges.tolist(), "counts": self._counts.tolist()}
        described = {
            "name": self._name,
            "type": ColumnType.NUMBER.value,
            "missing": self._missing,
            "histogram": histogram,
        }
        # How a downloaded model reads this column's texts.
        notation = self._scan.read.notation
        if self._scan.read.written or notation.decimal != ".":
            described |= {"decimal": notation.decimal, "percent": notation.unit == PERCENT}
        return described


class CategoryColumn(_ValueColumn):
    def __init__(self, scan: Scan) -> None:
        self._name = scan.name
        self._read = scan.read
        self._missing = 0
        self._values = sorted_texts(scan)
        self._index = {text: float(index) for index, text in enumerate(self._values)}
        self._counts: np.ndarray = np.zeros(len(self._values), np.int64)

    def values(self, cells: Sequence[Cell]) -> np.ndarray:
        return mapped(cells, self._value, np.float32)

    def _value(self, cell: Cell) -> float | None:
        return None if self._read(cell) is None else self._index[text_of(cell)]

    def count(self, values: np.ndarray) -> None:
        there = values[~np.isnan(values)].astype(np.int64)
        self._missing += len(values) - len(there)
        self._counts += np.bincount(there, minlength=len(self._counts))

    def described(self) -> dict[str, Any]:
        return {
            "name": self._name,
            "type": ColumnType.CATEGORY.value,
            "missing": self._missing,
            "values": self._values,
            "counts": self._counts.tolist(),
        }


def column_of(scan: Scan, kind: ColumnType, width: int) -> Column:
    """The column of x that a column of the file becomes; `width` is how many there are."""
    if kind == ColumnType.TEXT:
        return TextColumn(scan.name, scan.read)
    if kind == ColumnType.CATEGORY:
        return CategoryColumn(scan)
    return NumberColumn(scan, _BINS if width <= _WIDE else _FEW_BINS)


def sorted_texts(scan: Scan) -> list[str]:
    """The different texts of a column: numbers by their size, others by their letters."""
    texts = sorted(scan.counts or ())
    if scan.is_numeric:
        texts.sort(key=lambda text: scan.read(text))  # type: ignore[arg-type, return-value]
    return texts


def mapped(cells: Sequence[Cell], value: Callable[[Cell], Any], dtype: type) -> np.ndarray:
    """The values of cells; each different one is asked for once."""
    found = {cell: value(cell) for cell in set(cells)}
    numbers = {cell: _GAP if number is None else number for cell, number in found.items()}
    return np.fromiter(map(numbers.__getitem__, cells), dtype, len(cells))
