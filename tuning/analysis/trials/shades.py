"""Cells coloured by their values: how deep each is between the least and the most of its column."""

import math
from collections.abc import Callable
from typing import Any

from django.db.models import F, Max, Min

from tuning.models.trial_index import as_text

from .columns import Column
from .selection import Selection, named

# What static/css/trials.css has: deep-1 … deep-8, kind-1 … kind-6.
DEPTHS, KINDS = 8, 6

Shade = Callable[[Any], str]


# The least and the most of columns, by their keys.
Ends = dict[str, tuple[float, float]]


def shades_of(selection: Selection, ends: Ends) -> dict[str, Shade]:
    """For each coloured column a function from a value to its class."""
    columns = selection.columns
    shades = {key: _scale(columns[key], *pair) for key, pair in ends.items()}
    for column in selection.coloured:
        if column.kind == "text":
            shades[column.key] = _kinds(selection, column)
    return shades


def ends_of(selection: Selection) -> Ends:
    """Of the coloured columns of numbers. They are those of the selected trials: what a filter
    leaves has all shades again."""
    columns = [column for column in selection.coloured if column.is_number]
    if not columns:
        return {}
    rows, fields = named(selection.index_rows(), columns)
    places = range(len(columns))
    figures = {f"figure_{i}": F(fields[columns[i].key]) for i in places}
    ends = rows.annotate(**figures).aggregate(
        **{f"low_{i}": Min(f"figure_{i}") for i in places},
        **{f"high_{i}": Max(f"figure_{i}") for i in places},
    )
    return {
        column.key: (ends[f"low_{i}"], ends[f"high_{i}"])
        for i, column in enumerate(columns)
        if ends[f"low_{i}"] is not None
    }


def _scale(column: Column, low: float, high: float) -> Shade:
    """The last shade is the best; where nothing is better, the largest."""
    if low == high:
        return lambda _value: ""
    is_log = spread_widely(column, low, high)
    # Of halves, since from one end of all floats to the other is more than a float holds.
    measure: Callable[[float], float] = math.log if is_log else lambda value: value / 2
    start, end = measure(low), measure(high)
    least_is_best = column.better == "min"

    def shade(value: Any) -> str:
        if not isinstance(value, int | float):
            return ""
        place = (measure(value) - start) / (end - start)
        place = min(max(1 - place if least_is_best else place, 0), 1)
        return f"deep-{min(int(place * DEPTHS) + 1, DEPTHS)}"

    return shade


def spread_widely(column: Column, low: float, high: float) -> bool:
    """Whether a column is looked at on a log scale: as it was drawn, or over three decades."""
    return low > 0 and (column.log or high / low >= 1000)


def _kinds(selection: Selection, column: Column) -> Shade:
    """A colour each for the first few texts, in their order."""
    rows, fields = named(selection.index_rows(), [column])
    field = fields[column.key]
    found = rows.exclude(**{field: None}).order_by(field).values_list(field, flat=True)
    order = {str(value): place for place, value in enumerate(found.distinct()[:KINDS], start=1)}

    def shade(value: Any) -> str:
        place = None if value is None else order.get(as_text(value))
        return f"kind-{place}" if place else ""

    return shade
