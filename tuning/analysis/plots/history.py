"""The score of every selected trial in order, and the best so far."""

from itertools import accumulate
from typing import Any

from tuning.analysis.trials.frame import frame_of
from tuning.analysis.trials.selection import Selection
from tuning.protocol.statuses import Status

from .given import Given
from .points import MOST_POINTS, Points, rounded


def history_info(selection: Selection, _given: Given) -> dict[str, Any]:
    """`best_numbers` and `best` are the steps of the best-so-far line."""
    frame = frame_of(selection, ["number", "status", "score"])
    rows = list(zip(*(frame[key] for key in ("pk", "number", "status", "score")), strict=True))
    scored = [row for row in rows if row[2] == Status.COMPLETED and row[3] is not None]
    steps = _steps([(row[1], row[3]) for row in scored], selection.search.direction)
    # Every so manieth point; the line is made of all of them.
    shown = scored[:: -(-len(scored) // MOST_POINTS) or 1]
    points = Points({"pk": [r[0] for r in shown], "number": [r[1] for r in shown]}, len(scored))
    return {
        **points.facts(),
        "objective": selection.search.score_name,
        "scores": [rounded(row[3]) for row in shown],
        "best_numbers": [number for number, _ in steps],
        "best": [rounded(score) for _, score in steps],
        "failed": [row[1] for row in rows if row[2] == Status.FAILED][:MOST_POINTS],
        "failed_pk": [row[0] for row in rows if row[2] == Status.FAILED][:MOST_POINTS],
    }


def _steps(scores: list[tuple[int, float]], direction: str) -> list[tuple[int, float]]:
    """Where the best so far changes, and the last trial."""
    best = list(accumulate((score for _, score in scores), max if direction == "max" else min))
    last = len(scores) - 1
    return [
        (number, best[index])
        for index, (number, _) in enumerate(scores)
        if index in (0, last) or best[index] != best[index - 1]
    ]
