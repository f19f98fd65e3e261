"""Values that a person enters for a trial, made a configuration of a space."""

from collections.abc import Mapping
from typing import Any

from tuning.figures import setting

from .edits import Refused
from .hyperparameters import read_space


def configuration(space: dict[str, Any], entered: Mapping[str, Any]) -> dict[str, Any]:
    """The values of all active hyperparameters: those entered, and the defaults of the others, as
    KerasTuner would write them. Raises `Refused` with the hyperparameter's name."""
    values: dict[str, Any] = {}
    inactive = {}
    for parameter in read_space(space):
        name = parameter.name
        if not parameter.is_active(values):
            inactive[name] = parameter.condition_text
            continue
        if name not in entered:
            values[name] = parameter.default
            continue
        value = parameter.closest(entered[name])
        if value is None:
            given = setting(entered[name])
            raise Refused(name, f"{name} takes {parameter.range_text}; it cannot be {given}.")
        values[name] = value
    for name in entered:
        if name in values:
            continue
        if name in inactive:
            raise Refused(name, f"{name} is only in use while {inactive[name]}.")
        raise Refused(name, f"The search space has no hyperparameter {name}.")
    return values
