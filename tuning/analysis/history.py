"""The objective history: every trial's score in order, the best so far, the baseline."""

from typing import Any

from tuning.models import Search
from tuning.protocol.objectives import is_better
from tuning.protocol.statuses import Status


def history_info(search: Search) -> dict[str, Any]:
    """Plain lists, ready for JSON. `best` has one entry for each of `numbers`."""
    numbers: list[int] = []
    scores: list[float] = []
    best: list[float] = []
    failed: list[int] = []
    baseline: float | None = None
    rows = search.trials.order_by("number").values_list("number", "status", "score", "is_baseline")
    for number, status, score, is_baseline in rows:
        if status == Status.FAILED:
            failed.append(number)
        if status != Status.COMPLETED or score is None:
            continue
        if is_baseline:
            baseline = score
        numbers.append(number)
        scores.append(score)
        best.append(
            score if is_better(score, best[-1] if best else None, search.direction) else best[-1]
        )
    return {
        "objective": search.score_name,
        "direction": search.direction,
        "numbers": numbers,
        "scores": scores,
        "best": best,
        "failed": failed,
        "baseline": baseline,
    }
