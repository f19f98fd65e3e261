"""Parallel coordinates: a line for each trial through all axes. A brush on an axis is a filter."""

from typing import Any

from tuning.analysis.front import key_of
from tuning.analysis.trials.columns import Column
from tuning.analysis.trials.selection import Selection

from .given import Given, Option
from .points import MAX_LINES, axis_of, points_of, pruned_trials, varying

AXES = Option("axes", "Axes", "columns", most=16)
COLOUR = Option("colour", "Colour", "column", numbers=True)
MAX_BY_DEFAULT = 9
# The filters that a brush makes.
BRUSHES = ("between", "in", "active")


def parallel_info(selection: Selection, given: Given) -> dict[str, Any]:
    """The trials outside the brushes come along, dimmed, so that a brush can be widened: the
    filters on the axes are left out here and come as `brushes`; `inside` are the
    places of the trials that they leave, None if all are."""
    score = selection.columns["score"]
    # What a person filters by they want to see.
    filtered = [item.column.key for item in selection.filters]
    objectives = [score, *(c for c in _objectives(selection) if c is not score)]
    columns = given.columns(AXES, [*varying(selection, MAX_BY_DEFAULT, filtered), *objectives])
    colour = given.column(COLOUR, score) or score
    keys = {column.key for column in columns}
    brushes = [
        item
        for item in selection.filters
        if item.column.key in keys and item.operator.name in BRUSHES
    ]
    wider = selection
    # "Top 10 %" means of what the brushes leave, so then only that is drawn.
    if not any(item.operator.last for item in selection.filters):
        wider = selection.without(*(item.key for item in brushes))
    points = points_of(wider, [*keys, "score", colour.key], MAX_LINES)
    inside = None
    if wider is not selection:
        chosen = set(selection.index_rows().values_list("pk", flat=True))
        inside = [place for place, pk in enumerate(points.frame["pk"]) if pk in chosen]
    return {
        **points.facts(),
        "inside": inside,
        "used": {"axes": [column.key for column in columns], "colour": [colour.key]},
        "selected": selection.count - len(pruned_trials(selection)),
        "axes": [axis_of(column, points.frame[column.key]) for column in columns],
        "colour": axis_of(colour, points.frame[colour.key]),
        "brushes": [
            {"key": item.column.key, "operator": item.operator.name, "value": item.value}
            for item in brushes
        ],
    }


def _objectives(selection: Selection) -> list[Column]:
    """The columns of the search's objectives."""
    keys = [key_of(selection.search, each.name) for each in selection.search.objectives]
    found = [selection.columns.get(key) for key in keys]
    return [column for column in found if column is not None]
