"""What a search would do with its settings: how many trials, how long they train."""

from dataclasses import dataclass, replace

from tuning.models import Search
from tuning.spaces.combinations import combinations, grid_size
from tuning.spaces.hyperparameters import read_space
from tuning.strategies import hyperband_plan
from tuning.strategies.auto import choose
from tuning.strategies.traits import Name

from .forecast import Estimate, disk_text, estimate
from .pruning import pruning_text
from .summary import planned_epochs, planned_trials


@dataclass(frozen=True)
class Plan:
    """`strategy` says how values are chosen, `pruning` which trials end early. `epochs` is the most
    that all trials together can train, `fits` how many estimators they fit: one of the two is 0.
    `folds`: of networks; 0 without a cross-validation."""

    strategy: str
    pruning: str
    trials: int
    epochs: int
    brackets: list[hyperband_plan.Bracket]
    warning: str = ""
    fits: int = 0
    folds: int = 0
    # None and "" where nothing is known.
    estimate: Estimate | None = None
    disk: str = ""
    # Then the estimate is of what is trained without.
    prunes: bool = False


def plan_info(search: Search) -> Plan:
    """The plan of a search that need not be saved."""
    trials, epochs = planned_trials(search), planned_epochs(search)
    plan = Plan(
        strategy=strategy_text(search),
        pruning=pruning_text(search),
        trials=trials,
        epochs=epochs,
        brackets=[],
        warning=_warning(search, trials),
        folds=search.folds if search.cross_validated else 0,
        estimate=estimate(search, trials, epochs),
        disk=disk_text(search, trials),
        prunes=search.pruning.traits.prunes,
    )
    if not search.kind.has_epochs:
        return replace(plan, epochs=0, fits=epochs)
    if search.strategy.has_rounds:
        shape = search.epochs, search.hyperband_factor
        return replace(plan, brackets=hyperband_plan.brackets(*shape))
    return plan


def strategy_text(search: Search) -> str:
    """How the search chooses values: of the automatic strategy, what it chose and why."""
    if search.kind.defines_by_run and search.tuner == Name.AUTO:
        return "TPE, Optuna’s default, which takes in hyperparameters that appear as trials run."
    if search.tuner == Name.AUTO:
        return choose(
            search.space, search.max_trials, search.parallel_trials, len(search.objectives),
            bool(search.constraints),
        ).sentence  # fmt: skip
    return search.strategy.help


def _warning(search: Search, trials: int) -> str:
    if search.kind.defines_by_run:
        return ""
    space = read_space(search.space)
    if search.strategy.enumerates:
        size = grid_size(space) - search.warm_start_count
        if size <= 0:
            return "All combinations of the grid have been tried."
        if size > search.max_trials:
            which = "combinations left" if search.warm_start_count else "combinations"
            return f"The grid has {size:,} {which}. Only {trials:,} of them will be tried."
        return ""
    known = combinations(space)
    if known is not None and search.warm_start_count and known - search.warm_start_count < trials:
        left = max(known - search.warm_start_count, 0)
        return f"Only {left:,} of {known:,} combinations are left."
    if known is not None and known < trials:
        return f"Grid search tries each of the {known:,} combinations once."
    return ""
