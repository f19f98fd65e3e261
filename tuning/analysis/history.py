"""The objective history: every trial's score in order, the best so far, the baseline. Pruned
trials are at their last value."""

from typing import Any

from tuning.models import Search
from tuning.protocol.measured import label_of
from tuning.protocol.objectives import is_better
from tuning.protocol.statuses import Status

from .best_scores import warm_start_best
from .front import front_of, judged_trials

# More points than this are a cloud; who follows a search gets them again with each news.
MAX_POINTS = 2000


def history_info(search: Search) -> dict[str, Any]:
    """Plain lists, ready for JSON. `best` has one entry for each of `numbers` and counts the trials
    of a warm start. Of very many
    trials an even sample is drawn, with every one that was the best so far."""
    if search.has_several_objectives:
        return _several(search)
    before = warm_start_best(search)
    so_far = before.score if before else None
    numbers: list[int] = []
    scores: list[float] = []
    best: list[float] = []
    failed: list[int] = []
    rows = search.index_rows.order_by("number").values_list("number", "status", "score")
    for number, status, score in rows:
        if status == Status.FAILED:
            failed.append(number)
        if status != Status.COMPLETED or score is None:
            continue
        numbers.append(number)
        scores.append(score)
        if so_far is None or is_better(score, so_far, search.direction):
            so_far = score
        best.append(so_far)
    drawn = _drawn(best)
    return {
        "objective": search.score_name,
        "direction": search.direction,
        "numbers": [numbers[place] for place in drawn],
        "scores": [scores[place] for place in drawn],
        "best": [best[place] for place in drawn],
        "failed": failed[:: len(failed) // MAX_POINTS + 1],
        **_pruned(search),
        "baseline": _baseline(search),
        "total": len(numbers),
    }


def _several(search: Search) -> dict[str, Any]:
    """Of the first two objectives, in place of scores: `values` of the trials drawn for each, and
    whether they are `on_front`."""
    judged = judged_trials(search)
    front = front_of(search).keys
    step = -(-len(judged) // MAX_POINTS) or 1
    drawn = [t for place, t in enumerate(judged) if place % step == 0 or t.pk in front]
    return {
        "axes": [
            {
                "label": label_of(objective.name), "better": objective.direction,
                "values": [trial.values[place] for trial in drawn],
            }
            for place, objective in enumerate(search.objectives[:2])
        ],
        "numbers": [trial.number for trial in drawn],
        "on_front": [trial.pk in front for trial in drawn],
        "total": len(judged),
    }  # fmt: skip


def _pruned(search: Search) -> dict[str, list[Any]]:
    """Their numbers and last values; those whose last value was no number have none."""
    slot = search.index_columns.get(f"last:{search.objective}")
    if slot:
        cells = search.index_rows.filter(status=Status.PRUNED, **{f"{slot}__isnull": False})
        rows = list(cells.order_by("number").values_list("number", slot))
    else:
        trials = search.trials.filter(status=Status.PRUNED).order_by("number")
        last = trials.values_list("number", "last_metrics")
        values = [(number, metrics.get(search.objective)) for number, metrics in last]
        rows = [(number, value) for number, value in values if value is not None]
    rows = rows[:: len(rows) // MAX_POINTS + 1]
    return {
        "pruned": [number for number, _ in rows],
        "pruned_values": [value for _, value in rows],
    }


def _drawn(best: list[float]) -> list[int]:
    """Places of the points to draw: all, or every so many and the steps of the best."""
    step = -(-len(best) // MAX_POINTS) or 1
    return [
        place
        for place, score in enumerate(best)
        if place % step == 0 or place == len(best) - 1 or score != best[place - 1]
    ]


def _baseline(search: Search) -> float | None:
    baseline = search.trials.completed().filter(is_baseline=True)
    score: float | None = baseline.values_list("score", flat=True).first()
    return score
