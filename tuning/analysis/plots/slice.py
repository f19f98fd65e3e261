"""The slice plot: the score (or another figure) over each hyperparameter by itself."""

from typing import Any

from tuning.analysis.trials.selection import Selection

from .given import Given, Option
from .points import axis_of, points_of, varying

AXES = Option("axes", "Hyperparameters", "columns", most=12)
FIGURE = Option("figure", "Metric", "column", numbers=True)
MAX_BY_DEFAULT = 6
MAX_POINTS = 1_500


def slice_info(selection: Selection, given: Given) -> dict[str, Any]:
    figure = given.column(FIGURE, None) or selection.columns["score"]
    columns = given.columns(AXES, varying(selection, MAX_BY_DEFAULT))
    points = points_of(selection, [*(column.key for column in columns), figure.key], MAX_POINTS)
    return {
        **points.facts(),
        "used": {"axes": [column.key for column in columns], "figure": [figure.key]},
        "axes": [axis_of(column, points.frame[column.key]) for column in columns],
        "figure": axis_of(figure, points.frame[figure.key]),
    }
