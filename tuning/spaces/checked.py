"""Search spaces that come from elsewhere, made fit for pages that count on them."""

import math
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from tuning.protocol.events import LARGEST

MAX_HYPERPARAMETERS = 1_000
MAX_CHOICES = 1_000
MAX_NAME_LENGTH, MAX_TEXT_LENGTH = 200, 1_000
# A range that spans as much is looked at on a logarithmic axis.
_WIDE = 1_000

Scalar = str | bool | int | float


def is_scalar(value: Any) -> bool:
    """Whether it is what a hyperparameter can be."""
    if isinstance(value, str):
        return len(value) <= MAX_TEXT_LENGTH
    if isinstance(value, int):
        return -(2**63) <= value < 2**63
    return isinstance(value, float) and abs(value) <= LARGEST


def checked_values(values: Any) -> dict[str, Scalar]:
    """The hyperparameters among what a file calls such; those without a value are not in use."""
    if not isinstance(values, dict):
        return {}
    found = {
        name: value
        for name, value in values.items()
        if isinstance(name, str) and 0 < len(name) <= MAX_NAME_LENGTH and is_scalar(value)
    }
    return dict(list(found.items())[:MAX_HYPERPARAMETERS])


def checked_space(space: Any) -> dict[str, Any]:
    """The entries of a KerasTuner config that are sound, each with all that pages read."""
    entries = space.get("space") if isinstance(space, dict) else None
    sound = [_checked(entry) for entry in entries] if isinstance(entries, list) else []
    return {"space": [e for e in sound if e is not None][:MAX_HYPERPARAMETERS], "values": {}}


def completed_space(space: dict[str, Any], trials: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The space with entries for the hyperparameters that it lacks: what their values span."""
    named = {entry["config"]["name"] for entry in space["space"]}
    seen: dict[str, dict[Any, Scalar]] = {}
    for values in trials:
        for name, value in values.items():
            if name not in named:
                # In Python 1 equals True; here it does not.
                seen.setdefault(name, {})[isinstance(value, bool), value] = value
    spans = [spanned(name, list(values.values())) for name, values in seen.items()]
    return {"space": [*space["space"], *spans], "values": {}}


def spanned(name: str, values: list[Scalar]) -> dict[str, Any]:
    """An entry for a hyperparameter of which only its unique values are known."""
    numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    if len(values) == 1:
        return entry_of("Fixed", name, values[0], value=values[0])
    if len(numbers) == len(values):
        return range_of(name, min(numbers), max(numbers), all(isinstance(n, int) for n in numbers))
    if all(isinstance(value, bool) for value in values):
        return entry_of("Boolean", name, False)
    texts = sorted({str(value) for value in values})[:MAX_CHOICES]
    return entry_of("Choice", name, texts[0], values=texts, ordered=False)


def range_of(name: str, low: float, high: float, whole: bool) -> dict[str, Any]:
    sampling = "log" if low > 0 and high / low >= _WIDE else "linear"
    kind = "Int" if whole else "Float"
    step = 1 if whole and sampling == "linear" else None
    return entry_of(kind, name, low, min_value=low, max_value=high, step=step, sampling=sampling)


def reaching(low: float, high: float, step: float) -> float:
    """The upper end with which KerasTuner's steps come to `high`, if it lies on one. By itself
    rounding takes 0.5 from the range 0 to 0.5 in steps of 0.1."""
    steps = (high - low) / step + 1e-8
    tops = (high, math.nextafter(high, math.inf), high + step * 1e-6)
    return next((top for top in tops if (top - low) // step >= steps // 1), high)


def last_of_steps(low: float, high: float, step: float) -> float:
    """The last value in steps up to `high`, without what rounding or `reaching` added."""
    first, end, width = (Decimal(str(number)) for number in (low, high, step))
    return float(first + (end - first) // width * width)


def entry_of(kind: str, name: str, default: Any, **config: Any) -> dict[str, Any]:
    about = {"name": name, "conditions": [], **config}
    if kind != "Fixed":
        # KerasTuner refuses one beside the value.
        about["default"] = default
    return {"class_name": kind, "config": about}


def _checked(entry: Any) -> dict[str, Any] | None:
    if not isinstance(entry, dict) or not isinstance(config := entry.get("config"), dict):
        return None
    name, default = config.get("name"), config.get("default")
    if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME_LENGTH:
        return None
    if name.startswith("tuner/"):
        return None
    about: dict[str, Any] = {
        "name": name,
        "default": default if is_scalar(default) else None,
        "conditions": _conditions(config.get("conditions")),
    }
    match entry.get("class_name"):
        case "Fixed" if is_scalar(config.get("value")):
            del about["default"]
            about["value"] = config["value"]
        case "Boolean":
            pass
        case "Choice" if _is_list(config.get("values")):
            about |= {"values": config["values"], "ordered": config.get("ordered") is True}
        case "Int" | "Float" as kind if _is_range(config, int if kind == "Int" else float):
            keys = "min_value", "max_value", "step", "sampling"
            about |= {key: config.get(key) for key in keys}
        case _:
            return None
    return {"class_name": entry["class_name"], "config": about}


def _conditions(conditions: Any) -> list[dict[str, Any]]:
    found = []
    for condition in conditions if isinstance(conditions, list) else []:
        config = condition.get("config") if isinstance(condition, dict) else None
        if not isinstance(config, dict) or not isinstance(config.get("name"), str):
            continue
        if _is_list(config.get("values")):
            about = {"name": config["name"], "values": config["values"]}
            found.append({"class_name": "Parent", "config": about})
    return found


def _is_list(values: Any) -> bool:
    sized = isinstance(values, list) and 0 < len(values) <= MAX_CHOICES
    return sized and all(is_scalar(value) for value in values)


def _is_range(config: dict[str, Any], kind: type) -> bool:
    low: Any = config.get("min_value")
    high: Any = config.get("max_value")
    step: Any = config.get("step")
    sampling = config.get("sampling") or "linear"
    if not (is_number(low, kind) and is_number(high, kind) and low < high):
        return False
    if sampling not in ("linear", "log", "reverse_log") or (sampling != "linear" and low <= 0):
        return False
    least = 0 if sampling == "linear" else 1
    return step is None or (is_number(step, float) and step > least)


def is_number(value: Any, kind: type) -> bool:
    """Whether it is an int or, if that is the `kind`, a float."""
    kinds = int if kind is int else int | float
    return isinstance(value, kinds) and not isinstance(value, bool) and is_scalar(value)
