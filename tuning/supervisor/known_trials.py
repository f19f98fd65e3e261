"""The trials of a search as its strategy knows them.

Each suggestion needs all of them. Ended ones do not change, so that those up to some end_order are
remembered, and only what came after it is read.
"""

import json
import math
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from sys import intern
from threading import Lock
from typing import Any

from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast

from tuning.analysis.warm_start import Fitting
from tuning.models import Search, Trial
from tuning.models.fixed_queries import FixedQuery
from tuning.models.trials import first_epoch_of
from tuning.protocol.statuses import ACTIVE, Status
from tuning.strategies.contract import WARM, KnownTrial

_STATUSES = {
    Status.QUEUED: "RUNNING",
    Status.RUNNING: "RUNNING",
    Status.COMPLETED: "COMPLETED",
    Status.PRUNED: "PRUNED",
    Status.INFEASIBLE: "INFEASIBLE",
    Status.FAILED: "FAILED",
    Status.STOPPED: "FAILED",
}

# Trials that are remembered, of all searches together: enough for a hundred searches of 1,500
# trials. Each takes 1 to 2 KB.
REMEMBERED = 150_000
# Above this many, all rows of the search are read.
_MAX_NAMED = 500
# What an end changes.
_END = ("number", "status", "score", "best_epoch", "end_order", "epochs_done")
_End = tuple[Any, ...]


@dataclass(frozen=True)
class _Remembered:
    """Among them, by number, all trials that ended up to `last`, an end_order."""

    last: int = 0
    trials: Mapping[int, KnownTrial] = field(default_factory=dict)


_lock = Lock()
_memory: OrderedDict[tuple[Any, ...], _Remembered] = OrderedDict()


def known_trials(search: Search) -> list[KnownTrial]:
    """All of them, by number."""
    # A key alone may come again, when a transaction is rolled back.
    key = (search.pk, search.created_at, *search.judged_by, *search.constraint_list)
    with _lock:
        before = _memory.get(key, _Remembered())
    ends: dict[int, _End] = {end[0]: end for end in _NEW_ENDS.rows(search.pk, before.last)}
    found = {**before.trials, **_read(search, ends)}
    if not search.kind.defines_by_run:
        # Distributions of scripts take ten times as much, and may take far more.
        _remember(key, before, ends, found)
    return [found[number] for number in sorted(found)]


def _new_ends(search_id: int, last: int) -> QuerySet[Any, Any]:
    """Of trials that may be otherwise than when those up to `last` were read."""
    rows = Trial.objects.filter(search=search_id).order_by().values_list(*_END)
    # Not by OR, for which SQLite would go through all of the search.
    return rows.filter(end_order__gt=last).union(
        rows.filter(status__in=ACTIVE),
        # Also what was stopped before it began.
        rows.filter(end_order__isnull=True),
        all=True,
    )


_NEW_ENDS = FixedQuery(_new_ends)


def _remember(
    key: tuple[Any, ...], before: _Remembered, ends: Mapping[int, _End],
    found: Mapping[int, KnownTrial],
) -> None:  # fmt: skip
    active = {number for number, end in ends.items() if end[1] in ACTIVE}
    orders = {number: end[4] for number, end in ends.items() if end[4] is not None}
    # A pruned one that goes on keeps its end_order until it ends anew, and may be left as it was:
    # then it is what was remembered, or it and what ended after it are read again.
    again = [orders[number] - 1 for number in active & orders.keys() - before.trials.keys()]
    last = min([max([before.last, *orders.values()]), *again])
    as_before = {number: before.trials[number] for number in active & before.trials.keys()}
    ended = {number: trial for number, trial in found.items() if number not in active}
    with _lock:
        _memory[key] = _Remembered(last, ended | as_before)
        _memory.move_to_end(key)
        while sum(len(each.trials) for each in _memory.values()) > REMEMBERED:
            _memory.popitem(last=False)


def _read(search: Search, ends: Mapping[int, _End]) -> dict[int, KnownTrial]:
    """Those with these ends, by number; none of a search that is gone by now. What the ends have is
    not read again: it may have changed since, and a strategy that heard of one end and not of an
    earlier one would go on in another order."""
    if not ends:
        return {}
    rows = search.trials.order_by()
    if len(ends) <= _MAX_NAMED:
        rows = rows.filter(number__in=list(ends))
    scored = not (
        search.has_several_objectives or search.constraint_list or search.kind.defines_by_run
    )
    return (_score if scored else _figures)(search, rows, ends)


