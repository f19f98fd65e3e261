"""The columns of several searches in one table. Each search assigns its hyperparameters and metrics
to the trial index by itself, so a column may be in another place for each of them."""

from dataclasses import replace
from typing import Any

from django.db.models import Case, F, FloatField, TextField, When
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from tuning.models import Search
from tuning.models.trial_index import NUMBER_COLUMNS, TEXT_COLUMNS

from .columns import COUNT, PARTS, TRIAL, Column, Columns, columns_of, source_of
from .scope import Scope

SEARCH = Column("search", "Search", TRIAL, field="search__number", unit=COUNT)


def columns_in(scope: Scope) -> Columns:
    """The columns of its searches; those of a project's table also name the search."""
    if not scope.is_project:
        return columns_of(scope.search)
    number, *others = _merged(scope.searches)
    return Columns([number, SEARCH, *others])


def _merged(searches: tuple[Search, ...]) -> list[Column]:
    """In the order of the newest search; what only others have comes at the end of its group."""
    variants: dict[str, list[Column]] = {}
    order: list[str] = []
    for search in searches:
        for column in columns_of(search):
            if column.key == "front":
                # Each search has a front of its own.
                continue
            if column.key not in variants:
                order.insert(_place(order, column, variants), column.key)
            variants.setdefault(column.key, []).append(column)
    return [_together(searches, variants[key]) for key in order]


def _place(order: list[str], column: Column, variants: dict[str, list[Column]]) -> int:
    last = [place for place, key in enumerate(order, 1) if variants[key][0].group == column.group]
    # Columns of the trial itself surround the others.
    return last[-1] if last and column.group != TRIAL else len(order)


def _together(searches: tuple[Search, ...], found: list[Column]) -> Column:
    first = found[0]
    better = first.better if all(one.better == first.better for one in found) else ""
    if first.part is None:
        return replace(first, better=better)
    is_number = all(one.is_number for one in found)
    same = all(one.parameter == first.parameter for one in found)
    column = replace(
        first, kind="number" if is_number else "text", better=better,
        log=any(one.log for one in found), parameter=first.parameter if same else None,
    )  # fmt: skip
    field, source = _where(searches, column)
    return replace(column, field=field, source=source)


def _where(searches: tuple[Search, ...], column: Column) -> tuple[str, Any]:
    """The field of the index that all of these searches have the column in, or an expression that
    finds it for each. Empty for trials of searches that do not know it."""
    key, letter = column.key, "n" if column.is_number else "t"
    places: dict[str, list[int]] = {}
    elsewhere: list[int] = []
    strangers: set[str] = set()
    for search in searches:
        place = search.index_columns.get(key, "")
        if place.startswith(letter):
            places.setdefault(place, []).append(search.pk)
        elif place or _is_full(search, letter):
            elsewhere.append(search.pk)
        else:
            strangers.update(search.index_columns.values())
    if not places and not elsewhere:
        return "", source_of("", key, column.kind)
    if len(places) == 1 and not elsewhere and not strangers & places.keys():
        return next(iter(places)), None
    cases = [When(search__in=keys, then=F(place)) for place, keys in places.items()]
    if elsewhere:
        cases.append(When(search__in=elsewhere, then=_read(column)))
    output = FloatField() if column.is_number else TextField()
    return "", Case(*cases, output_field=output)


def _is_full(search: Search, letter: str) -> bool:
    """Whether what found no place in the index may still be in the trials."""
    taken = sum(place.startswith(letter) for place in search.index_columns.values())
    return taken >= (NUMBER_COLUMNS if letter == "n" else TEXT_COLUMNS)


def _read(column: Column) -> Any:
    """From the trials' own JSON; numbers of some searches are texts where others have words."""
    if column.is_number:
        return source_of("", column.key)
    prefix, _, name = column.key.partition(":")
    # SQLite gives numbers as numbers.
    return Cast(KeyTextTransform(name, F(f"trial__{PARTS[prefix]}")), TextField())
