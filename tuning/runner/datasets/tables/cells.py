"""What one cell says: a number, a text, or nothing."""

import re
from collections.abc import Iterable

import numpy as np

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
LARGEST = float(np.finfo(np.float32).max)


class CellReader:
    """Reads cells: a float is a number, a str a text without spaces around it, None a gap.

    It remembers what pandas needs to see the same: markers of missing values, signs between
    thousands.
    """

    def __init__(self, decimal: str = ".", gaps: Iterable[str] = ()) -> None:
        """`gaps`: further markers of missing values, numbers included."""
        self._decimal = decimal
        self._gaps = frozenset(word.strip().lower() for word in gaps)
        comma = "," if decimal == "." else "."
        # 1,234,567.8: always the same sign, always three digits.
        self._grouped = re.compile(
            rf"[+-]?\d{{1,3}}([{comma}'’ \u00a0\u202f])\d{{3}}(?:\1\d{{3}})*"
            rf"(?:{re.escape(decimal)}\d*)?"
        )
        self.missing_markers: set[str] = set()
        self.group_signs: set[str] = set()

    def __call__(self, cell: Cell) -> float | str | None:
        if cell is None:
            return None
        if not isinstance(cell, str):
            number = _float(cell)
            return number if abs(number) <= LARGEST else str(cell)
        if self._gaps and cell.strip().lower() in self._gaps:
            self.missing_markers.add(cell)
            return None
        # Numbers first: most cells of large files are some.
        value = self._number(cell)
        if value is not None:
            return value
        text = cell.strip()
        if text.lower() in _MISSING:
            self.missing_markers.add(cell)
            return None
        value = self._number(text) if text != cell else None
        return text if value is None else value

    def _number(self, text: str) -> float | None:
        plain = text
        if self._decimal == ",":
            plain = "" if "." in text else text.replace(",", ".")
        try:
            number = float(plain)
        except ValueError:
            match = self._grouped.fullmatch(text)
            if match is None:
                return None
            self.group_signs.add(match[1])
            plain = text.replace(match[1], "").replace(self._decimal, ".")
            number = float(plain)
        # float() also reads 1_000, infinity and the digits of all scripts.
        if "_" in plain or not plain.isascii() or not abs(number) <= LARGEST:
            return None
        return number


def _float(cell: float) -> float:
    try:
        return float(cell)
    except OverflowError:
        return float("inf")


def text_of(cell: Cell) -> str:
    """A cell as the name of a category or class: 3.0 is “3”."""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return str(cell).strip()
