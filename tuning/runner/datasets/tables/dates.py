"""Columns of dates as numbers, where a person asks for it: four columns follow each of them, with
year, month, weekday and the days since 1970-01-01.

All values decide the order of day and month: a number above 12 cannot be a month. If none says so,
the month comes first where slashes divide, and the day otherwise.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from tuning.protocol.uploads import ColumnType, Upload
from tuning.protocol.written_dates import DATE_PARTS, WRITTEN_DATE, date_parts
from tuning.runner.failures import BadData

from .cells import CellReader
from .source import Cell, Dialect, Piece, Table, checked_names


@dataclass
class _Order:
    """What the dates of a column say about the order of year, month and day. `known`: that of the
    dataset whose model takes them."""

    known: str = ""
    votes: Counter[str] = field(default_factory=Counter)
    sign: str = ""

    def take(self, text: str, count: int) -> None:
        match = WRITTEN_DATE.fullmatch(text)
        if match is None:
            return
        self.sign = self.sign or match[2]
        if len(match[1]) == 4:
            self.votes["ymd"] += count
        elif int(match[1]) > 12:
            self.votes["dmy"] += count
        elif int(match[3]) > 12:
            self.votes["mdy"] += count

    @property
    def chosen(self) -> str:
        # A date that begins with four digits leaves no doubt.
        if self.known and set(self.votes) != {"ymd"}:
            return self.known
        if self.votes:
            return self.votes.most_common(1)[0][0]
        return "mdy" if self.sign == "/" else "dmy"


def order_of_dates(counted: Iterable[Counter[Cell]], known: str = "") -> str:
    """The order of year, month and day that a column's cells suggest; pieces of it, counted.
    `known`: that of the dataset whose model takes them."""
    order = _Order(known)
    for cells in counted:
        for cell, count in cells.items():
            order.take(str(cell).strip(), count)
    return order.chosen


class DatedTable:
    """A table with the parts of its dates. `orders` has the columns of dates, `parts` what their
    parts are called. Raises BadData for a column that does not consist of dates."""

    def __init__(self, table: Table, names: list[str], upload: Upload) -> None:
        self._table = table
        self._read = CellReader(gaps=upload.gaps, values=upload.not_missing)
        self.kind, self.sheets, self.dialect = table.kind, table.sheets, table.dialect
        self.unread, self.renamed = table.unread, table.renamed
        self.orders = self._find_orders({name: upload.date_orders.get(name, "") for name in names})
        self.parts: dict[str, str] = {}
        all_names: list[str] = []
        for name in table.names:
            added = [f"{name} ({part})" for part in DATE_PARTS] if name in self.orders else []
            self.parts |= dict.fromkeys(added, name)
            all_names += [name, *added]
        self.names = checked_names(all_names)
        # Each date is read once.
        self._known: dict[str, dict[Cell, tuple[float | None, ...]]] = {n: {} for n in self.orders}
        for _ in self.pieces():
            pass

    dialect: Dialect

    @property
    def padded(self) -> bool:
        return self._table.padded

    @property
    def has_blank_rows(self) -> bool:
        return self._table.has_blank_rows

    def pieces(self) -> Iterator[Piece]:
        for piece in self._table.pieces():
            columns: list[Sequence[Cell]] = []
            for name, cells in zip(self._table.names, piece.columns, strict=True):
                columns.append(cells)
                if name in self.orders:
                    rows = [
                        self._parts(name, cell, piece.row + at) for at, cell in enumerate(cells)
                    ]
                    columns += list(zip(*rows, strict=True))
            yield Piece(piece.row, columns)

    def _find_orders(self, known: dict[str, str]) -> dict[str, str]:
        orders = {name: _Order(order) for name, order in known.items()}
        for piece in self._table.pieces():
            for name, cells in zip(self._table.names, piece.columns, strict=True):
                if name in orders:
                    for cell, count in Counter(cells).items():
                        orders[name].take(str(cell).strip(), count)
        return {name: order.chosen for name, order in orders.items()}

    def _parts(self, name: str, cell: Cell, row: int) -> tuple[float | None, ...]:
        known = self._known[name]
        if cell not in known:
            known[cell] = self._parse(name, cell, row)
        return known[cell]

    def _parse(self, name: str, cell: Cell, row: int) -> tuple[float | None, ...]:
        if self._read(cell) is None:
            return (None,) * len(DATE_PARTS)
        try:
            return date_parts(str(cell), self.orders[name])
        except ValueError:
            raise BadData(
                f"Column “{name}”, row {row:,}: “{str(cell)[:40]}” is not a date like the others. "
                "Dates are written as 2024-01-31, 31.1.2024 or 1/31/2024, all in one order."
            ) from None


def with_dates(table: Table, upload: Upload) -> Table:
    """The table, with the parts of the dates that a person asked for. Raises BadData."""
    names = [name for name, kind in upload.types.items() if kind == ColumnType.DATE]
    known = [name for name in names if name in table.names]
    return DatedTable(table, known, upload) if known else table


def orders_of(table: Table) -> dict[str, str]:
    """The columns of dates whose parts the table has, with the order in which they are written."""
    return table.orders if isinstance(table, DatedTable) else {}


def parts_of(table: Table) -> dict[str, str]:
    """The columns that are parts of dates, with the column of the date."""
    return table.parts if isinstance(table, DatedTable) else {}
