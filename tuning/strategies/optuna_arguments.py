"""What Optuna's samplers and pruners can be made with, besides what a search has fields for.

A search of an Optuna script keeps these arguments by Optuna's names (`Search.sampler_arguments`,
`pruner_arguments`), so that its trials are those of the script. The tables are written down, since
the site does not load Optuna, and a sampler that cannot be made would end its search. What is an
object or a function in a script is in none of them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import pruners
from .traits import STRATEGIES, Name

Arguments = dict[str, Any]
# Against slips of the finger, not against use.
MAX_NUMBER = 100_000


@dataclass(frozen=True)
class Argument:
    """What an argument may be: a number between two limits, one of some texts, or true or false.
    `texts` may stand for numbers, too."""

    kind: type
    least: float = 0
    most: float = MAX_NUMBER
    texts: tuple[str, ...] = ()

    @property
    def wanted(self) -> str:
        if self.kind is bool:
            return "true or false"
        if self.kind is str:
            return " or ".join(f"“{text}”" for text in self.texts)
        number = "a whole number" if self.kind is int else "a number"
        texts = "".join(f" or “{text}”" for text in self.texts)
        return f"{number} between {self.least:g} and {self.most:,g}{texts}"

    def takes(self, value: Any) -> bool:
        if isinstance(value, str) or self.kind is str:
            return value in self.texts
        if self.kind is bool or isinstance(value, bool):
            return self.kind is bool and isinstance(value, bool)
        fits = isinstance(value, int) or (self.kind is float and isinstance(value, float))
        return fits and self.least <= value <= self.most


AUTO = "auto"
_FLAG = Argument(bool)
_COUNT = Argument(int)
_SHARE = Argument(float, 0, 1)
_SIZE = Argument(int, 2, 10_000)
_TPE = {
    "n_startup_trials": _COUNT, "n_ei_candidates": Argument(int, 1, 10_000), "multivariate": _FLAG,
    "group": _FLAG, "constant_liar": _FLAG, "prior_weight": Argument(float, 0, 1e6),
    "consider_magic_clip": _FLAG, "consider_endpoints": _FLAG,
}  # fmt: skip
_GENETIC = {
    "population_size": _SIZE, "mutation_prob": _SHARE, "crossover_prob": _SHARE,
    "swapping_prob": _SHARE,
}  # fmt: skip

# By strategy and name. Automatic is TPE where the space is only found while trials run.
OF_SAMPLERS: dict[str, dict[str, Argument]] = {
    Name.AUTO: _TPE,
    Name.TPE: _TPE,
    Name.CMAES: {
        "n_startup_trials": _COUNT, "popsize": _SIZE, "sigma0": Argument(float, 1e-12, 1e12),
        "consider_pruned_trials": _FLAG, "use_separable_cma": _FLAG, "with_margin": _FLAG,
        "lr_adapt": _FLAG,
    },
    Name.NSGA2: _GENETIC,
    Name.NSGA3: {**_GENETIC, "dividing_parameter": Argument(int, 1, 100)},
    Name.SOBOL: {"qmc_type": Argument(str, texts=("sobol", "halton")), "scramble": _FLAG},
}  # fmt: skip
OF_PRUNERS: dict[str, dict[str, Argument]] = {
    pruners.Name.MEDIAN: {"n_min_trials": Argument(int, 1)},
    pruners.Name.PERCENTILE: {"n_min_trials": Argument(int, 1)},
    pruners.Name.ASHA: {
        "min_resource": Argument(str, texts=(AUTO,)),
        "min_early_stopping_rate": Argument(int, 0, 30),
        "bootstrap_count": _COUNT,
    },
    pruners.Name.HYPERBAND: {
        "max_resource": Argument(int, 1, texts=(AUTO,)),
        "bootstrap_count": _COUNT,
    },
    pruners.Name.PATIENT: {"min_delta": Argument(float, 0, 1e12)},
    pruners.Name.WILCOXON: {"n_startup_steps": _COUNT},
}
# Values that Optuna refuses together.
_REFUSED: tuple[Arguments, ...] = (
    {"group": True, "multivariate": False},
    {"lr_adapt": True, "use_separable_cma": True},
    {"lr_adapt": True, "with_margin": True},
    {"use_separable_cma": True, "with_margin": True},
)
# Of samplers that a script names: arguments for which ours have other defaults than Optuna.
OPTUNAS_DEFAULTS: dict[str, Arguments] = {
    Name.SOBOL: {"scramble": False},
    Name.NSGA2: {"population_size": 50},
    Name.NSGA3: {"population_size": 50},
}


def arguments_for(
    table: Mapping[str, Mapping[str, Argument]], chosen: str, given: Arguments
) -> Arguments:
    """Those of the chosen strategy or pruner. What belongs to another one is left out, as its
    fields are. Raises ValueError with a sentence."""
    everywhere = {name for arguments in table.values() for name in arguments}
    own = table.get(chosen, {})
    for name, value in given.items():
        if name not in everywhere:
            raise ValueError(f"Unknown argument “{name:.60}”. {_taken(own, chosen)}")
        if name in own and not own[name].takes(value):
            raise ValueError(f"{name}: enter {own[name].wanted}.")
    found = {name: value for name, value in given.items() if name in own}
    for together in _REFUSED:
        if together.items() <= found.items():
            raise ValueError(f"Optuna does not take {_shown(together)} together.")
    return found


def text_of(arguments: Arguments) -> str:
    """As pages show them."""
    return ", ".join(f"{name}: {json.dumps(value)}" for name, value in arguments.items())


def _shown(arguments: Arguments) -> str:
    return " and ".join(f"{name}={value}" for name, value in arguments.items())


def _taken(own: Mapping[str, Argument], chosen: str) -> str:
    caption = STRATEGIES[Name(chosen)].caption if chosen in STRATEGIES else chosen.capitalize()
    return f"{caption} takes {', '.join(own) or 'no further arguments'}."
