"""KerasTuner's search spaces as Optuna sees them.

Every hyperparameter with a choice becomes a number or a category that Optuna samples, and each
sample is exactly one value that KerasTuner's own class would give.
"""

import json
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from tuning.spaces.hyperparameters import Hyperparameter, read_space

from .contract import KnownTrial
from .untried import Key

# Configurations that are remembered for a space, a few hundred bytes each.
MAX_DESCRIBED = 20_000


@dataclass(frozen=True)
class Dimension:
    """A hyperparameter and what Optuna samples for it under the name `key`: its value, the place of
    its value among ordered ones, or (reversed logarithmic) the value's mirror image."""

    key: str
    parameter: Hyperparameter

    @cached_property
    def distribution(self) -> BaseDistribution | None:
        """None if there is nothing to choose."""
        parameter = self.parameter
        if self.is_indexed:
            count = parameter.count or 1
            return IntDistribution(0, count - 1) if count > 1 else None
        if parameter.listed is not None:
            single = len(parameter.listed) == 1
            return None if single else CategoricalDistribution(parameter.listed)
        low, high = parameter.config["min_value"], parameter.config["max_value"]
        if low == high:
            return None
        kind = IntDistribution if parameter.kind == "Int" else FloatDistribution
        return kind(low, high, log=parameter.sampling != "linear")

    @cached_property
    def is_indexed(self) -> bool:
        """Whether its values are distinguished by their place: a sampler that knows that 64 lies
        between 32 and 128 needs fewer trials."""
        parameter = self.parameter
        if parameter.listed is not None:
            return parameter.kind == "Choice" and bool(parameter.config.get("ordered"))
        return parameter.step is not None

    def value(self, sample: Any) -> Any:
        """KerasTuner's value for a sample; for None, the only one there is."""
        parameter = self.parameter
        if sample is None:
            return parameter.listed[0] if parameter.listed is not None else parameter.lowest
        if self.is_indexed:
            return parameter.value_at(int(sample))
        if parameter.listed is None and parameter.sampling == "reverse_log":
            return parameter.config["min_value"] + parameter.config["max_value"] - sample
        return sample

    def sample(self, value: Any) -> Any:
        """The sample that gives this value. Raises ValueError if none does."""
        parameter = self.parameter
        if self.is_indexed:
            return parameter.place_of(value)
        if parameter.listed is None and parameter.sampling == "reverse_log":
            value = parameter.config["min_value"] + parameter.config["max_value"] - value
            # What rounding carried beyond the ends.
            return min(max(value, parameter.config["min_value"]), parameter.config["max_value"])
        return value


def _ask(trial: optuna.Trial, key: str, distribution: BaseDistribution) -> Any:
    match distribution:
        case IntDistribution():
            return trial.suggest_int(key, distribution.low, distribution.high, log=distribution.log)
        case FloatDistribution():
            return trial.suggest_float(
                key, distribution.low, distribution.high, log=distribution.log
            )
        case CategoricalDistribution():
            return trial.suggest_categorical(key, distribution.choices)
    raise TypeError(f"{distribution} is not sampled here")


@dataclass(frozen=True)
class Described:
    """A configuration as Optuna has it: samples and their distributions. `params` is None where the
    space does not hold it: a default may lie outside."""

    params: dict[str, Any] | None
    distributions: dict[str, BaseDistribution]


class Dimensions:
    """All hyperparameters of a space, in KerasTuner's order: parents before children."""

    def __init__(self, space: dict[str, Any]) -> None:
        parameters = read_space(space)
        names = [parameter.name for parameter in parameters]
        # KerasTuner tells two hyperparameters of one name apart by their conditions.
        self.all = [
            Dimension(f"{p.name}#{i}" if names.count(p.name) > 1 else p.name, p)
            for i, p in enumerate(parameters)
        ]
        self._described: dict[Key, Described] = {}

    @property
    def is_conditional(self) -> bool:
        return any(dimension.parameter.conditions for dimension in self.all)

    def suggest(self, trial: optuna.Trial) -> dict[str, Any]:
        """Ask for the value of every hyperparameter that is active, as a template would."""
        values: dict[str, Any] = {}
        for dimension in self.all:
            if not dimension.parameter.is_active(values):
                continue
            distribution = dimension.distribution
            sample = None if distribution is None else _ask(trial, dimension.key, distribution)
            values[dimension.parameter.name] = dimension.value(sample)
        return values

    def described(self, trial: KnownTrial) -> Described:
        """What Optuna gets of a trial's values. Each suggestion asks for that of all trials: it is
        remembered."""
        found = self._described.get(trial.key)
        if found is None:
            if len(self._described) >= MAX_DESCRIBED:
                self._described.clear()
            found = self._described[trial.key] = self._describe(trial.values)
        return found

    def _describe(self, values: dict[str, Any]) -> Described:
        params: dict[str, Any] = {}
        distributions: dict[str, BaseDistribution] = {}
        for dimension in self.all:
            parameter, distribution = dimension.parameter, dimension.distribution
            if distribution is None or not parameter.is_active(values):
                continue
            value = parameter.closest(values.get(parameter.name))
            if value is None:
                return Described(None, {})
            params[dimension.key] = dimension.sample(value)
            distributions[dimension.key] = distribution
        return Described(params, distributions)


@lru_cache(maxsize=8)
def _dimensions(space: str) -> Dimensions:
    return Dimensions(json.loads(space))


def dimensions_of(space: dict[str, Any]) -> Dimensions:
    """The dimensions of a space; of one that was asked for lately, the same again."""
    return _dimensions(json.dumps(space))
