"""A search space narrowed to what some trials span: the edits that make it so.

Every value that was given lies in the narrowed space, and the narrowed space lies in the old one.
What cannot be narrowed without breaking that stays as it is.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .edits import Edit, Range, Refused, Values, edit_of, edited_parameter, governed
from .hyperparameters import Hyperparameter, read_space

# So many digits of a bound are kept where any value is possible: 0.00347 becomes 0.0034.
DIGITS = 2
# More values than these are not written out as a list in place of a range.
MAX_LISTED = 64
# Up to so many values of a stepped range are compared one by one.
MAX_COMPARED = 2000


@dataclass(frozen=True)
class Narrowing:
    """`edits` by place, as `edited` takes them. `idle` names those that no trial had in use."""

    edits: Mapping[int, Edit]
    idle: tuple[str, ...]


def narrowed(config: dict[str, Any], trials: Sequence[Mapping[str, Any]]) -> Narrowing:
    """The edits that narrow a KerasTuner config to the values of these trials."""
    space = read_space(config)
    edits: dict[int, Edit] = {}
    idle: list[str] = []
    for place, parameter in enumerate(space):
        seen = _seen(parameter, trials)
        if not seen:
            idle.append(parameter.name)
            continue
        own = [parameter.closest(value) for value in seen]
        if None in own:
            # As a default that lies between the steps.
            continue
        edit = _edit(parameter, own, governed(space, parameter.name))
        if edit is not None and edit != edit_of(parameter):
            edits[place] = edit
    return Narrowing(edits, tuple(idle))


def _seen(parameter: Hyperparameter, trials: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Its values in the trials that had it in use, each once. Two hyperparameters of one name are
    distinguished by their conditions."""
    found = dict.fromkeys(
        (type(values[parameter.name]), values[parameter.name])
        for values in trials
        if values.get(parameter.name) is not None and parameter.is_active(values)
    )
    return [value for _, value in found]


def _edit(parameter: Hyperparameter, seen: list[Any], governs: list[str]) -> Edit | None:
    """The first of the possible edits that holds all values and nothing new."""
    for edit in _candidates(parameter, seen):
        try:
            changed = edited_parameter(parameter, edit, governs)
        except Refused:
            continue
        if _lies_in(changed, parameter) and all(_near(changed, value) for value in seen):
            return edit
    return None


def _candidates(parameter: Hyperparameter, seen: list[Any]) -> Iterator[Edit]:
    if parameter.listed is not None:
        kinds = {(type(value), value) for value in seen}
        yield Values(tuple(v for v in parameter.listed if (type(v), v) in kinds))
        return
    low, high = min(seen), max(seen)
    if low == high:
        yield Values((low,))
        return
    config, sampling, step = parameter.config, parameter.sampling, parameter.step
    if step is None:
        bounds = (low, high) if parameter.kind == "Int" else _outwards(parameter, low, high)
        yield Range(bounds[0], bounds[1], None, sampling)
        yield Range(low, high, None, sampling)
        return
    # KerasTuner's steps lose their last value to rounding (0.3 to 0.5 in steps of 0.1), so that
    # several ways to write the same bounds are tried.
    for bottom in (_short(low), low):
        for top in (_short(high), high, math.nextafter(high, math.inf), high + step * 1e-6):
            top = top if isinstance(high, float) else high
            inside = config["min_value"] <= bottom and top <= config["max_value"]
            if inside:
                yield Range(bottom, top, step, sampling)
    if (parameter.count or 0) <= MAX_COMPARED:
        between = tuple(v for v in parameter.grid_values if low <= v <= high)
        if len(between) <= MAX_LISTED:
            yield Values(tuple(sorted(set(between))))


def _lies_in(changed: Hyperparameter, old: Hyperparameter) -> bool:
    """Whether it holds nothing that the old one does not."""
    if changed.listed is not None:
        return all(_near(old, value) for value in changed.listed)
    for bound in ("min_value", "max_value"):
        if not old.config["min_value"] <= changed.config[bound] <= old.config["max_value"]:
            return False
    if old.step is None or (old.kind == "Int" and old.sampling == "linear" == changed.sampling):
        return _near(old, changed.lowest)
    if (changed.count or 0) > MAX_COMPARED:
        return False
    return all(_near(old, value) for value in changed.grid_values)


def _near(parameter: Hyperparameter, value: Any) -> bool:
    return parameter.closest(value) is not None


def _outwards(parameter: Hyperparameter, low: float, high: float) -> tuple[float, float]:
    """Bounds with few digits just outside of these, within the hyperparameter's own."""
    lowest, highest = float(parameter.config["min_value"]), float(parameter.config["max_value"])
    if parameter.sampling == "log":
        units = [_unit(low), _unit(high)]
    else:
        # On a linear scale what counts is the width of the range and not the size of its numbers.
        units = [_unit((highest - lowest) / 10)] * 2
    below = _short(math.floor(low / units[0] * (1 + 1e-12)) * units[0])
    above = _short(math.ceil(high / units[1] * (1 - 1e-12)) * units[1])
    return (
        below if lowest <= below <= low else max(lowest, min(below, low)),
        above if high <= above <= highest else min(highest, max(above, high)),
    )


def _unit(value: float) -> float:
    """The last digit that is kept of a number of this size."""
    return float(10.0 ** (math.floor(math.log10(abs(value))) - DIGITS + 1))


def _short(value: Any) -> Any:
    """Without what rounding added: 0.30000000000000004 is 0.3."""
    return float(f"{value:.12g}") if isinstance(value, float) else value