def _score(search: Search, rows: Any, ends: Mapping[int, _End]) -> dict[int, KnownTrial]:
    # No objects: the first suggestion after a start may read thousands. Nor JSON that few have.
    rows = rows.values_list(
        "number", "oracle_id", "values", Cast("tuner_values", TextField()),
        Cast("last_metrics", TextField()),
    )  # fmt: skip
    found = {}
    for number, oracle_id, values, of_tuner, last in rows:
        if number not in ends:
            continue
        _, status, score, best_epoch, end_order, epochs_done = ends[number]
        own = json.loads(of_tuner) if of_tuner != "{}" else {}
        if status == Status.PRUNED:
            # Its last value, which may be no number.
            score = json.loads(last).get(search.objective, math.nan)
        found[number] = KnownTrial(
            trial_id=oracle_id or f"own-{number}",
            values={intern(name): value for name, value in (values | own).items()},
            status=_STATUSES[Status(status)],
            score=score,
            best_step=(best_epoch or 1) - first_epoch_of(own) - 1,
            end_order=end_order or 0,
            suggested=bool(oracle_id),
            last_step=epochs_done,
        )
    return found


def _figures(search: Search, rows: Any, ends: Mapping[int, _End]) -> dict[int, KnownTrial]:
    """The same of a search with several objectives, with constraints, or of a script that asks for
    its values."""
    found = {}
    for trial in rows.only(
        "search", "number", "oracle_id", "values", "tuner_values", "metrics", "last_metrics",
        "parameters", "peak_memory", "measures", "distributions",
    ):  # fmt: skip
        if trial.number in ends:
            for name, value in zip(_END, ends[trial.number], strict=True):
                setattr(trial, name, value)
            found[trial.number] = _known_of(search, trial)
    return found


def _known_of(search: Search, trial: Trial) -> KnownTrial:
    status = _STATUSES[Status(trial.status)]
    scores = [trial.figure(objective.name) for objective in search.objectives]
    if status == "PRUNED":
        scores = [trial.last_metrics.get(search.objective, math.nan)]
    # All or nothing: an infeasible one that was not trained has parameters, and no score.
    known = [score for score in scores if score is not None]
    complete = status != "FAILED" and len(known) == len(scores)
    excesses = {limit: trial.figure(limit.name) for limit in search.constraint_list}
    return KnownTrial(
        trial_id=name_of(trial),
        values=trial.all_values,
        status=status,
        score=known[0] if complete else None,
        end_order=trial.end_order or 0,
        suggested=bool(trial.oracle_id),
        last_step=trial.epochs_done,
        other_scores=known[1:] if complete else [],
        excesses=[
            limit.excess(value)
            for limit, value in excesses.items()
            if value is not None and status in ("COMPLETED", "INFEASIBLE")
        ],
        distributions=trial.distributions or {},
    )


def name_of(trial: Trial) -> str:
    """What its strategy calls a trial."""
    return trial.oracle_id or f"own-{trial.number}"


def warm(search: Search) -> list[KnownTrial]:
    """What the search begins with, as far as its space holds it."""
    if not search.warm_start_count:
        return []
    fits = Fitting(search.space, search.strategy, search.kind.defines_by_run)
    known = []
    for trial in search.warm_start_trials.completed().order_by("search__number", "number"):
        values = fits.values(trial.values)
        if values is not None and trial.score is not None:
            step = (trial.best_epoch or 1) - trial.first_epoch - 1
            name = f"{WARM}{trial.pk}"
            drawn = trial.distributions or {}
            earlier = KnownTrial(name, values, "COMPLETED", trial.score, step, distributions=drawn)
            known += _judged(search, trial, earlier)
    return known


def _judged(search: Search, trial: Trial, known: KnownTrial) -> list[KnownTrial]:
    """A trial of an earlier search with what this one judges by; none if that is not known."""
    asked = {name: trial.figure(name) for name in search.judged_by[1:]}
    figures = {name: value for name, value in asked.items() if value is not None}
    if len(figures) < len(asked):
        return []
    figures[search.objective] = trial.score or 0.0
    others = [figures[each.name] for each in search.objectives[1:]]
    excesses = [limit.excess(figures[limit.name]) for limit in search.constraint_list]
    status = "INFEASIBLE" if any(excess > 0 for excess in excesses) else known.status
    return [replace(known, status=status, other_scores=others, excesses=excesses)]
