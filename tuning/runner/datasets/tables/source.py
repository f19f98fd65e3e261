"""What looking and preparing need of a table, whichever file it comes from."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from tuning.protocol.names import one_line
from tuning.protocol.uploads import MAX_COLUMNS
from tuning.runner.failures import BadData

# A text cell as in the file, a number of a file with types, or a gap.
Cell = str | float | int | None

CELLS_AT_ONCE = 1 << 18
MAX_NAME_LENGTH = 100


@dataclass(frozen=True)
class Piece:
    """Some rows, column by column. `row` is the first one's number, counted from 1."""

    row: int
    columns: list[Sequence[Cell]]


@dataclass
class Dialect:
    """How a table is to be read; what does not apply to its kind of file is empty."""

    encoding: str = ""
    delimiter: str = ""
    decimal: str = ""
    header: str = ""
    sheet: str = ""
    member: str = ""


class Table(Protocol):
    # One of uploads.TABLES.
    kind: str
    names: list[str]
    dialect: Dialect
    # Those of a spreadsheet.
    sheets: list[str]
    # Columns that are not read at all, with the reason: they have a type that is no use here.
    unread: dict[str, str]
    # Columns whose name in the file is another one: what the file calls them -> their name.
    renamed: dict[str, str]

    @property
    def padded(self) -> bool:
        """Whether spaces follow delimiters somewhere."""

    @property
    def has_blank_rows(self) -> bool:
        """Whether rows without any value were skipped."""

    def pieces(self) -> Iterator[Piece]:
        """All rows in order, of the columns that are read; again from the beginning each time.
        Raises BadData."""


def names_of(head: Sequence[Cell], header: str, least: int = 2) -> list[str]:
    """The columns' names if the table begins with this row. Raises BadData."""
    if header == "no":
        return checked_names([""] * len(head), least)
    return checked_names(["" if cell is None else str(cell) for cell in head], least)


def check_columns(count: int) -> None:
    """Raises BadData for more columns than are accepted: asked before anything is read."""
    if count > MAX_COLUMNS:
        raise BadData(f"The table has {count:,} columns, more than the limit of {MAX_COLUMNS:,}.")


def renamed(raw: list[str], names: list[str], unnamed: str = "Unnamed: {}") -> dict[str, str]:
    """What `checked_names` changed of the names that pandas gives the columns; `unnamed` is how it
    calls one without a name, by its place."""
    pairs = [(old if old.strip() else unnamed.format(at)) for at, old in enumerate(raw)]
    return {old: new for old, new in zip(pairs, names, strict=True) if old != new}


def checked_names(raw: list[str], least: int = 2) -> list[str]:
    """The names of at least so many columns, one line each, all different. An empty one is named by
    its place."""
    check_columns(len(raw))
    names = [one_line(name) or f"column {place}" for place, name in enumerate(raw, 1)]
    for place, name in enumerate(names, 1):
        if len(name) > MAX_NAME_LENGTH:
            raise BadData(
                f"The name of column {place} has {len(name):,} characters, more than the limit "
                f"of {MAX_NAME_LENGTH}: “{name[:40]}…”."
            )
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        shown = ", ".join(f"“{name}”" for name in twice[:5])
        more = f" and {len(twice) - 5:,} more" if len(twice) > 5 else ""
        raise BadData(f"Several columns have the same name: {shown}{more}.")
    if len(names) < least:
        only = f", “{names[0][:40]}”" if names else ""
        raise BadData(
            f"The table has only one column{only}. It needs a target and at least one input."
        )
    return names
