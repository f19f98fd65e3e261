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
    failed = [row for row in rows if row[2] == Status.FAILED]
    shown, crosses = _thin(scored), _thin(failed)
    points = Points({"pk": [r[0] for r in shown], "number": [r[1] for r in shown]}, len(scored))
    note = f"{len(crosses):,} of {len(failed):,} failed trials are drawn."
    return {
        **points.facts(*([note] if len(crosses) < len(failed) else [])),
        "objective": selection.search.score_name,
        "scores": [rounded(row[3]) for row in shown],
        "best_numbers": [number for number, _ in steps],
        "best": [rounded(score) for _, score in steps],
        "failed": [row[1] for row in crosses],
        "failed_pk": [row[0] for row in crosses],
    }


def _thin(rows: list[Any]) -> list[Any]:
    """Every so manieth for a point of its own; the line is made of all of them."""
    return rows[:: -(-len(rows) // MOST_POINTS) or 1]


def _steps(scores: list[tuple[int, float]], direction: str) -> list[tuple[int, float]]:
    """Where the best so far changes, and the last trial."""
    best = list(accumulate((score for _, score in scores), max if direction == "max" else min))
    last = len(scores) - 1
    return [
        (number, best[index])
        for index, (number, _) in enumerate(scores)
        if index in (0, last) or best[index] != best[index - 1]
    ]
