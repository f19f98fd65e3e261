"""Tables whose rows come one after the other as cells with types."""

from collections.abc import Iterable, Iterator

from tuning.runner.datasets.parsed import Report
from tuning.runner.failures import BadData

from .source import CELLS_AT_ONCE, Cell, Piece

_REPORTED = 1_000


def pieces_of(rows: Iterable[list[Cell]], width: int, report: Report) -> Iterator[Piece]:
    """Rows of the same width, column by column, some at a time. Raises BadData if there are
    none."""
    at_once = max(1, CELLS_AT_ONCE // width)
    kept: list[list[Cell]] = []
    number = 0
    for number, row in enumerate(rows, 1):
        kept.append(row)
        if len(kept) >= at_once:
            yield Piece(number - len(kept) + 1, list(zip(*kept, strict=True)))
            kept = []
        if not number % _REPORTED:
            report(f"Reading row {number:,}", 0)
    if not number:
        raise BadData("The file has no rows.")
    if kept:
        yield Piece(number - len(kept) + 1, list(zip(*kept, strict=True)))
