"""The contour plot: the mean of a figure over any two columns.

Optuna's own draws a line of the grid for every different value, which makes 100 million squares of
10,000 trials. Here the trials are counted into a grid of at most 30 x 30, all of them; between
squares without trials the browser interpolates.
"""

import math
from collections.abc import Sequence
from typing import Any

from tuning.analysis.trials.columns import Column
from tuning.analysis.trials.selection import Selection

from .given import Given, Option
from .points import Points, axis_of, points_of, rounded, varying

X = Option("x", "X", "column")
Y = Option("y", "Y", "column")
FIGURE = Option("figure", "Metric", "column", numbers=True)
MAX_SQUARES = 30
# More are counted in 0.1 s for each ten thousand, without anything to be seen of them.
MAX_COUNTED = 50_000
MAX_POINTS = 2_000


def contour_info(selection: Selection, given: Given) -> dict[str, Any]:
    by_itself = varying(selection, 2)
    figure = given.column(FIGURE, None) or selection.columns["score"]
    columns = [
        given.column(option, column)
        for option, column in zip((X, Y), [*by_itself, None, None], strict=False)
    ]
    first, second = columns[:2]
    if first is None or second is None or first.key == second.key:
        said = "Select two different columns."
        return {"pk": [], "number": [], "total": selection.count, "note": said}
    used = {"x": [first.key], "y": [second.key], "figure": [figure.key]}
    points = points_of(selection, [first.key, second.key, figure.key], MAX_COUNTED)
    points = _complete(points, (first, second, figure))
    x, y = (axis_of(column, points.frame[column.key]) for column in (first, second))
    z = points.frame[figure.key]
    grid = _grid(x, y, z)
    thin = slice(None, None, -(-points.count // MAX_POINTS) or 1)
    return {
        "pk": points.frame["pk"][thin],
        "number": points.frame["number"][thin],
        "used": used,
        "total": points.count,
        "note": _note(points, selection, len(z[thin])),
        "x": {**x, "values": x["values"][thin]},
        "y": {**y, "values": y["values"][thin]},
        "figure": axis_of(figure, z[thin]),
        **grid,
    }


def _complete(points: Points, columns: Sequence[Column]) -> Points:
    """Only trials that have all three values."""
    needed = [points.frame[column.key] for column in columns]
    kept = [i for i, row in enumerate(zip(*needed, strict=True)) if None not in row]
    frame = {key: [values[i] for i in kept] for key, values in points.frame.items()}
    return Points(frame, points.total, points.pruned)


def _note(points: Points, selection: Selection, drawn: int) -> str:
    said = f"Means of {points.count:,} trials with values for X, Y and the metric"
    said += f", from a sample of {selection.count:,}." if selection.count > MAX_COUNTED else "."
    return said + (f" {drawn:,} of them are drawn as points." if drawn < points.count else "")


def _grid(x: dict[str, Any], y: dict[str, Any], z: Sequence[float]) -> dict[str, Any]:
    """Middles of the squares, and the mean of each; None where no trial is."""
    columns, places_x = _squares(x)
    rows, places_y = _squares(y)
    sums = [[0.0] * len(columns) for _ in rows]
    counts = [[0] * len(columns) for _ in rows]
    for column, row, value in zip(places_x, places_y, z, strict=True):
        sums[row][column] += value
        counts[row][column] += 1
    means = [
        [rounded(total / count) if count else None for total, count in zip(line, n, strict=True)]
        for line, n in zip(sums, counts, strict=True)
    ]
    return {"columns": columns, "rows": rows, "means": means, "counts": counts}


def _squares(axis: dict[str, Any]) -> tuple[list[float], list[int]]:
    """The middles of the grid's lines, and in which one each value lies. Few unique values are
    lines of their own."""
    values = axis["values"]
    different = sorted(set(values))
    if len(different) <= MAX_SQUARES:
        places = {value: index for index, value in enumerate(different)}
        return different, [places[value] for value in values]
    scale = math.log if axis["log"] else float
    low, high = scale(different[0]), scale(different[-1])
    width = (high - low) / MAX_SQUARES
    middles = [low + width * (index + 0.5) for index in range(MAX_SQUARES)]
    places_of = [min(int((scale(value) - low) / width), MAX_SQUARES - 1) for value in values]
    return [math.exp(m) if axis["log"] else m for m in middles], places_of
