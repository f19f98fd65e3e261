"""Parallel coordinates: a line for each trial through all axes. A brush on an axis is a filter."""

from typing import Any

from tuning.analysis.trials.selection import Selection

from .given import Given, Option
from .points import MAX_LINES, axis_of, points_of, pruned_trials, varying

AXES = Option("axes", "Axes", "columns", most=16)
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
    columns = given.columns(AXES, [*varying(selection, MAX_BY_DEFAULT, filtered), score])
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
    points = points_of(wider, [*keys, "score"], MAX_LINES)
    inside = None
    if wider is not selection:
        chosen = set(selection.index_rows().values_list("pk", flat=True))
        inside = [place for place, pk in enumerate(points.frame["pk"]) if pk in chosen]
    return {
        **points.facts(),
        "inside": inside,
        "used": {"axes": [column.key for column in columns]},
        "selected": selection.count - len(pruned_trials(selection)),
        "axes": [axis_of(column, points.frame[column.key]) for column in columns],
        "colour": axis_of(score, points.frame["score"]),
        "brushes": [
            {"key": item.column.key, "operator": item.operator.name, "value": item.value}
            for item in brushes
        ],
    }
