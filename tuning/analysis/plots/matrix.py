"""The scatter-plot matrix: each of a handful of columns against each other one."""

from typing import Any

from tuning.analysis.trials.selection import Selection

from .given import Given, Option
from .points import axis_of, points_of, varying

COLUMNS = Option("columns", "Columns", "columns", most=6)
# Each trial is a point in every square.
MAX_POINTS = 1_500


def matrix_info(selection: Selection, given: Given) -> dict[str, Any]:
    score = selection.columns["score"]
    columns = given.columns(COLUMNS, [score, *varying(selection, 3)])
    points = points_of(selection, [*(column.key for column in columns), "score"], MAX_POINTS)
    return {
        **points.facts(),
        "used": {"columns": [column.key for column in columns]},
        "axes": [axis_of(column, points.frame[column.key]) for column in columns],
        "colour": axis_of(score, points.frame["score"]),
    }
