"""Which checkpoints can still matter: all others are removed.

Almost no trial leaves one, because nothing reads it: models are retrained from scratch, with the
values of a trial and on more rows, also those of custom tuners and Optuna scripts. Two kinds of
search need the weights of some trials:

- Hyperband (`strategy.has_rounds`): a completed trial that a later round may still go on with, or
  with which a trial goes on that has not ended yet.
- Successive halving (`pruned_trials_resume`): a pruned trial that may be promoted, that is to say
  the best MAX_WAITING of each rung while the search is active; one that waits to go on or runs
  again; one whose weights a person has pinned, for *Train to the end*.

The rows say all of that, so that a pass over them is right after any crash. What is stored of a
search is bounded by the places of Hyperband's rounds and by the number of rungs; the number of
trials does not matter. A promoted trial without weights begins again, which is what it would have
cost without checkpoints.
"""

from collections.abc import Sequence

from tuning.models import Search, Trial
from tuning.protocol.statuses import SearchStatus, Status
from tuning.strategies import hyperband_plan
from tuning.strategies.contract import Curve
from tuning.strategies.pruners import MAX_WAITING

from .curves import other_curves

# A trial's name in its strategy, and the attempt that left the weights.
Key = tuple[str, int]


def needed(search: Search) -> set[Key]:
    """The checkpoints of ended and waiting trials that can still matter. `search` is locked, or at
    least as it is now."""
    if search.strategy.has_rounds:
        return _of_rounds(search, _scores(search))
    if not search.pruned_trials_resume:
        return set()
    rows = search.trials.exclude(pruned_after=None)
    going_on = rows.active() | rows.filter(status=Status.PRUNED, pinned=True)
    keys = going_on.exclude(pruned_attempt=None).values_list("oracle_id", "pruned_attempt")
    return {*keys, *_of_rungs(search, {}, other_curves(search, search.pruning))}


def completed_matters(trial: Trial, score: float | None) -> bool:
    """Whether a later round may go on with a trial that completes with this score."""
    if score is None or not trial.oracle_id:
        return False
    # As it is now: the strategy's state has moved on since the trial began.
    search = Search.objects.get(pk=trial.search_id)
    own = trial.oracle_id, trial.attempt
    return own in _of_rounds(search, {**_scores(search), own: score})


def pruned_matters(trial: Trial, curve: Curve) -> bool:
    """Whether a trial that is being pruned may go on after all."""
    search = trial.search
    if not search.pruned_trials_resume:
        return False
    own = trial.oracle_id, trial.attempt
    others = other_curves(search, search.pruning, trial)
    return own in _of_rungs(search, {trial.number: own}, [*others, curve])


def _scores(search: Search) -> dict[Key, float]:
    rows = search.trials.completed().exclude(oracle_id="").exclude(score=None)
    listed = rows.order_by("number").values_list("oracle_id", "attempt", "score")
    return {(name, attempt): score for name, attempt, score in listed}


def _of_rounds(search: Search, scores: dict[Key, float]) -> set[Key]:
    names: set[str] = set()
    if not (search.exhausted and search.status == SearchStatus.COMPLETED):
        names = hyperband_plan.promotable(
            search.oracle_state, search.epochs, search.hyperband_factor,
            {name: score for (name, _), score in scores.items()}, search.direction,
        )  # fmt: skip
    for own in search.trials.active().values_list("tuner_values", flat=True):
        names.add(own.get("tuner/trial_id") or "")
    return {key for key in scores if key[0] in names}


def _of_rungs(search: Search, ending: dict[int, Key], curves: Sequence[Curve]) -> set[Key]:
    """`ending`: a trial that is being pruned. Nothing is promoted in a search that has ended or is
    about to."""
    if not search.is_active or search.end_reason:
        return set()
    # Imported when a search prunes: it brings Optuna.
    from tuning.strategies.pruning import next_promoted

    rows = search.trials.filter(status=Status.PRUNED, pruned_attempt__isnull=False)
    listed = rows.values_list("number", "oracle_id", "pruned_attempt")
    keys = {number: (name, attempt) for number, name, attempt in listed} | ending
    pruned = [curve for curve in curves if curve.number in keys]
    best = next_promoted(search.pruning, pruned, MAX_WAITING)
    return {keys[curve.number] for curve in best}
