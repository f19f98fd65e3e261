"""Between the rows of a search and its strategy: a snapshot in, a new trial out.

A strategy computes on a snapshot, without any lock. What it suggests becomes a trial only if no
other suggestion was taken from the same state meanwhile.
"""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import F, TextField
from django.db.models.functions import Cast

from tuning.analysis.warm_start import Fitting
from tuning.models import Search, Trial, TrialIndex
from tuning.models.trials import first_epoch_of
from tuning.protocol.statuses import Status
from tuning.spaces.hyperparameters import default_values
from tuning.strategies.contract import WARM, KnownTrial, Settings, Suggestion
from tuning.strategies.suggesting import suggest

_STATUSES = {
    Status.QUEUED: "RUNNING",
    Status.RUNNING: "RUNNING",
    Status.COMPLETED: "COMPLETED",
    Status.PRUNED: "PRUNED",
    Status.INFEASIBLE: "INFEASIBLE",
    Status.FAILED: "FAILED",
    Status.STOPPED: "FAILED",
}


@dataclass(frozen=True)
class Drawn:
    """A suggestion for trial `number` of a search, made from version `version` of its state."""

    search_id: int
    # A key alone may come again, when a transaction is rolled back.
    search_created_at: datetime
    number: int
    version: int
    suggestion: Suggestion

    def fits(self, search: Search) -> bool:
        """Whether nothing was suggested meanwhile, as far as this row knows."""
        now = (search.pk, search.created_at, search.oracle_version)
        return (self.search_id, self.search_created_at, self.version) == now

    @property
    def is_final(self) -> bool:
        """Whether there is no use in asking again before a running trial has ended."""
        return self.suggestion.status != "RUNNING"


def draw(search: Search, number: int) -> Drawn:
    """Ask the search's strategy for a trial, which will have this number. Nothing is locked and
    nothing is written. `search`: with its state."""
    if search.kind.defines_by_run:
        # It asks for its values itself, while it runs: see `define_by_run.py`.
        suggestion = Suggestion("RUNNING", str(number), {}, search.oracle_state)
        return _drawn(search, number, suggestion)
    trials = _known(search)
    while not _is_current(search):
        search.refresh_from_db(fields=["oracle_state", "oracle_version", "max_trials"])
        number, trials = search.last_number() + 1, _known(search)
    suggestion = suggest(
        settings_of(search),
        search.oracle_state,
        trials,
        claimant=str(number),
        warm=[] if search.oracle_state else warm(search),
    )
    return _drawn(search, number, suggestion)


def _drawn(search: Search, number: int, suggestion: Suggestion) -> Drawn:
    return Drawn(search.pk, search.created_at, number, search.oracle_version, suggestion)


def _is_current(search: Search) -> bool:
    """Whether no trial was suggested since the search was read: state and trials have to belong
    together. A person's own trial adds one to the limit, which may not be older than the trials."""
    same = {"oracle_version": search.oracle_version, "max_trials": search.max_trials}
    return Search.objects.filter(pk=search.pk, **same).exists()


def take(
    search: Search, drawn: Drawn, create: Callable[..., Trial], **claimed: Any
) -> Trial | None:
    """The trial that was drawn, with the new state; None if another one was taken first. Must be
    called in a transaction that locks the search. `create` makes its row; `claimed`: what else
    changes in the search's."""
    suggestion = drawn.suggestion
    taken = Search.objects.filter(pk=search.pk, oracle_version=drawn.version).update(
        oracle_state=suggestion.state, oracle_version=F("oracle_version") + 1, **claimed
    )
    if not taken:
        return None
    own = {key: value for key, value in suggestion.values.items() if key.startswith("tuner/")}
    values = {k: v for k, v in suggestion.values.items() if k not in own}
    trial = create(
        search=search,
        number=drawn.number,
        # The grid's first combination is the defaults, unless it began with them.
        is_baseline=drawn.number == 1 and bool(values) and values == default_values(search.space),
        oracle_id=suggestion.trial_id,
        values=values,
        tuner_values=own,
    )
    TrialIndex.objects.fill(search, [trial])
    return trial


def _known(search: Search) -> list[KnownTrial]:
    if search.has_several_objectives or search.constraint_list:
        return _known_figures(search)
    # No objects: a draw after 1,000 trials reads them all. Nor JSON that few trials have, or need.
    rows = search.trials.order_by("number").values_list(
        "number", "oracle_id", "values", Cast("tuner_values", TextField()), "status", "score",
        "best_epoch", "end_order", "epochs_done", Cast("last_metrics", TextField()),
    )  # fmt: skip
    found = []
    for number, oracle_id, values, of_tuner, status, score, best_epoch, end, epochs, last in rows:
        own = json.loads(of_tuner) if of_tuner != "{}" else {}
        if status == Status.PRUNED:
            # Its last value, which may be no number.
            score = json.loads(last).get(search.objective, math.nan)
        found.append(
            KnownTrial(
                trial_id=oracle_id or f"own-{number}",
                values={**values, **own},
                status=_STATUSES[Status(status)],
                score=score,
                best_step=(best_epoch or 1) - first_epoch_of(own) - 1,
                end_order=end or 0,
                suggested=bool(oracle_id),
                last_step=epochs,
            )
        )
    return found


def _known_figures(search: Search) -> list[KnownTrial]:
    """The same of a search with several objectives, or with constraints."""
    rows = search.trials.order_by("number").only(
        "search", "number", "oracle_id", "values", "tuner_values", "status", "score", "end_order",
        "epochs_done", "metrics", "last_metrics", "parameters", "peak_memory", "measures",
    )  # fmt: skip
    return [known_of(search, trial) for trial in rows]


def known_of(search: Search, trial: Trial) -> KnownTrial:
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


def settings_of(search: Search) -> Settings:
    return Settings(
        strategy=search.tuner,
        objective=search.objective,
        direction=search.direction,
        space=search.space,
        seed=search.seed,
        max_trials=search.max_trials,
        epochs=search.epochs,
        parallel=search.parallel_trials,
        hyperband_factor=search.hyperband_factor,
        hyperband_iterations=search.hyperband_iterations,
        bayesian_initial_points=search.bayesian_initial_points,
        bayesian_alpha=search.bayesian_alpha,
        bayesian_beta=search.bayesian_beta,
        other_directions=tuple(each.direction for each in search.objectives[1:]),
        constrained=bool(search.constraint_list),
        arguments=search.sampler_arguments,
    )
