"""What the menu of a column offers: each entry is an address."""

from collections.abc import Iterator
from typing import NamedTuple

from .columns import Column
from .selection import MAX_FROZEN, Selection, Sort


class Action(NamedTuple):
    """`query` is the address after its question mark that does what `words` say."""

    name: str
    words: str
    query: str


def actions_for(selection: Selection, column: Column) -> list[Action]:
    return [
        *_orders(selection, column),
        *_colours(selection, column),
        *_places(selection, column),
    ]


def _orders(selection: Selection, column: Column) -> Iterator[Action]:
    if not column.field and column.source is None:
        return
    ends = ("smallest first", "largest first") if column.is_number else ("A to Z", "Z to A")
    others = tuple(sort for sort in selection.sort if sort.column != column)
    for name, down, words in (("up", False, ends[0]), ("down", True, ends[1])):
        sort = Sort.of(column, down)
        yield Action(f"sort-{name}", f"Sort {words}", selection.query(sort=(sort,), page=1))
        if others:
            also = selection.query(sort=(*others, sort), page=1)
            yield Action(f"also-{name}", f"Then {words}", also)
    if others != selection.sort:
        yield Action("unsort", "Remove sort", selection.query(sort=others, page=1))


def _colours(selection: Selection, column: Column) -> Iterator[Action]:
    if column.kind not in ("number", "text"):
        return
    others = tuple(one for one in selection.coloured if one != column)
    if others != selection.coloured:
        yield Action("colour", "Remove colours", selection.query(coloured=others))
    else:
        yield Action("colour", "Colour by value", selection.query(coloured=(*others, column)))


def _places(selection: Selection, column: Column) -> Iterator[Action]:
    """The trial's number is always the first, and with one column more it is a table."""
    number, *shown = selection.shown
    if column == number:
        return
    if column not in shown:
        yield Action("show", "Show column", selection.query(chosen=(*shown, column)))
        return
    place = shown.index(column)
    frozen = place + 2
    if frozen == selection.frozen:
        yield Action("freeze", "Freeze the first column only", selection.query(frozen=1))
    elif frozen <= MAX_FROZEN:
        yield Action("freeze", "Freeze up to here", selection.query(frozen=frozen))
    if place > 0:
        yield Action("left", "Move left", selection.query(chosen=_swapped(shown, place - 1)))
    if place < len(shown) - 1:
        yield Action("right", "Move right", selection.query(chosen=_swapped(shown, place)))
    if len(shown) > 1:
        rest = tuple(one for one in shown if one != column)
        yield Action("hide", "Hide", selection.query(chosen=rest))


def _swapped(shown: list[Column], place: int) -> tuple[Column, ...]:
    """With two neighbours swapped."""
    order = list(shown)
    order[place], order[place + 1] = order[place + 1], order[place]
    return tuple(order)
