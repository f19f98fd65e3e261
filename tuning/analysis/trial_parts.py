"""The executions of a trial, or the folds of a cross-validated network, one by one."""

from dataclasses import dataclass, replace

from tuning.models import Trial
from tuning.protocol.objectives import is_better


@dataclass(frozen=True)
class Part:
    """`number` counts from 1. `score`: the objective at the best epoch so far; None if no epoch
    has one."""

    number: int
    score: float | None
    best_epoch: int | None
    epochs: int
    seconds: float


def part_rows(trial: Trial) -> list[Part]:
    """Those of the current attempt that have begun; none where a trial has one only, or no epochs,
    whose folds are drawn."""
    search = trial.search
    if not search.kind.has_epochs or search.executions < 2:
        return []
    found: dict[int, Part] = {}
    rows = trial.epochs.filter(attempt=trial.attempt).order_by("execution", "epoch")
    for execution, epoch, seconds, metrics in rows.values_list(
        "execution", "epoch", "seconds", "metrics"
    ):
        known = found.get(execution, Part(execution + 1, None, None, 0, 0.0))
        score, best = known.score, known.best_epoch
        value = metrics.get(search.objective)
        if value is not None and is_better(value, score, search.direction):
            score, best = value, epoch
        found[execution] = Part(
            known.number, score, best, known.epochs + 1, known.seconds + seconds
        )
    # A `fit` of the template's own may return other scores than its epochs have.
    told = trial.execution_scores
    if len(told) != search.executions:
        return list(found.values())
    return [replace(part, score=told[part.number - 1]) for part in found.values()]
