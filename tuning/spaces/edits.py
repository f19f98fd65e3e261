"""Changing a search space: what a template can take and KerasTuner accepts.

`edited` is all it takes to narrow, widen or fix hyperparameters; conditions are kept as they are.

A space is KerasTuner's own config, as the inspection read it; `Search.space` is what is searched.
Between them stand edits (`tuning/spaces/edits.py`: `edited(config, {place: Range | Values})`),
which the search form makes and whatever else narrows a space can make: a range with a step and a
sampling, or a list of values, of which a single one is fixed. KerasTuner looks a value up by a
hyperparameter's name and its conditions and not by its class, so that a template's `hp.Float`
gets what an entry `Choice` or `Fixed` says (`tests/runner/test_edited_space.py`); without its
conditions the entry would be another hyperparameter.

An edit is refused if KerasTuner's constructors refuse it (hypothesis compares them), or if the
template cannot take it as far as its own space tells: another type, text that it does not list,
negative numbers where it has none, shares above 1, and further values of a hyperparameter that
conditions ask for, since no condition names them. A template may still fail to build with other
widened values; the trial then says so.
"""

import math
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from tuning.figures import in_words, setting

from .checked import reaching
from .hyperparameters import Hyperparameter, read_space

SAMPLINGS = ("linear", "log", "reverse_log")
# Against slips of the finger; powers of what lies between them are still numbers.
LARGEST, SMALLEST = 1e15, 1e-100
# KerasTuner subtracts from the highest value and would lose the digits of the lowest.
MAX_REVERSED = 1e9
MAX_VALUES = 1000
# KerasTuner's grid search writes all values of a hyperparameter into one list.
MAX_GRID_VALUES = 100_000


@dataclass(frozen=True)
class Range:
    """From `low` to `high`, both included; `step` None is any value between them."""

    low: float
    high: float
    step: float | None = None
    sampling: str = "linear"


@dataclass(frozen=True)
class Values:
    """One of these; with a single one the hyperparameter is fixed."""

    values: tuple[Any, ...]


Edit = Range | Values


class Refused(ValueError):
    """An edit that cannot be: the part of it (low, high, step, sampling, values) and a sentence."""

    def __init__(self, part: str, sentence: str) -> None:
        super().__init__(sentence)
        self.part = part
        self.sentence = sentence


def value_type(parameter: Hyperparameter) -> type:
    """int, float, bool or str: the type of the values that the template gets."""
    if parameter.kind in ("Int", "Float"):
        return int if parameter.kind == "Int" else float
    return type((parameter.listed or (None,))[0])


def is_number(parameter: Hyperparameter) -> bool:
    return value_type(parameter) in (int, float)


def options_of(parameter: Hyperparameter) -> tuple[Any, ...]:
    """The values that a hyperparameter of other things than numbers can have at all."""
    if value_type(parameter) is bool and parameter.kind != "Choice":
        return (True, False)
    return parameter.listed or ()


def edit_of(parameter: Hyperparameter) -> Edit:
    """The edit that makes a hyperparameter what it is."""
    if parameter.listed is not None:
        return Values(parameter.listed)
    config = parameter.config
    return Range(config["min_value"], config["max_value"], parameter.step, parameter.sampling)


def governed(space: list[Hyperparameter], name: str) -> list[str]:
    """Those whose conditions ask for the value of `name`."""
    return [p.name for p in space if any(c.name == name for c in p.conditions)]


def edited(config: dict[str, Any], edits: Mapping[int, Edit]) -> dict[str, Any]:
    """A KerasTuner config with some entries changed, by their place. Raises `Refused`."""
    own = read_space(config)
    entries = list(config.get("space", []))
    for place, edit in edits.items():
        changed = edited_parameter(own[place], edit, governed(own, own[place].name))
        entries[place] = {"class_name": changed.kind, "config": changed.config}
    return {"space": entries, "values": {}}


def edited_parameter(
    own: Hyperparameter, edit: Edit, governs: Sequence[str] = ()
) -> Hyperparameter:
    """The template's hyperparameter with this edit; itself if that changes nothing. `governs` are
    those whose conditions ask for its value. Raises `Refused`."""
    if edit == edit_of(own):
        return own
    part = "values"
    if isinstance(edit, Range) and not is_number(own):
        raise Refused(part, "Ranges are not supported for this hyperparameter.")
    if isinstance(edit, Range) and edit.low == edit.high:
        edit = Values((edit.low,))
        part = "low"
    if isinstance(edit, Range):
        changed = _with_range(own, edit)
    elif is_number(own):
        changed = _with_numbers(own, edit.values, part)
    else:
        changed = _with_options(own, edit.values)
    if governs:
        _check_governing(own, changed, governs, part)
    default = changed.closest(own.default)
    if changed.kind != "Fixed":
        changed.config["default"] = changed.lowest if default is None else default
    return changed


def check_grid(parameter: Hyperparameter) -> None:
    """Grid search must be able to list the values. Raises `Refused`."""
    if parameter.grid_count > MAX_GRID_VALUES:
        raise Refused(
            "step",
            f"Grid search would try each of {parameter.grid_count:,} values: give {parameter.name} "
            "a larger step or a list of values.",
        )


