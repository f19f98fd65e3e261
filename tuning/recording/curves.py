"""The curves that pruners compare: what the trials of a search have reported, by steps."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Lock

from django.db.models import F

from tuning.models import Epoch, Search, Trial
from tuning.protocol.events import Metrics
from tuning.protocol.statuses import Status
from tuning.strategies.contract import Curve
from tuning.strategies.pruners import Pruning

# An execution, an epoch of it, and the objective after that: NaN if it was no number, None if it
# was not reported (validation may take place every other epoch).
Point = tuple[int, int, float | None]
_JUDGED = (Status.COMPLETED, Status.PRUNED)
# Searches whose ended trials are remembered: those of the slots, mostly.
REMEMBERED = 16


def steps_of(
    search: Search, pruning: Pruning, points: Iterable[Point], ended: bool = False
) -> dict[int, float]:
    """The values that a pruner compares, by step: the objective after each epoch of each execution,
    the mean of the folds so far, or (by part) the best of each whole execution, and each fold. Of a
    script, whose code decides what it trains, each value that it reports."""
    if search.kind.defines_by_run:
        return dict(enumerate((value for _, _, value in points if value is not None), 1))
    if search.kind.has_epochs and not pruning.traits.by_part:
        return {
            execution * search.epochs + epoch: value
            for execution, epoch, value in points
            if value is not None
        }
    parts = _parts(search, points, ended)
    if search.kind.has_epochs or pruning.traits.by_part:
        return dict(enumerate(parts, 1))
    return {count: sum(parts[:count]) / count for count in range(1, len(parts) + 1)}


def _parts(search: Search, points: Iterable[Point], ended: bool) -> list[float]:
    """One value for each fold, or for each execution that is trained to its end: its best."""
    pick = max if search.direction == Search.Direction.MAX else min
    best: dict[int, float] = {}
    last = 0
    for execution, epoch, value in points:
        last = epoch
        if value is None:
            continue
        so_far = best.get(execution, math.nan)
        best[execution] = value if math.isnan(so_far) else so_far
        if not math.isnan(value):
            best[execution] = pick(value, best[execution])
    parts = [best[execution] for execution in sorted(best)]
    running = search.kind.has_epochs and not ended and last < search.epochs
    return parts[:-1] if running else parts


def other_curves(search: Search, pruning: Pruning, trial: Trial | None = None) -> list[Curve]:
    """What all other trials of the search have reported; of those that run, if the pruner compares
    them, all but the last second. Without a trial: all, within a transaction that ends one."""
    found = _ended_curves(search, pruning, remember=trial is not None)
    if pruning.traits.compares_running:
        # Among them are pruned ones that go on.
        for number, points in _points_of(search, trial__status=Status.RUNNING).items():
            found[number] = Curve(number, "RUNNING", steps_of(search, pruning, points))
    if trial is not None:
        found.pop(trial.number, None)
    return list(found.values())


@dataclass
class _Ended:
    """The curves of the trials of a search that ended up to `end_order`."""

    end_order: int = 0
    curves: dict[int, Curve] = field(default_factory=dict)


_lock = Lock()
# A search's key alone may come again, when a transaction is rolled back.
_remembered: dict[tuple[int, datetime, Pruning], _Ended] = {}


def _ended_curves(search: Search, pruning: Pruning, remember: bool) -> dict[int, Curve]:
    """Ended trials do not change, so that only the newest are read. What a transaction has not
    committed is not remembered: if it fails, another trial gets the same end_order."""
    with _lock:
        key = (search.pk, search.created_at, pruning)
        known = _remembered.pop(key, None) or _Ended()
        # The one that was asked for last is the last one to be forgotten.
        _remembered[key] = known
        while len(_remembered) > REMEMBERED:
            del _remembered[next(iter(_remembered))]
        if not remember:
            known = replace(known, curves=dict(known.curves))
        rows = search.trials.filter(status__in=_JUDGED, end_order__gt=known.end_order)
        new = list(rows.values_list("number", "status", "score", "end_order"))
        points = _points_of(search, trial__end_order__gt=known.end_order) if new else {}
        for number, status, score, end_order in new:
            values = steps_of(search, pruning, points.get(number, []), ended=True)
            known.curves[number] = Curve(number, status.upper(), values, score)
            known.end_order = max(known.end_order, end_order)
        return dict(known.curves)


def _points_of(search: Search, **which: object) -> dict[int, list[Point]]:
    """The epochs of the current attempts of some trials, by the trials' numbers."""
    rows = Epoch.objects.filter(trial__search=search, attempt=F("trial__attempt"), **which)
    found: dict[int, list[Point]] = {}
    listed = rows.order_by("trial", "execution", "epoch")
    for number, execution, epoch, metrics in listed.values_list(
        "trial__number", "execution", "epoch", "metrics"
    ):
        found.setdefault(number, []).append(point(search, execution, epoch, metrics))
    return found


def points_of(trial: Trial) -> list[Point]:
    """The epochs of a trial's current attempt."""
    rows = trial.epochs.filter(attempt=trial.attempt).order_by("execution", "epoch")
    return [point(trial.search, *row) for row in rows.values_list("execution", "epoch", "metrics")]


def point(search: Search, execution: int, epoch: int, metrics: Metrics) -> Point:
    """What an epoch (or a fold) says about the objective."""
    if search.objective not in metrics:
        return execution, epoch, None
    value = metrics[search.objective]
    return execution, epoch, math.nan if value is None else value
