"""A table with a column for each thing that is compared."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from tuning.protocol.objectives import is_better


@dataclass(frozen=True)
class Cell:
    """`differs`: from the reference's."""

    value: Any
    differs: bool = False
    best: bool = False


@dataclass(frozen=True)
class Row:
    """`kind` says how its values are shown: setting, figure, signed, duration, bytes or text."""

    label: str
    cells: list[Cell]
    kind: str = "setting"
    is_code: bool = False

    @property
    def differs(self) -> bool:
        return any(cell.differs for cell in self.cells)


@dataclass(frozen=True)
class Group:
    """Rows that belong together. Where nearly everything differs, as metrics do, differences are
    not marked."""

    title: str
    rows: list[Row]
    note: str = ""
    marks: bool = True

    def only_differences(self) -> "Group":
        return replace(self, rows=[row for row in self.rows if row.differs])


def row_of(
    label: str, values: Iterable[Any], reference: int = 0, kind: str = "setting",
    direction: str | None = None, is_code: bool = False,
) -> Row:  # fmt: skip
    """`reference`: which column the others are compared with. With a `direction` ("max" or "min")
    the best values are marked, unless all are the same."""
    listed = list(values)
    known = [value for value in listed if value is not None]
    best = None
    for value in known if direction else ():
        best = value if is_better(value, best, direction or "") else best
    several = len(set(map(_identity, known))) > 1
    cells = [
        Cell(
            value,
            differs=_identity(value) != _identity(listed[reference]),
            best=several and best is not None and value == best,
        )
        for value in listed
    ]
    return Row(label, cells, kind, is_code)


def rows_of(
    things: Iterable[Any], reference: int, **facts: tuple[str, str, Callable[[Any], Any]]
) -> list[Row]:
    """A row for each fact: its label, its kind, and how to get it. Facts that nothing has are left
    out."""
    listed = list(things)
    rows = [row_of(label, map(get, listed), reference, kind) for label, kind, get in facts.values()]
    return [row for row in rows if any(cell.value is not None for cell in row.cells)]


def _identity(value: Any) -> Any:
    """In Python 1 equals True; in a template it does not."""
    return (isinstance(value, bool), repr(value) if isinstance(value, list | dict) else value)
