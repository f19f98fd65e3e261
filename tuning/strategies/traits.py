"""The search strategies and their traits: one row each, which everything else reads."""

from dataclasses import dataclass
from enum import StrEnum

from tuning.protocol.objectives import MAX_OBJECTIVES


class Name(StrEnum):
    """What the database, the command line and addresses call the strategies."""

    AUTO = "auto"
    TPE = "tpe"
    SOBOL = "sobol"
    CMAES = "cmaes"
    RANDOM = "random"
    NSGA2 = "nsga2"
    NSGA3 = "nsga3"
    GRID = "grid"
    BAYESIAN = "bayesian"
    HYPERBAND = "hyperband"
    GIVEN = "given"


class Family(StrEnum):
    """The module of this package that a strategy is made in."""

    OPTUNA = "optuna_samplers"
    KERASTUNER = "kerastuner"
    GIVEN = "given"


@dataclass(frozen=True)
class Traits:
    """`help` is one sentence; `suits` says when to choose it.

    learns: from scores, so that later trials are better ones.
    ignores_results: its suggestions do not depend on how running trials end, once a trial before
        them has ended well.
    enumerates: tries every configuration of a grid once, the defaults first.
    has_rounds: trains many models shortly and goes on with the best; plans its own trials and does
        not count `max_trials`.
    needs_epochs: cannot tune estimators, which have none.
    needs_space: cannot search a space that is only found while its trials run.
    sees_all: knows every trial of its search, the baseline too. KerasTuner's see only their own,
        so that they suggest exactly what KerasTuner alone would.
    max_warm_start: the most finished trials of earlier searches it can begin with. They are part of
        its state, and a Gaussian process over n trials costs n³ at each suggestion.
    warm_start_refusal: why it can begin with none.
    can_be_pruned: whether pruners may end its trials early. One with rounds ends them itself.
    learns_from_pruned: a pruned trial teaches it what Optuna's samplers learn of one.
    conditional: treats conditional hyperparameters like all others. Without: Optuna draws them at
        random, whatever the sampler.
    max_objectives: how many a search may have.
    takes_constraints: whether it learns from infeasible trials, or from none at all. Those of
        KerasTuner know no trials that ended well and are none of the best.
    strategy_settings: fields of a search that only this strategy has.
    """

    name: Name
    caption: str
    help: str
    suits: str
    family: Family
    learns: bool = False
    ignores_results: bool = False
    enumerates: bool = False
    has_rounds: bool = False
    needs_epochs: bool = False
    needs_space: bool = False
    sees_all: bool = False
    max_warm_start: int = 1000
    warm_start_refusal: str = ""
    can_be_pruned: bool = True
    learns_from_pruned: bool = False
    conditional: bool = True
    max_objectives: int = MAX_OBJECTIVES
    takes_constraints: bool = True
    strategy_settings: tuple[str, ...] = ()
    # Whether it suggests values. Without: its trials are made with the search, for a purpose, and
    # no form offers it.
    suggests: bool = True

    def refusal(self, objectives: int, constraints: int) -> str:
        """Why a search with so many of them cannot use it; empty if it can."""
        if objectives > self.max_objectives:
            return f"{self.caption} needs a single objective."
        if constraints and not self.takes_constraints:
            return (
                f"{self.caption} cannot learn from infeasible trials, so it takes no constraints."
            )
        return ""

    @property
    def counts_trials(self) -> bool:
        """Whether `max_trials` ends the search."""
        return not self.has_rounds


