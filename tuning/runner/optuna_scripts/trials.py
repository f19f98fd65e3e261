"""Optuna's trial, with values from elsewhere."""

import json
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    IntDistribution,
    distribution_to_json,
)
from optuna.pruners import BasePruner
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial

from tuning.spaces.define_by_run import CATEGORICAL, Distribution

from .watch import ScriptWatch

# What gives a hyperparameter its value, by its name and its distribution.
Values = Callable[[str, Distribution], Any]
_DIRECTIONS = {"min": StudyDirection.MINIMIZE, "max": StudyDirection.MAXIMIZE}


class AskedTrial(optuna.Trial):
    """Optuna's own trial. Each value is asked for; what it reports is told."""

    def __init__(self, study: optuna.Study, values: Values, watch: ScriptWatch, number: int):
        super().__init__(study, study._storage.create_new_trial(study._study_id))
        self._values, self._watch, self._number = values, watch, number

    @property
    def number(self) -> int:
        """Optuna's count from 0."""
        return self._number

    def report(self, value: float, step: int) -> None:
        known = dict(self._cached_frozen_trial.intermediate_values)
        super().report(value, step)
        # Optuna warns of a step that is reported twice, and keeps the first.
        if step not in known:
            self._watch.report(float(value), step)

    def _suggest(self, name: str, distribution: BaseDistribution) -> Any:
        if name not in self._cached_frozen_trial.distributions:
            value = self._values(name, written(distribution))
            self._fixed_params[name] = value_of(distribution, value)
        with warnings.catch_warnings():
            # Of a value that a person's search space has and the script's has not.
            warnings.filterwarnings("ignore", message="Fixed parameter")
            return super()._suggest(name, distribution)


class Verdicts(BasePruner):
    """In the place of a study's pruner: the supervisor decides."""

    def __init__(self, watch: ScriptWatch) -> None:
        self._watch = watch

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        return self._watch.is_pruned_now()


def new_trial(
    directions: Sequence[str], values: Values, watch: ScriptWatch, number: int = 0
) -> AskedTrial:
    """A trial of a study of its own. `number` counts from 0."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        directions=[_DIRECTIONS[direction] for direction in directions or ["min"]],
        pruner=Verdicts(watch),
    )
    # `trial.study.stop()` is for the script's own loop, which does not run.
    study._thread_local.in_optimize_loop = True
    return AskedTrial(study, values, watch, number)


def written(distribution: BaseDistribution) -> Distribution:
    """A distribution as the supervisor gets it."""
    if isinstance(distribution, CategoricalDistribution):
        choices = shown_choices(distribution.choices)
        return {"name": CATEGORICAL, "attributes": {"choices": choices}}
    found: Distribution = json.loads(distribution_to_json(distribution))
    return found


def value_of(distribution: BaseDistribution, value: Any) -> Any:
    """The script's own value for one of those that were written. Raises ValueError."""
    if isinstance(distribution, CategoricalDistribution):
        shown = shown_choices(distribution.choices)
        # In Python 1 equals True.
        place = next(
            (i for i, one in enumerate(shown) if (type(one), one) == (type(value), value)), None
        )
        if place is None:
            raise ValueError(f"{value!r} is not among the choices of the script: {shown}.")
        return distribution.choices[place]
    return int(value) if isinstance(distribution, IntDistribution) else float(value)


def shown_choices(choices: Sequence[Any]) -> list[Any]:
    """Choices as pages show them: numbers, texts or truth values, or the text of anything else."""
    plain = [choice.item() if isinstance(choice, np.generic) else choice for choice in choices]
    kinds = {_kind(choice) for choice in plain}
    if len(kinds) == 1 and None not in kinds:
        return plain
    texts = [choice if isinstance(choice, str) else _text(choice) for choice in plain]
    return [
        text if texts.index(text) == place else f"{text} ({place + 1})"
        for place, text in enumerate(texts)
    ]


def _kind(choice: Any) -> type | None:
    if isinstance(choice, bool | str):
        return type(choice)
    return float if isinstance(choice, int | float) else None


def _text(choice: Any) -> str:
    name = getattr(choice, "__name__", "")
    return name if isinstance(name, str) and name else str(choice)[:200]
