"""Between the rows of a search and its strategy: a snapshot in, a new trial out.

A strategy computes on a snapshot, without any lock. What it suggests becomes a trial only if no
other suggestion was taken from the same state meanwhile.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, QuerySet

from tuning.models import Search, Trial, TrialIndex
from tuning.models.fixed_queries import FixedQuery, FixedUpdate
from tuning.spaces.hyperparameters import default_values
from tuning.strategies.contract import Settings, Suggestion
from tuning.strategies.suggesting import suggest

from .known_trials import known_trials, warm


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
    trials = known_trials(search)
    while not _is_current(search):
        search.refresh_from_db(fields=["oracle_state", "oracle_version", "max_trials"])
        number, trials = search.last_number() + 1, known_trials(search)
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
    now = _VERSION.first(search.pk)
    return bool(now == (search.oracle_version, search.max_trials))


def _version(search_id: int) -> QuerySet[Any, Any]:
    rows = Search.objects.filter(pk=search_id).order_by()
    return rows.values_list("oracle_version", "max_trials")


_VERSION = FixedQuery(_version)


def taking(**also: Any) -> FixedUpdate:
    """What changes in the search's row when a trial is taken, and what else."""

    def of_version(pk: int, version: int) -> QuerySet[Search]:
        return Search.objects.filter(pk=pk, oracle_version=version)

    next_version = F("oracle_version") + 1
    return FixedUpdate(of_version, ["oracle_state"], oracle_version=next_version, **also)


_TAKEN = taking()


def take(
    search: Search, drawn: Drawn, create: Callable[..., Trial], taken: FixedUpdate = _TAKEN
) -> Trial | None:
    """The trial that was drawn, with the new state; None if another one was taken first. Must be
    called in a transaction that locks the search. `create` makes its row."""
    suggestion = drawn.suggestion
    if not taken.run(search.pk, drawn.version, oracle_state=suggestion.state):
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
