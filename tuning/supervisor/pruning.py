"""Whether a running trial goes on: its epochs, and those of the search's other trials, put before
the search's pruner. And which pruned trials go on after all.
"""

import logging
import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Lock

from django.db import InterfaceError, OperationalError
from django.db.models import F

from tuning.models import Cells, Epoch, Search, Trial
from tuning.protocol.events import EpochEnd, Metrics
from tuning.protocol.statuses import Status
from tuning.strategies.contract import Curve
from tuning.strategies.pruners import Pruning

logger = logging.getLogger(__name__)

# An execution, an epoch of it, and the objective after that: NaN if it was no number, None if it
# was not reported (validation may take place every other epoch).
Point = tuple[int, int, float | None]
_JUDGED = (Status.COMPLETED, Status.PRUNED)
# Searches whose ended trials are remembered: those of the slots, mostly.
REMEMBERED = 16


class Judge:
    """Says after each epoch of a trial whether it is pruned. `points` are epochs behind it."""

    def __init__(self, trial: Trial, points: Iterable[Point] = ()) -> None:
        self._trial, self._search = trial, trial.search
        self._pruning = trial.search.pruning
        self._points = list(points)
        # What was asked at earlier steps has been answered.
        self._asked = max(steps_of(self._search, self._pruning, self._points), default=0)
        self.pruned = False

    @property
    def answers_after(self) -> int | None:
        """The number of epochs (or folds) after which each further one is answered; None if this
        trial is never pruned."""
        if not (self._pruning.traits.prunes and self._trial.may_be_pruned):
            return None
        whole_parts = self._pruning.traits.by_part and self._search.kind.has_epochs
        return self._pruning.warmup * (self._search.epochs if whole_parts else 1)

    def add(self, event: EpochEnd) -> None:
        self._points.append(_point(self._search, event.execution, event.epoch, event.metrics))

    @property
    def count(self) -> int:
        """Epochs (or folds) so far."""
        return len(self._points)

    def answers(self) -> bool:
        return self.answers_after is not None and self.count > self.answers_after

    def prunes(self) -> bool:
        """Whether the trial ends now. Once it is so, it stays so."""
        if self.pruned:
            return True
        values = steps_of(self._search, self._pruning, self._points)
        step = self._due(values)
        if step is None:
            return False
        try:
            others = other_curves(self._search, self._pruning, self._trial)
        except (OperationalError, InterfaceError) as error:
            # The trial goes on meanwhile, and the next epoch asks again.
            logger.warning("no verdict, the database did not answer: %s", error)
            return False
        # Imported when a search prunes: it brings Optuna.
        from tuning.strategies.pruning import should_prune

        self._asked = step
        current = Curve(self._trial.number, "RUNNING", values).until(step)
        self.pruned = should_prune(self._pruning, others, current, study_name(self._search))
        return self.pruned

    def _due(self, values: dict[int, float]) -> int | None:
        """The step to ask about: the last one or, where a pruner compares at rungs, the first of
        the next rung. Not twice the same, and not after the end: there is nothing to save."""
        last = max(values, default=0)
        if not self._asked < last < self._pruning.steps:
            return None
        if not self._pruning.traits.compares_running:
            return last
        rung = next((rung for rung in self._pruning.rungs() if rung > self._asked), last + 1)
        return min((step for step in values if step >= rung), default=None)


def study_name(search: Search) -> str:
    """Hyperband's pruner draws brackets by it."""
    return f"search-{search.pk}-{search.seed}"


def steps_of(
    search: Search, pruning: Pruning, points: Iterable[Point], ended: bool = False
) -> dict[int, float]:
    """The values that a pruner compares, by step: the objective after each epoch of each execution,
    the mean of the folds so far, or (by part) the best of each whole execution, and each fold."""
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


def promote(search: Search) -> None:
    """Let pruned trials go on that belong to the best after all. Called in a transaction that holds
    the search's lock, after a trial ended."""
    pruning = search.pruning
    if not pruning.traits.promotes or not search.is_active or search.end_reason:
        return
    rows = search.trials.filter(status=Status.PRUNED)
    numbers = set(rows.values_list("number", flat=True))
    curves = other_curves(search, pruning)
    pruned = [curve for curve in curves if curve.number in numbers]
    others = [curve for curve in curves if curve.number not in numbers]
    from tuning.strategies.pruning import promoted

    chosen = promoted(pruning, others, pruned, study_name(search))
    chosen_rows = rows.filter(number__in=[curve.number for curve in chosen])
    keys = list(chosen_rows.values_list("pk", flat=True))
    chosen_rows.update(status=Status.QUEUED, finished_at=None, worker=None, slot=None)
    Cells.objects.fill(search, list(Trial.objects.select_related("worker").filter(pk__in=keys)))


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
        found.setdefault(number, []).append(_point(search, execution, epoch, metrics))
    return found


def points_of(trial: Trial) -> list[Point]:
    """The epochs of a trial's current attempt."""
    rows = trial.epochs.filter(attempt=trial.attempt).order_by("execution", "epoch")
    return [_point(trial.search, *row) for row in rows.values_list("execution", "epoch", "metrics")]


def _point(search: Search, execution: int, epoch: int, metrics: Metrics) -> Point:
    if search.objective not in metrics:
        return execution, epoch, None
    value = metrics[search.objective]
    return execution, epoch, math.nan if value is None else value
