"""What a search would do with its settings: how many trials, how long they train."""

from dataclasses import dataclass

from tuning.models import Search

from . import hyperband
from .combinations import combinations, grid_size
from .space import read_space
from .summary import planned_trials


@dataclass(frozen=True)
class Plan:
    """`epochs` is the most that all trials together can train, `fits` how many estimators they fit:
    one of the two is 0."""

    trials: int
    epochs: int
    brackets: list[hyperband.Bracket]
    warning: str = ""
    fits: int = 0


def plan_info(search: Search) -> Plan:
    """The plan of a search that need not be saved."""
    trials = planned_trials(search)
    if search.is_cross_validated:
        return Plan(trials, 0, [], _warning(search, trials), fits=trials * search.folds)
    if search.tuner == Search.Tuner.HYPERBAND:
        shape = search.epochs, search.hyperband_factor
        epochs = search.epochs + hyperband.epoch_count(*shape, search.hyperband_iterations)
        plan = hyperband.brackets(*shape)
    else:
        epochs, plan = trials * search.epochs, []
    return Plan(trials, epochs * search.executions_per_trial, plan, _warning(search, trials))


def _warning(search: Search, trials: int) -> str:
    space = read_space(search.space)
    if search.tuner == Search.Tuner.GRID:
        size = grid_size(space) - search.fed_count
        if size <= 0:
            return "The whole grid has been tried: there is nothing left to run."
        if size > search.max_trials:
            which = "combinations left" if search.fed_count else "combinations"
            return f"The whole grid has {size:,} {which}; only {trials:,} of them are tried."
        return ""
    known = combinations(space)
    if known is not None and search.fed_count and known - search.fed_count < trials:
        left = max(known - search.fed_count, 0)
        return f"Only {left:,} of the {known:,} combinations are left to try."
    if known is not None and known < trials:
        return f"There are only {known:,} combinations; grid search tries each of them once."
    return ""
