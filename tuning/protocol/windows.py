"""Windows cut from a table whose rows follow each other in time.

A window has `look_back` rows that a model sees and the `horizon` rows after them whose targets it
predicts; windows begin every `stride` rows. A table may hold several series, such as one for each
store, which a column names: no window has rows of two of them. A prepared dataset stores the rows
once (`runner/datasets/tables/windows.py`) and windows are cut from them
(`runner/inputs/windows.py`). A column that is known in advance, such as the weekday, is stored
`horizon` rows earlier: the last rows that a model sees then have its values for the rows that it
predicts.

Standard library only: the site reckons with windows, too.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

# Of one window. More would not fit into memory once they are inputs of a network.
MAX_LOOK_BACK = 10_000
# What a form proposes.
LOOK_BACK = 24
# A fraction that is 0 up to rounding.
_SMALLEST = 1e-9


class TooFewWindows(ValueError):
    """They cannot be divided into parts."""


@dataclass(frozen=True)
class Windows:
    """`rows`: of the table, those included of which only the targets are used. `series`: how many
    series the table holds; of several, `total` is the number of their windows."""

    look_back: int
    horizon: int
    stride: int
    rows: int
    series: int = 1
    total: int = 0

    @classmethod
    def of(cls, profile: Mapping[str, Any]) -> Self | None:
        """Those of a prepared dataset; None of rows that are no windows."""
        facts = profile.get("windows")
        if not facts:
            return None
        names = ("look_back", "horizon", "stride", "rows")
        look_back, horizon, stride, rows = (int(facts[name]) for name in names)
        series, total = int(facts.get("series_count", 1)), int(facts.get("count", 0))
        return cls(look_back, horizon, stride, rows, series, total)

    @property
    def length(self) -> int:
        return self.look_back + self.horizon

    @property
    def count(self) -> int:
        if self.series > 1:
            return self.total
        return max(0, (self.rows - self.length) // self.stride + 1)

    @property
    def gap(self) -> int:
        """How many windows of a series lie between two parts of a split, so that no row is in
        both."""
        return math.ceil(self.length / self.stride) - 1

    @property
    def overlapping(self) -> int:
        """How many windows predict a row that one of them predicts, itself included, or a row of
        another series at that time: their errors are alike."""
        return (2 * math.ceil(self.horizon / self.stride) - 1) * self.series

    @property
    def smallest(self) -> int:
        """How many rows a table needs so that each of three parts has a window."""
        return self.length + (2 + 2 * self.gap) * self.stride

    def start(self, window: int) -> int:
        """Its first row."""
        return window * self.stride

    def parts(self, train: float, validation: float, test: float) -> list[range]:
        """The windows of one series for training, validation and test in the order of time, by
        fractions. Windows that share a row with those of two parts are in neither. Of several
        series, `splits/windows.py` knows them. Raises TooFewWindows."""
        fractions = [train, validation, test]
        wanted = [place for place, fraction in enumerate(fractions) if fraction > _SMALLEST]
        usable = self.count - self.gap * (len(wanted) - 1)
        if usable < len(wanted):
            raise TooFewWindows(
                f"{self.rows:,} rows are too few for windows of {self.look_back:,} + "
                f"{self.horizon:,} rows in {len(wanted)} parts, between which a window's length "
                f"is left out. At least {self.smallest:,} rows are needed."
            )
        found = [range(0)] * len(fractions)
        start = taken = 0
        total = sum(fractions)
        for number, place in enumerate(wanted, 1):
            end = round(usable * sum(fractions[: place + 1]) / total)
            # Each part that is wanted has a window at least.
            end = min(max(end, taken + 1), usable - (len(wanted) - number))
            found[place] = range(start, start + end - taken)
            start, taken = start + end - taken + self.gap, end
        return found
