"""Hyperparameters that belong together: those in use only with another one, those of one name."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby

from .columns import HYPERPARAMETERS, LAST, METRICS, NOTES, TRIAL, Column

TITLES = {
    TRIAL: "Trial",
    HYPERPARAMETERS: "Hyperparameters",
    METRICS: "Metrics",
    LAST: "Last values",
    NOTES: "Notes",
}


def families(columns: Iterable[Column]) -> dict[str, str]:
    """The family of each hyperparameter that has one, by its column's key. `momentum`, which is in
    use only if `optimizer` is sgd, belongs to `optimizer`; `conv_1_size` to `conv_1`, if another
    name begins so."""
    tuned = {column.label: column for column in columns if column.group == HYPERPARAMETERS}
    parents = {name: _parent(column, tuned) for name, column in tuned.items()}
    heads = set(parents.values())
    starts = Counter(start for name in tuned for start in _starts(name))
    found = {}
    for name, column in tuned.items():
        family = _root(name, parents)
        if family == name and name not in heads:
            family = next((start for start in _starts(name) if starts[start] > 1), "")
        if family:
            found[column.key] = family
    return found


def grouped(columns: Sequence[Column]) -> list[Column]:
    """The same columns with families side by side, each where its first member is."""
    known = families(columns)
    places: dict[str, int] = {}
    for column in columns:
        places.setdefault(_title(column, known), len(places))
    order = list(TITLES)
    return sorted(
        columns, key=lambda column: (order.index(column.group), places[_title(column, known)])
    )


def spans(columns: Sequence[Column], frozen: int) -> list[tuple[str, int, int]]:
    """Titles over neighbours of one group: title, first column, how many. What is frozen stays
    apart, since the rest moves below it."""
    known = families(columns)
    found = []
    places = enumerate(columns)
    for (title, _), run in groupby(places, lambda p: (_title(p[1], known), p[0] < frozen)):
        indices = [index for index, _ in run]
        found.append((title, indices[0], len(indices)))
    return found


def _title(column: Column, known: dict[str, str]) -> str:
    return known.get(column.key) or TITLES[column.group]


def _parent(column: Column, tuned: dict[str, Column]) -> str:
    conditions = column.parameter.conditions if column.parameter else ()
    return next((one.name for one in conditions if one.name in tuned), "")


def _root(name: str, parents: dict[str, str]) -> str:
    seen = set()
    while parents.get(name) and name not in seen:
        seen.add(name)
        name = parents[name]
    return name


def _starts(name: str) -> list[str]:
    """The beginnings of a name up to a separator, the longest first."""
    ends = [match.start() for match in re.finditer(r"[_./]", name)]
    return [name[:end] for end in reversed(ends) if end]
