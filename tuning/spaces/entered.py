"""Values that a person enters for a trial, made a configuration of a space."""

from collections.abc import Mapping
from typing import Any

from tuning.figures import setting

from .edits import Refused
from .hyperparameters import Hyperparameter, read_space


def configuration(space: dict[str, Any], entered: Mapping[str, Any]) -> dict[str, Any]:
    """The values of all active hyperparameters: those entered, and the defaults of the others, as
    KerasTuner would write them. Raises `Refused` with the hyperparameter's name."""
    parameters = read_space(space)
    places = {i: entered[p.name] for i, p in enumerate(parameters) if p.name in entered}
    values = configuration_at(space, places)
    inactive = {p.name: p.condition_text for p in parameters if p.name not in values}
    for name in entered:
        if name in inactive:
            raise Refused(name, f"{name} is only used if {inactive[name]}.")
        if name not in values:
            raise Refused(name, f"The search space has no hyperparameter {name}.")
    return values


def configuration_at(space: dict[str, Any], entered: Mapping[int, Any]) -> dict[str, Any]:
    """The same with values by the place of their hyperparameter in the space. Those of inactive
    ones are not looked at."""
    values: dict[str, Any] = {}
    for place, parameter in enumerate(read_space(space)):
        if parameter.is_active(values):
            taken = _taken(parameter, entered[place]) if place in entered else parameter.default
            values[parameter.name] = taken
    return values


def _taken(parameter: Hyperparameter, entered: Any) -> Any:
    if type(entered) is type(parameter.default) and entered == parameter.default:
        # It may lie outside of its own range.
        return entered
    value = parameter.closest(entered)
    if value is None:
        name, given = parameter.name, setting(entered)
        raise Refused(name, f"{name} takes {parameter.range_text}; it cannot be {given}.")
    return value
