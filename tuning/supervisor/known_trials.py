"""The trials of a search as its strategy knows them.

Each suggestion needs all of them. Ended ones are remembered: of those only the few columns that
tell one end from another are read again, not their JSON.
"""

import json
import math
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import replace
from sys import intern
from threading import Lock
from typing import Any

from django.db.models import TextField
from django.db.models.functions import Cast

from tuning.analysis.warm_start import Fitting
from tuning.models import Search, Trial
from tuning.models.trials import first_epoch_of
from tuning.protocol.statuses import FINISHED, Status
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
# What tells one end of a trial from another.
_END = ("pk", "status", "attempt", "score", "best_epoch", "end_order", "epochs_done")
_End = tuple[Any, ...]
_Remembered = dict[int, tuple[_End, KnownTrial]]

_lock = Lock()
_memory: OrderedDict[tuple[Any, ...], _Remembered] = OrderedDict()


def known_trials(search: Search) -> list[KnownTrial]:
    """All of them, by number."""
    ends: list[_End] = list(search.trials.order_by("number").values_list(*_END))
    # A key alone may come again, when a transaction is rolled back.
    key = (search.pk, search.created_at, *search.judged_by, *search.constraint_list)
    with _lock:
        before = _memory.get(key, {})
    found = {end[0]: pair for end in ends if (pair := before.get(end[0])) and pair[0] == end}
    found |= _read(search, [end for end in ends if end[0] not in found])
    if not search.kind.defines_by_run:
        # Distributions of scripts take ten times as much, and may take far more.
        _remember(key, {pk: pair for pk, pair in found.items() if pair[0][1] in FINISHED})
    # Those that are gone by now, with their search, are left out.
    return [found[end[0]][1] for end in ends if end[0] in found]


def _remember(key: tuple[Any, ...], trials: _Remembered) -> None:
    with _lock:
        _memory[key] = trials
        _memory.move_to_end(key)
        while sum(map(len, _memory.values())) > REMEMBERED:
            _memory.popitem(last=False)


def _read(search: Search, ends: Collection[_End]) -> _Remembered:
    """Those with these ends. What the ends have is not read again: it may have changed since, and
    a strategy that heard of one end and not of an earlier one would go on in another order."""
    if not ends:
        return {}
    rows = search.trials.all()
    if len(ends) <= _MAX_NAMED:
        rows = rows.filter(pk__in=[end[0] for end in ends])
    scored = not (
        search.has_several_objectives or search.constraint_list or search.kind.defines_by_run
    )
    by_key = {end[0]: end for end in ends}
    known = (_score if scored else _figures)(search, rows, by_key)
    return {pk: (by_key[pk], trial) for pk, trial in known.items()}


def _score(search: Search, rows: Any, ends: dict[int, _End]) -> dict[int, KnownTrial]:
    # No objects: the first suggestion after a start may read thousands. Nor JSON that few have.
    rows = rows.values_list(
        "pk", "number", "oracle_id", "values", Cast("tuner_values", TextField()),
        Cast("last_metrics", TextField()),
    )  # fmt: skip
    found = {}
    for pk, number, oracle_id, values, of_tuner, last in rows:
        if pk not in ends:
            continue
        _, status, _, score, best_epoch, end_order, epochs_done = ends[pk]
        own = json.loads(of_tuner) if of_tuner != "{}" else {}
        if status == Status.PRUNED:
            # Its last value, which may be no number.
            score = json.loads(last).get(search.objective, math.nan)
        found[pk] = KnownTrial(
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


def _figures(search: Search, rows: Any, ends: dict[int, _End]) -> dict[int, KnownTrial]:
    """The same of a search with several objectives, with constraints, or of a script that asks for
    its values."""
    found = {}
    for trial in rows.only(
        "search", "number", "oracle_id", "values", "tuner_values", "metrics", "last_metrics",
        "parameters", "peak_memory", "measures", "distributions",
    ):  # fmt: skip
        if trial.pk in ends:
            for name, value in zip(_END, ends[trial.pk], strict=True):
                setattr(trial, name, value)
            found[trial.pk] = _known_of(search, trial)
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
