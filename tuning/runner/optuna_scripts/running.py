"""Running an objective function once."""

import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import optuna

from tuning.protocol.events import Metrics
from tuning.runner.custom_tuners.keras_hooks import forget_saves, watched_keras
from tuning.runner.custom_tuners.sklearn_hooks import watched_sklearn
from tuning.runner.estimators.building import in_threads
from tuning.runner.failures import NotANumber, TemplateError

from .study_settings import value_names
from .template import ScriptTemplate
from .trials import AskedTrial
from .watch import ScriptWatch

# Of user attributes, as many as a page can show.
MAX_ATTRIBUTES = 50


@dataclass(frozen=True)
class Outcome:
    """What a trial has come to. `values` are the objectives'; all others are metrics, too."""

    values: list[float]
    attributes: Metrics = field(default_factory=dict)
    constraints: Metrics = field(default_factory=dict)


@contextmanager
def watched(template: ScriptTemplate, watch: ScriptWatch) -> Iterator[None]:
    """In here what the objective function trains is seen."""
    with watched_keras(watch, template.script.tree), watched_sklearn(watch), in_threads():
        yield


def run(template: ScriptTemplate, trial: AskedTrial, watch: ScriptWatch, seed: int) -> Outcome:
    """Call the objective function. Raises what it raises: TrialPruned among others."""
    forget_saves()
    keras.backend.clear_session()
    template.configure()
    keras.utils.set_random_seed(seed)
    watch.begin()
    try:
        returned = template.objective_function(trial)
        values = values_of(returned, template)
    except optuna.TrialPruned:
        raise
    except Exception as error:
        template.explain(error)
        raise
    finally:
        watch.flush()
        watch.is_running = False
    attributes = {
        str(name): value
        for name, one in trial.user_attrs.items()
        if (value := _number(one)) is not None
    }
    for name in trial.user_attrs.keys() - attributes.keys():
        print(f"User attribute {name}: {trial.user_attrs[name]}")
    some: Metrics = dict(list(attributes.items())[:MAX_ATTRIBUTES])
    constraints: Metrics = dict(constraints_of(template, trial, values))
    return Outcome(values, some, constraints)


def values_of(returned: Any, template: ScriptTemplate) -> list[float]:
    """The numbers that an objective function returned, as Optuna takes them. Raises
    TemplateError, NotANumber."""
    name = template.builder_name
    several = isinstance(returned, Sequence | np.ndarray) and not isinstance(returned, str)
    if isinstance(returned, np.ndarray) and not returned.ndim:
        several = False
    found: list[Any] = list(returned) if several else [returned]
    try:
        values = [float(one) for one in found]
    except (TypeError, ValueError):
        raise TemplateError(
            f"{name} returned {returned!r:.60}. Optuna takes a number, or one for each direction."
        ) from None
    directions = template.study_settings.directions
    if directions and len(values) != len(directions):
        raise TemplateError(
            f"{name} returned {len(values)} values, but its study has {len(directions)} "
            f"{'direction' if len(directions) == 1 else 'directions'}."
        )
    if not all(map(math.isfinite, values)):
        raise NotANumber(f"{name} returned {returned!r:.60}, which is not a score.")
    return values


def constraints_of(
    template: ScriptTemplate, trial: AskedTrial, values: list[float]
) -> Iterator[tuple[str, float]]:
    """Those that the trial was given, and those that the script's sampler would compute."""
    names = {*value_names(template.study_settings, len(values)), *trial.user_attrs}
    for key, value in trial.constraints.items():
        yield (key if key not in names else f"constraint {key}"), value
    function = template.study_settings.constraints
    if function is None:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = function(_ended(trial, values))
    for place, value in enumerate(found):
        yield f"constraint_{place}", float(value)


def _ended(trial: AskedTrial, values: list[float]) -> Any:
    """The trial as a sampler would see it after its end."""
    return optuna.trial.create_trial(
        values=values, params=trial.params, distributions=trial.distributions,
        user_attrs=trial.user_attrs,
    )  # fmt: skip


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        return None
    return float(value)
