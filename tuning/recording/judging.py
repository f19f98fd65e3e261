"""What a trial is judged by besides its score: what the search asks to measure, and constraints.

A trial that violates a constraint is infeasible: it has no score, so that it is never the best.
The number of parameters is known once the model is built; a runner does not train a model that
has too many or too few. A person's own trials are no exception.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Any

from tuning.models import Search, Trial
from tuning.protocol.constraints import AT_MOST
from tuning.protocol.events import EpochEnd, Metrics
from tuning.protocol.measured import MEASURED


@dataclass(frozen=True)
class Judged:
    """`measures` is what the trial's row keeps. `missing`: the first of what was asked for that is
    not known; empty if all is."""

    measures: dict[str, float]
    missing: str = ""
    is_infeasible: bool = False


def judge(
    trial: Trial, metrics: Metrics, measures: Metrics, peak_memory: int | None,
    built: dict[str, Any], epochs: Iterable[EpochEnd],
) -> Judged:  # fmt: skip
    """A trial that ended well. `built` and `epochs` are not written yet."""
    search = trial.search
    asked = [name for name in search.judged_by if name in MEASURED and name not in metrics]
    found: dict[str, float | None] = dict(measures)
    if "parameters" in asked:
        stored = Trial.objects.values_list("parameters", flat=True).get(pk=trial.pk)
        found["parameters"] = built.get("parameters", stored)
    if "peak_memory" in asked:
        found["peak_memory"] = peak_memory
    if {"epoch_seconds", "training_seconds"} & set(asked):
        found |= _seconds(trial, epochs)
    figures = metrics | found
    missing = next((name for name in search.judged_by if figures.get(name) is None), "")
    kept = {
        name: float(value)
        for name in asked
        if not MEASURED[name].column and (value := found.get(name)) is not None
    }
    known = [(limit, figures.get(limit.name)) for limit in search.constraint_list]
    violated = any(value is not None and not limit.holds(value) for limit, value in known)
    return Judged(kept, missing, violated)


def is_refused(search: Search, parameters: int) -> bool:
    """Whether a model with so many parameters violates a constraint."""
    least, most = parameter_limits(search)
    return (least is not None and parameters < least) or (most is not None and parameters > most)


def parameter_limits(search: Search) -> tuple[float | None, float | None]:
    """The fewest and the most parameters that a model may have."""
    limits = [limit for limit in search.constraint_list if limit.name == "parameters"]
    if "parameters" in (search.inspection.metrics if limits else ()):
        # A metric of that name is meant, which is known at the end alone.
        return None, None
    most = [limit.limit for limit in limits if limit.relation == AT_MOST]
    least = [limit.limit for limit in limits if limit.relation != AT_MOST]
    return max(least, default=None), min(most, default=None)


def averaged(measures: Sequence[Metrics]) -> Metrics:
    """Of all executions or folds. What one of them lacks is not known."""
    names = {name for each in measures for name in each}
    found: Metrics = {}
    for name in sorted(names):
        values = [each.get(name) for each in measures]
        known = [value for value in values if value is not None]
        found[name] = fmean(known) if len(known) == len(values) else None
    return found


def _seconds(trial: Trial, epochs: Iterable[EpochEnd]) -> dict[str, float | None]:
    """Of an epoch (the median without the first ones, which take longer, as on the trial's page),
    and of all epochs of an execution."""
    rows = trial.epochs.filter(attempt=trial.attempt)
    known = {(e, n): s for e, n, s in rows.values_list("execution", "epoch", "seconds")}
    known |= {(one.execution, one.epoch): one.seconds for one in epochs}
    if not known:
        return {}
    executions = {execution for execution, _ in known}
    first = trial.first_epoch + 1 if trial.search.kind.has_epochs else 0
    later = [seconds for (_, epoch), seconds in known.items() if epoch != first]
    return {
        "epoch_seconds": median(later or known.values()),
        "training_seconds": sum(known.values()) / len(executions),
    }
