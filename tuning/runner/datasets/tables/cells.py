"""What one cell says: a number, a text, or nothing."""

from collections.abc import Iterable

import numpy as np

from tuning.protocol.written_numbers import read_number

from .notation import Notation
from .source import Cell

# What pandas takes for missing values, and more that people write; compared in small letters.
PANDAS_MISSING = frozenset(
    {"", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN",
     "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"}
)  # fmt: skip
_MISSING = frozenset(word.lower() for word in PANDAS_MISSING) | {
    "?",
    "-",
    "--",
    "–",
    "—",
    ".",
    "nil",
}
# Below it floats hold every whole number.
LARGEST_WHOLE = 1e15
LARGEST = float(np.finfo(np.float32).max)


class CellReader:
    """Reads cells of a column: a float is a number, a str a text without spaces around it, None a
    missing value.

    It remembers what pandas needs to see the same: markers of missing values, and whether there
    are numbers that are not written as programs write them (`written`: the first one).
    """

    def __init__(
        self,
        notation: Notation = Notation(),  # noqa: B008  it is frozen
        gaps: Iterable[str] = (),
        values: Iterable[str] = (),
    ) -> None:
        """`gaps`: further markers of missing values, numbers included; `values`: usual markers
        that are values in this table."""
        self.notation = notation
        self._gaps = _plain(gaps)
        self._missing = _MISSING - _plain(values) | {""}
        self._numbers = {number for word in self._gaps if (number := _parsed(word)) is not None}
        self.missing_markers: set[str] = set()
        self.written: tuple[str, float] | None = None
        self.has_texts = False

    def __call__(self, cell: Cell) -> float | str | None:
        if cell is None:
            return None
        if not isinstance(cell, str):
            number = _float(cell)
            if number in self._numbers:
                return None
            return number if abs(number) <= LARGEST else str(cell)
        if self._gaps and cell.strip().lower() in self._gaps:
            self.missing_markers.add(cell)
            return None
        # Numbers first: most cells of large files are some.
        value = self._number(cell)
        if value is not None:
            return self._unless_gap(value, cell)
        text = cell.strip()
        if text.lower() in self._missing:
            self.missing_markers.add(cell)
            return None
        value = self._number(text) if text != cell else None
        return text if value is None else self._unless_gap(value, cell)

    def _unless_gap(self, number: float, cell: str) -> float | None:
        """-999 is the marker -999.0, too."""
        if number in self._numbers:
            self.missing_markers.add(cell)
            return None
        return number

    def _number(self, text: str) -> float | None:
        plain = text
        if self.notation.decimal == ",":
            plain = "" if "." in text else text.replace(",", ".")
        try:
            number = float(plain)
        except ValueError:
            return self._written(text)
        # float() also reads 1_000, infinity and the digits of all scripts.
        if "_" in plain or not plain.isascii() or not abs(number) <= LARGEST:
            return None
        if number and self.notation.unit == "%":
            return None
        self.has_texts = True
        return number

    def _written(self, text: str) -> float | None:
        found = read_number(text, self.notation.decimal)
        if found is None or not abs(found[0]) <= LARGEST:
            return None
        number, unit = found
        if unit != self.notation.unit and (unit or (number and self.notation.unit == "%")):
            return None
        self.has_texts = True
        if self.written is None:
            self.written = (text, number)
        return number


def _plain(words: Iterable[str]) -> frozenset[str]:
    return frozenset(word.strip().lower() for word in words)


def _parsed(word: str) -> float | None:
    found = read_number(word)
    return found[0] if found else None


def _float(cell: float) -> float:
    try:
        return float(cell)
    except OverflowError:
        return float("inf")


def text_of(cell: Cell) -> str:
    """A cell as the name of a category or class: 3.0 is “3”."""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < LARGEST_WHOLE:
        return str(int(cell))
    return str(cell).strip()
