"""What readers of other programs' searches find."""

import math
from dataclasses import dataclass, field, replace
from typing import Any

from tuning.protocol.constraints import Constraint
from tuning.protocol.events import FoundTrial, Metrics
from tuning.protocol.objectives import Objective, infer_direction, is_better

# Trials that have no best epoch to show.
_WITHOUT_RESULT = ("failed", "pruned")


@dataclass
class Found:
    """A search. `objective` is empty where the files do not say it; `directions` are what the
    files have for single metrics; `scores` are those that they give for trials, by the trial's
    name; `proposed` is an objective of which nobody knows the direction; `others` are the
    objectives after the first."""

    origin: str
    name: str
    space: dict[str, Any]
    trials: list[FoundTrial]
    tuner: str = ""
    objective: str = ""
    direction: str = ""
    directions: dict[str, str] = field(default_factory=dict)
    scores: dict[str, float] = field(default_factory=dict)
    proposed: str = ""
    others: list[Objective] = field(default_factory=list)
    constraints: list[Constraint] = field(default_factory=list)
    description: str = ""

    def metrics(self) -> list[str]:
        """Validation metrics first. Some may have had no number in any trial."""
        names = {name[:80] for name in self.directions}
        for trial in self.trials:
            names |= _metrics_of(trial)
        return sorted(names, key=lambda name: (not name.startswith("val_"), name))


def decide_objective(found: Found, chosen: str, direction: str) -> None:
    """What the search optimised: what a person chose; else what the files say; else the metric
    whose values are the scores; else the only one. Empty if none of these is to be had, or if
    nobody knows its direction."""
    metrics = found.metrics()
    stated = ""
    if chosen:
        found.objective, stated = chosen, direction
    elif found.objective in metrics:
        stated = found.direction
    else:
        found.objective = _by_scores(found)
        # That which KerasTuner compared by: its direction is no guess.
        stated = found.directions.get(found.objective, "")
        if not found.objective and len(metrics) == 1:
            found.objective = metrics[0]
    found.direction = stated or _direction(found, found.objective)
    if not found.direction:
        found.objective, found.proposed = "", found.objective


def _direction(found: Found, metric: str) -> str:
    """KerasTuner writes "min" for every metric that it does not know: that says nothing."""
    known = {name: way for name, way in found.directions.items() if way == "max"}
    return infer_direction(metric, known)


def settle(found: Found) -> None:
    """Give every trial the metrics of its best epoch, besides those that the files have for it. One
    that failed or was pruned has nothing to show."""
    found.trials = [
        trial
        if trial.status in _WITHOUT_RESULT
        else _settled(trial, found.objective, found.direction)
        for trial in found.trials
    ]


def _metrics_of(trial: FoundTrial) -> set[str]:
    return {*trial.metrics, *(name for epoch in trial.epochs for name in epoch.metrics)}


def _by_scores(found: Found) -> str:
    """The only metric that equals the score in every trial that has one."""
    fitting: set[str] | None = None
    for trial in found.trials:
        score = found.scores.get(trial.name)
        if score is not None:
            known = {name: value for name, value in trial.metrics.items() if value is not None}
            # Up to rounding: numpy's mean is not ours.
            same = {name for name, value in known.items() if math.isclose(value, score)}
            fitting = same if fitting is None else fitting & same
    return fitting.pop() if fitting and len(fitting) == 1 else ""


def _settled(trial: FoundTrial, objective: str, direction: str) -> FoundTrial:
    """The means over the executions at the epoch with the best mean of the objective."""
    by_epoch: dict[int, list[Metrics]] = {}
    for epoch in trial.epochs:
        by_epoch.setdefault(epoch.epoch, []).append(epoch.metrics)
    best: int | None = None
    means: dict[int, dict[str, float]] = {n: _mean(rows) for n, rows in sorted(by_epoch.items())}
    for number, mean in means.items():
        score = mean.get(objective)
        if score is not None and (
            best is None or is_better(score, means[best][objective], direction)
        ):
            best = number
    if best is None:
        # Without any objective: what is there last.
        return _with(trial, _last(means), 0)
    return _with(trial, _last(means) | means[best], best)


def _with(trial: FoundTrial, metrics: dict[str, float], best: int) -> FoundTrial:
    known: Metrics = {**metrics, **trial.metrics}
    return replace(trial, metrics=known, best_epoch=trial.best_epoch or best)


def _last(means: dict[int, dict[str, float]]) -> dict[str, float]:
    """Of metrics that are not told of each epoch, the last."""
    found: dict[str, float] = {}
    for mean in means.values():
        found |= mean
    return found


def _mean(rows: list[Metrics]) -> dict[str, float]:
    values: dict[str, list[float]] = {}
    for metrics in rows:
        for name, value in metrics.items():
            if value is not None:
                values.setdefault(name, []).append(value)
    return {name: sum(known) / len(known) for name, known in values.items()}
