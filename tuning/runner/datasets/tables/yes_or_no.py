"""Columns of yes and no, however they are written."""

from collections.abc import Callable

from .cells import text_of
from .columns import Scan
from .source import Cell

YES = ("1", "yes", "y", "true", "t")
NO = ("0", "no", "n", "false", "f")
_VALUES = {**dict.fromkeys(YES, 1.0), **dict.fromkeys(NO, 0.0)}


def value_of(read: Callable[[Cell], float | str | None]) -> Callable[[Cell], float | None]:
    """1 for yes, 0 for no, None for all else."""

    def value(cell: Cell) -> float | None:
        found = read(cell)
        return None if found is None else _VALUES.get(text_of(found).lower())

    return value


def values_of(scan: Scan) -> set[float] | None:
    """Which of 0 and 1 a column has; None if it has anything else."""
    if scan.counts is None or len(scan.counts) > 2 * len(_VALUES):
        return None
    value = value_of(scan.read)
    found = [value(text) for text in scan.counts]
    return None if None in found else {number for number in found if number is not None}
