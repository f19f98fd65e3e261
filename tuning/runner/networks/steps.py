"""Which epoch a score belongs to, where KerasTuner cannot know: it looks into a History only."""

from typing import Any

from keras_tuner import Objective

from tuning.protocol.events import EpochEnd


def best_step(epochs: list[EpochEnd], objective: Objective, initial_epoch: int = 0) -> int:
    """The best epoch's, averaged over the executions, counted from 0 after `initial_epoch`. The
    last epoch's, where epochs were told without the objective. There is one epoch at least."""
    executions: dict[int, list[EpochEnd]] = {}
    for event in epochs:
        executions.setdefault(event.execution, []).append(event)
    steps = []
    for told in executions.values():
        scored = [(e.epoch, e.metrics) for e in told if e.metrics.get(objective.name) is not None]
        best = best_of(scored, objective)
        steps.append((best[0] if best else told[-1].epoch) - 1 - initial_epoch)
    return max(0, sum(steps) // len(steps))


def best_of(told: list[tuple[int, Any]], objective: Objective) -> tuple[int, Any] | None:
    """The first best of (step, metrics), all of which have the objective."""
    pick: Any = max if objective.direction == "max" else min
    return pick(told, key=lambda item: item[1][objective.name]) if told else None
