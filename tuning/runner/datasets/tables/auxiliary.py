"""Columns of a table that are no inputs but say something of each row: its group or its time, by
which projects divide the rows, or its weight in training.

Their values are stored beside x, one file for each (`splits/stored.py`): of a group its number, of
a time the number or the days since 1970-01-01, of a weight the number.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from tuning.protocol.uploads import AUXILIARY, MAX_AUXILIARY, ColumnType, Upload
from tuning.protocol.written_dates import days_of
from tuning.runner.failures import BadData

from .cells import text_of
from .choices import check_is_numeric
from .columns import Scan
from .dates import order_of_dates
from .filling import mapped
from .schema_detection import DetectedSchema
from .source import Cell

_EXACT = 2**53


class AuxiliaryColumn:
    """`values`: those of the rows that were taken."""

    kind: ColumnType

    def __init__(self, scan: Scan) -> None:
        self.name = scan.name
        self.scan = scan
        self._pieces: list[np.ndarray] = []

    def take(self, cells: Sequence[Cell], usable: np.ndarray, row: int) -> None:
        """Keep the values of the usable cells; the first cell is in `row`. Raises BadData."""
        values = self._values(cells, row)
        for at in np.flatnonzero(np.isnan(values) & usable)[:1]:
            raise BadData(
                f"“{self.name}” is empty in row {row + at:,}, but each row needs a {self.kind}. "
                "Fix the file, or leave the column out."
            )
        self._pieces.append(values[usable])

    @property
    def values(self) -> np.ndarray:
        return np.concatenate(self._pieces)

    def choose(self, places: np.ndarray) -> None:
        """Keep these of the rows that were taken, in this order."""
        self._pieces = [self.values[places]]

    def described(self) -> dict[str, Any]:
        """What the profile says of the column."""
        return {"name": self.name, "type": self.kind.value, **self._facts(self.values)}

    def note(self) -> str:
        """A sentence about it."""
        raise NotImplementedError

    def _values(self, cells: Sequence[Cell], row: int) -> np.ndarray:
        """NaN where there is none."""
        raise NotImplementedError

    def _facts(self, values: np.ndarray) -> dict[str, Any]:
        raise NotImplementedError


class Group(AuxiliaryColumn):
    """Rows without a value are a group of their own: nobody knows which of them belong together."""

    kind = ColumnType.GROUP

    def __init__(self, scan: Scan) -> None:
        super().__init__(scan)
        self._numbers: dict[str, int] = {}

    @property
    def texts(self) -> dict[int, str]:
        """What each group is called, by its number."""
        return {number: text for text, number in self._numbers.items()}

    def _values(self, cells: Sequence[Cell], row: int) -> np.ndarray:
        return mapped(cells, self._number, np.int64)

    def _number(self, cell: Cell) -> int:
        found = self.scan.read(cell)
        if found is None:
            return -1
        # However a number is written: 7, 7.0 and 07 are one patient. Longer ones are no floats.
        short = isinstance(found, float) and abs(found) < _EXACT
        text = text_of(found if short else cell)
        return self._numbers.setdefault(text, len(self._numbers))

    def _facts(self, values: np.ndarray) -> dict[str, Any]:
        counts = np.unique(values, return_counts=True)[1]
        missing = int((values < 0).sum())
        return {"different": len(counts), "largest": int(counts.max()), "missing": missing}

    def note(self) -> str:
        facts = self.described()
        note = (
            f"{self.name} is the group of each row: {facts['different']:,} groups, of which the "
            f"largest has {facts['largest']:,} rows."
        )
        if facts["missing"]:
            note += f" The {facts['missing']:,} rows without a value are one group."
        return note


class Time(AuxiliaryColumn):
    kind = ColumnType.TIME

    def __init__(self, scan: Scan, order: str) -> None:
        """`order`: of year, month and day; empty for numbers."""
        super().__init__(scan)
        self.order = order

    def _values(self, cells: Sequence[Cell], row: int) -> np.ndarray:
        if not self.order:
            return mapped(cells, self.scan.read, np.float64)
        try:
            return mapped(cells, self._days, np.float64)
        except ValueError:
            at, cell = next(each for each in enumerate(cells) if not self._is_date(each[1]))
            raise BadData(
                f"Column “{self.name}”, row {row + at:,}: “{str(cell)[:40]}” is neither a number "
                "nor a date like the others, such as 2024-01-31, 31.1.2024 or 1/31/2024."
            ) from None

    def _days(self, cell: Cell) -> float | None:
        return None if self.scan.read(cell) is None else days_of(str(cell), self.order)

    def _is_date(self, cell: Cell) -> bool:
        try:
            self._days(cell)
        except ValueError:
            return False
        return True

    def _facts(self, values: np.ndarray) -> dict[str, Any]:
        return {
            "different": len(np.unique(values)), "low": float(values.min()),
            "high": float(values.max()), "dates": bool(self.order), "missing": 0,
        }  # fmt: skip

    def note(self) -> str:
        return f"{self.name} is the time of each row, by which projects can split."


class Weight(AuxiliaryColumn):
    kind = ColumnType.WEIGHT

    def __init__(self, scan: Scan) -> None:
        super().__init__(scan)
        if scan.low < 0:
            raise BadData(f"“{scan.name}” has negative values, but weights are 0 or larger.")
        if scan.high <= 0:
            raise BadData(f"“{scan.name}” is 0 in every row, but some weights must be larger.")

    def _values(self, cells: Sequence[Cell], row: int) -> np.ndarray:
        return mapped(cells, self.scan.read, np.float64)

    def _facts(self, values: np.ndarray) -> dict[str, Any]:
        return {
            "different": len(np.unique(values)), "low": float(values.min()),
            "high": float(values.max()), "missing": 0,
        }  # fmt: skip

    def note(self) -> str:
        return f"{self.name} is the weight of each row, which projects can use in training."


def auxiliary_columns(
    schema: DetectedSchema, upload: Upload, targets: list[Scan]
) -> list[AuxiliaryColumn]:
    """Those that a person chose, in the order of the file. The type of a target does not count.
    Raises BadData."""
    others = {name: kind for name, kind in upload.types.items() if kind in AUXILIARY}
    kinds = {s.name: others[s.name] for s in schema.scans if s.name in others and s not in targets}
    if len(kinds) > MAX_AUXILIARY:
        raise BadData(f"{len(kinds):,} columns of groups, times and weights are more than the "
                      f"limit of {MAX_AUXILIARY}.")  # fmt: skip
    return [_column(schema, scan, kinds[scan.name]) for scan in schema.scans if scan.name in kinds]


def _column(schema: DetectedSchema, scan: Scan, kind: str) -> AuxiliaryColumn:
    if not scan.present:
        raise BadData(f"The column “{scan.name}” is empty. Leave it out.")
    if kind == ColumnType.GROUP:
        return Group(scan)
    if kind == ColumnType.WEIGHT:
        check_is_numeric(scan)
        return Weight(scan)
    return time_column(schema, scan)


def time_column(schema: DetectedSchema, scan: Scan, known: str = "") -> Time:
    """A column of numbers, or of dates in the order that they suggest; `known` as there."""
    if scan.is_numeric:
        return Time(scan, "")
    place = schema.scans.index(scan)
    cells = (Counter(piece.columns[place]) for piece in schema.table.pieces())
    return Time(scan, order_of_dates(cells, known))