def _with_range(own: Hyperparameter, edit: Range) -> Hyperparameter:
    whole = value_type(own) is int
    low, high = _number(own, edit.low, "low"), _number(own, edit.high, "high")
    step = edit.step
    if step is not None:
        step = _as_number(step, whole, "step")
    elif whole and edit.sampling == "linear":
        step = 1
    if low > high:
        raise Refused("high", f"Enter a value of at least {setting(low)}.")
    if edit.sampling not in SAMPLINGS:
        raise Refused("sampling", f"Unknown sampling “{edit.sampling}”.")
    if edit.sampling != "linear" and low <= 0:
        raise Refused("low", "Logarithmic sampling needs values above 0.")
    if edit.sampling == "reverse_log" and high > low * MAX_REVERSED:
        raise Refused("low", "Reversed logarithmic sampling spans at most nine powers of ten.")
    _check_step(step, low, high, edit.sampling)
    if step is not None and edit.sampling == "linear":
        high = reaching(low, high, step)
    config = {
        **_common(own), "default": None, "min_value": low, "max_value": high, "step": step,
        "sampling": edit.sampling,
    }  # fmt: skip
    return replace(own, kind="Int" if whole else "Float", config=config)


def _check_step(step: float | None, low: float, high: float, sampling: str) -> None:
    if step is None:
        return
    if sampling == "linear":
        if step <= 0:
            raise Refused("step", "A step must be above 0.")
        if step > (high - low) * (1 + 1e-9):
            raise Refused("step", f"The step exceeds the range {setting(low)} to {setting(high)}.")
    else:
        if step <= 1:
            raise Refused(
                "step", "With logarithmic sampling a step multiplies: it must be above 1."
            )
        if step > high / low * (1 + 1e-9):
            raise Refused(
                "step", f"{setting(low)} times this is already more than {setting(high)}."
            )
    if (high - low) / step > LARGEST:
        raise Refused("step", "This step is too small for the range.")


def _with_numbers(own: Hyperparameter, values: Sequence[Any], part: str) -> Hyperparameter:
    if not values:
        raise Refused("values", "Enter at least one value.")
    numbers = list(dict.fromkeys(_number(own, value, part) for value in values))
    if len(numbers) > MAX_VALUES:
        raise Refused("values", f"{len(numbers):,} values exceed the limit of {MAX_VALUES:,}.")
    if len(numbers) == 1:
        return _fixed(own, numbers[0])
    config = {**_common(own), "default": None, "values": numbers, "ordered": True}
    return replace(own, kind="Choice", config=config)


def _with_options(own: Hyperparameter, values: Sequence[Any]) -> Hyperparameter:
    known = options_of(own)
    unknown = [value for value in values if not any(_same(value, option) for option in known)]
    if unknown:
        options = in_words([setting(option) for option in known])
        raise Refused("values", f"The template supports {options}, not {setting(unknown[0])}.")
    if not values:
        raise Refused("values", "Select at least one value.")
    chosen = [option for option in known if any(_same(value, option) for value in values)]
    if len(chosen) == 1:
        return _fixed(own, chosen[0])
    if own.kind != "Choice":
        return replace(own, kind="Boolean", config={**_common(own), "default": False})
    return replace(
        own, config={**_common(own), "default": None, "values": chosen, "ordered": False}
    )


def _fixed(own: Hyperparameter, value: Any) -> Hyperparameter:
    return replace(own, kind="Fixed", config={**_common(own), "value": value})


def _common(own: Hyperparameter) -> dict[str, Any]:
    """The name, and the conditions: without them KerasTuner would take it for another one."""
    return {"name": own.name, "conditions": deepcopy(own.config.get("conditions") or [])}


def _number(own: Hyperparameter, value: Any, part: str) -> Any:
    """`value` in the template's own type, if it can be one of its values."""
    number = _as_number(value, value_type(own) is int, part)
    lowest, highest = _bounds(own)
    if value_type(own) is int and lowest > 0 >= number:
        raise Refused(part, "Enter 1 or more, as in the template.")
    if lowest >= 0 > number:
        raise Refused(part, "Enter 0 or more, as in the template.")
    share = own.kind == "Float" and own.sampling == "linear" and lowest >= 0 and highest <= 1
    if share and number > 1:
        raise Refused(part, "Enter at most 1, as in the template.")
    return number


def _as_number(value: Any, whole: bool, part: str) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Refused(part, f"{setting(value)} is not a number.")
    if abs(value) > LARGEST or 0 < abs(value) < SMALLEST:
        raise Refused(part, f"{setting(value)} is too {'large' if abs(value) > 1 else 'small'}.")
    if whole and value != int(value):
        raise Refused(part, f"{setting(value)} is not a whole number.")
    return int(value) if whole else float(value)


def _check_governing(
    own: Hyperparameter, changed: Hyperparameter, governs: Sequence[str], part: str
) -> None:
    """The template says for its own values which others are in use; for further ones it would be
    asked for hyperparameters that are not."""
    others = in_words([*governs[:3], *(["others"] if len(governs) > 3 else [])])
    sentence = (
        f"Conditions of {others} depend on this hyperparameter. Use only values of "
        f"{own.range_text}."
    )
    if changed.listed is not None:
        if not all(own.takes(value) for value in changed.listed):
            raise Refused(part, sentence)
        return
    lowest, highest = _bounds(own)
    if changed.config["min_value"] < lowest:
        raise Refused("low", sentence)
    if changed.config["max_value"] > highest:
        raise Refused("high", sentence)
    every_value = own.listed is None and own.step in (None, 1 if own.kind == "Int" else None)
    few = changed.step is not None and (changed.count or 0) <= MAX_VALUES
    if not every_value and not (few and all(own.takes(value) for value in changed.grid_values)):
        raise Refused("step", sentence)


def _bounds(parameter: Hyperparameter) -> tuple[Any, Any]:
    """The smallest and the largest number that a hyperparameter can be."""
    if parameter.listed is not None:
        return min(parameter.listed), max(parameter.listed)
    return parameter.config["min_value"], parameter.config["max_value"]


def _same(value: Any, option: Any) -> bool:
    return type(value) is type(option) and bool(value == option)
