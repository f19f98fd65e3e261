"""Search spaces that scripts declare, as the API writes them:

    {"units": {"low": 8, "high": 64, "step": 8}, "optimizer": ["adam", "sgd"], "epochs": 10}

A range (whole numbers if both ends are), a list of values, or a single value, which is fixed.
"""

from collections.abc import Mapping
from typing import Any

from .checked import (
    MAX_CHOICES,
    MAX_HYPERPARAMETERS,
    MAX_NAME_LENGTH,
    entry_of,
    is_scalar,
    reaching,
)

_RANGE = {"low", "high", "step", "sampling"}
_SAMPLINGS = ("linear", "log", "reverse_log")


class Refused(ValueError):
    """`name` is the hyperparameter, `sentence` what is wrong with it."""

    def __init__(self, name: str, sentence: str) -> None:
        super().__init__(f"{name}: {sentence}")
        self.name, self.sentence = name, sentence


def declared_space(given: Mapping[str, Any]) -> dict[str, Any]:
    """KerasTuner's config of it. Raises Refused."""
    if len(given) > MAX_HYPERPARAMETERS:
        raise Refused("", f"A search has at most {MAX_HYPERPARAMETERS:,} hyperparameters.")
    return {"space": [_entry(name, value) for name, value in given.items()], "values": {}}


def _entry(name: str, value: Any) -> dict[str, Any]:
    if not 0 < len(name) <= MAX_NAME_LENGTH or not name.isprintable() or name.startswith("tuner/"):
        raise Refused(name, "This is no name of a hyperparameter.")
    if isinstance(value, dict):
        return _range(name, value)
    if not isinstance(value, list):
        if not is_scalar(value):
            raise Refused(name, "Enter a range, a list of values or a single value.")
        return entry_of("Fixed", name, value, value=value)
    if not 0 < len(value) <= MAX_CHOICES or not all(is_scalar(each) for each in value):
        raise Refused(name, f"Enter 1 to {MAX_CHOICES:,} numbers, texts or true and false.")
    if len({type(each) for each in value}) > 1 or len(set(value)) < len(value):
        raise Refused(name, "Enter different values of one type.")
    if isinstance(value[0], bool) and len(value) > 1:
        return entry_of("Boolean", name, value[0])
    return entry_of("Choice", name, value[0], values=value, ordered=_are_numbers(*value))


def _range(name: str, given: dict[str, Any]) -> dict[str, Any]:
    low: Any = given.get("low")
    high: Any = given.get("high")
    step: Any = given.get("step")
    sampling = given.get("sampling", "linear")
    if given.keys() - _RANGE or not _are_numbers(low, high):
        raise Refused(name, "A range has low and high, and may have step and sampling.")
    if low >= high:
        raise Refused(name, "The lower end must be below the upper end.")
    if sampling not in _SAMPLINGS:
        raise Refused(name, f"Sampling is one of {', '.join(_SAMPLINGS)}.")
    if sampling != "linear" and low <= 0:
        raise Refused(name, "A log scale needs a lower end above 0.")
    whole = isinstance(low, int) and isinstance(high, int)
    least = 0 if sampling == "linear" else 1
    if step is not None and not (_are_numbers(step) and step > least):
        raise Refused(name, f"The step must be above {least}.")
    if step is not None and whole and not isinstance(step, int):
        raise Refused(name, "The step of whole numbers is a whole number.")
    if step is None and whole and sampling == "linear":
        step = 1
    if step is not None and sampling == "linear":
        high = reaching(low, high, step)
    return entry_of(
        "Int" if whole else "Float", name, low,
        min_value=low if whole else float(low), max_value=high if whole else float(high),
        step=step, sampling=sampling,
    )  # fmt: skip


def _are_numbers(*values: Any) -> bool:
    return all(
        isinstance(value, int | float) and not isinstance(value, bool) and is_scalar(value)
        for value in values
    )
