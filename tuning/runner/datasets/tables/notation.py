"""How the numbers of one column are written, decided from all of its values.

A column has one decimal sign and one unit. Each value that only one of the signs can explain is a
vote: `1.5` and `1,234.5` for the point, `1,5` and `1.234.567` for the comma. The sign with more
votes is the column's, and what it does not explain is no number there. A column in which nothing
votes, such as one of `1,234` alone, is open: it is read with the decimal sign of the file, which is
the sign with more votes in all columns (with no votes at all, a comma for `1,234` in a file with
semicolons, else a point), and people can choose the other one.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from tuning.protocol.written_numbers import MAX_WRITTEN, read_number

from .source import Cell

PERCENT = "%"
# Digits that follow the only point of a number such as 1.234, which may be 1234 as well.
_GROUP = 3


@dataclass(frozen=True)
class Notation:
    """`unit` is a currency that numbers may have, or "%", which all of them but 0 must have."""

    decimal: str = "."
    unit: str = ""


@dataclass
class Votes:
    """What the cells of a column say about its notation."""

    points: int = 0
    commas: int = 0
    # Values that both signs explain, but differently; and those of them that have a comma.
    open: int = 0
    open_commas: int = 0
    units: Counter[str] = field(default_factory=Counter)

    def take(self, tally: Mapping[Cell, int]) -> None:
        points = bare = 0
        for cell, count in tally.items():
            if not isinstance(cell, str):
                bare += count if cell else 0
                continue
            at = cell.find(".")
            if at < 0 and cell.isdigit():
                bare += count if cell.strip("0") else 0
            elif (
                at >= 0 and cell[-1].isdigit() and len(cell) - at != _GROUP + 1 and _is_plain(cell)
            ):
                # Most cells of large files are such numbers.
                points += count
                bare += count
            else:
                self._take(cell, count)
        self.points += points
        self.units[""] += bare

    def _take(self, cell: str, count: int) -> None:
        try:
            number = 0.0 if "," in cell else float(cell)
        except ValueError:
            number = 0.0
        if number:
            self.units[""] += count
            at = cell.find(".")
            if at < 0:
                return
            if len(cell.rstrip()) - at != _GROUP + 1:
                self.points += count
                return
        if len(cell) > MAX_WRITTEN:
            return
        point = comma = read_number(cell, ".")
        if "," in cell or "." in cell:
            comma = read_number(cell, ",")
        found = point or comma
        if found is None:
            return
        if not number and found[0]:
            self.units[found[1]] += count
        if comma is None:
            self.points += count
        elif point is None:
            self.commas += count
        elif point != comma:
            self.open += count
            self.open_commas += count * ("," in cell)

    @property
    def is_open(self) -> bool:
        """Whether both decimal signs explain all numbers, but differently."""
        return bool(self.open) and self.points == self.commas == 0

    @property
    def uses_a_sign(self) -> bool:
        """Whether the decimal sign matters for any number."""
        return bool(self.points or self.commas or self.open)

    def notation(self, default: str, chosen: str = "") -> Notation:
        """`default` is the decimal sign of the file, `chosen` a person's for this column."""
        decimal = default
        if self.points != self.commas:
            decimal = "," if self.commas > self.points else "."
        return Notation(chosen or decimal, self._unit())

    def _unit(self) -> str:
        units = Counter({unit: count for unit, count in self.units.items() if unit})
        if not units:
            return ""
        unit, count = units.most_common(1)[0]
        return "" if unit == "%" and self.units[""] > count else unit


def _is_plain(cell: str) -> bool:
    """Whether a cell with a point is a number other than 0 as programs write it."""
    try:
        return bool(float(cell))
    except ValueError:
        return False


def decimal_of(votes: list[Votes], delimiter: str) -> str:
    """The decimal sign of a file."""
    points, commas = sum(one.points for one in votes), sum(one.commas for one in votes)
    if points or commas:
        return "," if commas > points else "."
    # Programs divide cells by semicolons where the comma is the decimal sign.
    return "," if delimiter == ";" and any(one.open_commas for one in votes) else "."
