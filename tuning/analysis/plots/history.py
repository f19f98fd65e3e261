"""The score of every selected trial in order, and the best so far.

Pruned trials are at their last value, where optuna-dashboard has them, but marked; the best so far
is that of completed trials, as in Optuna's own plot.
"""

from itertools import accumulate
from typing import Any

from tuning.analysis.trials.frame import frame_of
from tuning.analysis.trials.selection import Selection
from tuning.protocol.statuses import Status

from .given import Given
from .points import MAX_POINTS, Points, rounded


def history_info(selection: Selection, _given: Given) -> dict[str, Any]:
    """`best_numbers` and `best` are the steps of the best-so-far line."""
    last = selection.columns.get(f"last:{selection.search.objective}")
    keys = ["number", "status", "score", *([last.key] if last else [])]
    frame = frame_of(selection, keys)
    if selection.scope.is_project:
        # Numbers of several searches are the same ones: their trials follow each other.
        frame["number"] = list(range(1, len(frame["pk"]) + 1))
    rows = list(zip(*(frame[key] for key in ("pk", *keys)), strict=True))
    scored = [row for row in rows if row[2] == Status.COMPLETED and row[3] is not None]
    # Several objectives have no best so far: the plot is of the first one.
    several = selection.search.has_several_objectives
    scores = [] if several else [(row[1], row[3]) for row in scored]
    steps = _steps(scores, selection.search.direction)
    failed = [row for row in rows if row[2] == Status.FAILED]
    pruned = [row for row in rows if row[2] == Status.PRUNED and last and row[4] is not None]
    shown, crosses, ended_early = _thin(scored), _thin(failed), _thin(pruned)
    points = Points({"pk": [r[0] for r in shown], "number": [r[1] for r in shown]}, len(scored))
    notes = [
        f"{len(drawn):,} of {len(every):,} {name} trials are drawn."
        for name, drawn, every in (("failed", crosses, failed), ("pruned", ended_early, pruned))
        if len(drawn) < len(every)
    ]
    return {
        **points.facts(*notes),
        "objective": selection.search.score_name,
        "x": "trial, search by search" if selection.scope.is_project else "trial",
        "scores": [rounded(row[3]) for row in shown],
        "best_numbers": [number for number, _ in steps],
        "best": [rounded(score) for _, score in steps],
        "failed": [row[1] for row in crosses],
        "failed_pk": [row[0] for row in crosses],
        "pruned": [row[1] for row in ended_early],
        "pruned_pk": [row[0] for row in ended_early],
        "pruned_values": [rounded(row[4]) for row in ended_early],
    }


def _thin(rows: list[Any]) -> list[Any]:
    """Every so manieth for a point of its own; the line is made of all of them."""
    return rows[:: -(-len(rows) // MAX_POINTS) or 1]


def _steps(scores: list[tuple[int, float]], direction: str) -> list[tuple[int, float]]:
    """Where the best so far changes, and the last trial."""
    best = list(accumulate((score for _, score in scores), max if direction == "max" else min))
    last = len(scores) - 1
    return [
        (number, best[index])
        for index, (number, _) in enumerate(scores)
        if index in (0, last) or best[index] != best[index - 1]
    ]
