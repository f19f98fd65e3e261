"""Confirming the top trials of a search: they run again with other seeds."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import Max

from tuning.models import Search, Trial
from tuning.strategies.pruners import Name as Pruner
from tuning.strategies.traits import Name

from .searches import start_search

# Of the search that is confirmed: what decides how a trial trains and is judged.
_COPIED = (
    "project", "hypermodel", "objective", "direction", "epochs", "batch_size", "space",
    "early_stopping_metric", "early_stopping_patience", "early_stopping_direction",
    "parallel_trials", "gpu", "retries", "time_limit", "stall_limit", "model_kind", "folds",
    "scoring", "cross_validated",
)  # fmt: skip


@transaction.atomic
def confirm(user: Any, search: Search, trials: Sequence[Trial], runs: int) -> Search:
    """A new search of the values of these trials and no others, each trained `runs` times (or
    cross-validated in so many folds, as those of `search`) with seeds that `search` has not
    used."""
    new = confirmation_of(search, len(trials), runs)
    start_search(user, new, enqueued=[trial.values for trial in trials])
    for row, source in zip(new.trials.order_by("number"), trials, strict=True):
        row.confirms = source
        row.save(update_fields=["confirms"])
    return new


def confirmation_of(search: Search, count: int, runs: int) -> Search:
    """The unsaved search that would confirm so many trials."""
    seeds = search.confirmations.aggregate(last=Max("seed"))["last"]
    again = {"folds" if search.has_folds else "executions_per_trial": runs}
    return Search(
        **{name: getattr(search, name) for name in _COPIED} | again,
        confirms=search,
        tuner=Name.GIVEN,
        pruner=Pruner.NONE,
        max_trials=count,
        # No limit of a search ends what a person has asked for.
        max_consecutive_failures=count + 1,
        seed=max(search.seed, seeds or 0) + 1,
        name=f"Top {count} of search {search.number}, run again",
    )