_TABLE = (
    Traits(
        Name.AUTO, "Automatic",
        "Chooses the strategy from the search space, the budget and the number of parallel trials.",
        "Start here. The search page says what was chosen and why.",
        Family.OPTUNA, learns=True, sees_all=True, learns_from_pruned=True,
    ),
    Traits(
        Name.TPE, "TPE",
        "Models the values of good and bad trials and suggests values like the good ones.",
        "Most searches with 20 trials or more, conditional hyperparameters and parallel trials.",
        Family.OPTUNA, learns=True, sees_all=True, learns_from_pruned=True,
    ),
    Traits(
        Name.SOBOL, "Sobol sequence",
        "Covers the search space evenly. Ignores scores.",
        "Exploring a space and fair comparisons. Covers it more evenly than random search.",
        Family.OPTUNA, sees_all=True, conditional=False, ignores_results=True,
    ),
    Traits(
        Name.CMAES, "CMA-ES",
        "Evolution strategy that adapts a normal distribution to better scores.",
        "Numeric hyperparameters only, and a budget of hundreds of trials.",
        Family.OPTUNA, learns=True, sees_all=True, conditional=False, max_objectives=1,
        takes_constraints=False,
    ),
    Traits(
        Name.NSGA2, "NSGA-II",
        "Evolves generations of configurations towards the Pareto front.",
        "Two or three objectives and a budget of a hundred trials or more.",
        Family.OPTUNA, learns=True, sees_all=True,
    ),
    Traits(
        Name.NSGA3, "NSGA-III",
        "Like NSGA-II, but spreads the front by reference points.",
        "Three or four objectives and a budget of hundreds of trials.",
        Family.OPTUNA, learns=True, sees_all=True,
    ),
    Traits(
        Name.RANDOM, "Random search",
        "Draws every value at random.",
        "A baseline for comparisons, and very short searches.",
        Family.KERASTUNER, ignores_results=True,
    ),
    Traits(
        Name.GRID, "Grid search",
        "Tries every combination of the listed values.",
        "Small spaces with every combination of interest.",
        Family.KERASTUNER, enumerates=True, needs_space=True,
    ),
    Traits(
        Name.BAYESIAN, "Bayesian optimisation",
        "Fits a Gaussian process to the scores and suggests values with high expected scores.",
        "Reproducing a KerasTuner script. Suggestions become slower with each trial.",
        Family.KERASTUNER, learns=True, max_warm_start=300, max_objectives=1,
        takes_constraints=False, needs_space=True,
        strategy_settings=("bayesian_initial_points", "bayesian_alpha", "bayesian_beta"),
    ),
    Traits(
        Name.HYPERBAND, "Hyperband",
        "Trains many models for a few epochs and continues the best ones.",
        "Networks whose early scores predict the final score.",
        Family.KERASTUNER, learns=True, has_rounds=True, can_be_pruned=False,
        needs_epochs=True, needs_space=True, max_warm_start=0, max_objectives=1,
        takes_constraints=False,
        warm_start_refusal="Hyperband trains in its own rounds, so it cannot use a warm start.",
        strategy_settings=("hyperband_factor", "hyperband_iterations"),
    ),
    Traits(
        Name.GIVEN, "Given values",
        "Runs the given configurations and no others.",
        "Confirming the top trials of a search with other seeds.",
        Family.GIVEN, sees_all=True, max_warm_start=0,
        warm_start_refusal="A confirmation does not learn from other trials.",
        can_be_pruned=False, suggests=False,
    ),
)  # fmt: skip

STRATEGIES = {traits.name: traits for traits in _TABLE}
# What a person may choose for a search.
OFFERED = {traits.name: traits for traits in _TABLE if traits.suggests}
# Fields of a search that belong to one strategy.
STRATEGY_SETTINGS = tuple(name for traits in _TABLE for name in traits.strategy_settings)
# Those whose searches `max_trials` does not end.
WITH_ROUNDS = [traits.name.value for traits in _TABLE if traits.has_rounds]


def choices() -> list[tuple[str, str]]:
    """For a database field, whose migrations then need not know every strategy."""
    return [(traits.name.value, traits.caption) for traits in _TABLE]


def traits_of(name: str) -> Traits:
    """The row of a strategy, by what the database calls it."""
    return STRATEGIES[Name(name)]
