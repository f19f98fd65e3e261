"""Hyperparameters that a script names while it runs: between Optuna's distributions and the entries
of a search space.

A distribution is Optuna's own JSON of it: {"name": "IntDistribution", "attributes": {...}}.
"""

from typing import Any

from .checked import (
    MAX_CHOICES,
    MAX_NAME_LENGTH,
    entry_of,
    is_number,
    is_scalar,
    last_of_steps,
    reaching,
)

Distribution = dict[str, Any]
_NUMBERS = {"IntDistribution": ("Int", int), "FloatDistribution": ("Float", float)}
CATEGORICAL = "CategoricalDistribution"


def entry_for(name: str, distribution: Distribution) -> dict[str, Any]:
    """The entry of a search space for a hyperparameter of this distribution. Raises ValueError if
    a space cannot hold it."""
    if distribution.keys() != {"name", "attributes"}:
        raise ValueError(f"a distribution of {name[:50]!r} with other fields")
    about = distribution["attributes"]
    if not 0 < len(name) <= MAX_NAME_LENGTH or name.startswith("tuner/"):
        raise ValueError(f"a hyperparameter named {name[:50]!r}")
    if distribution["name"] == CATEGORICAL:
        choices = about["choices"]
        sized = isinstance(choices, list) and 0 < len(choices) <= MAX_CHOICES
        if not sized or not all(map(is_scalar, choices)):
            raise ValueError(f"choices of {name[:50]!r} that a search space cannot hold")
        if len(choices) == 1:
            return entry_of("Fixed", name, choices[0], value=choices[0])
        if len(choices) == 2 and all(isinstance(choice, bool) for choice in choices):
            return entry_of("Boolean", name, choices[0])
        return entry_of("Choice", name, choices[0], values=choices, ordered=False)
    kind, number = _NUMBERS[distribution["name"]]
    low, high, step = about["low"], about["high"], about.get("step")
    if not all(is_number(each, number) for each in (low, high, *([] if step is None else [step]))):
        raise ValueError(f"a range of {name[:50]!r} without ends")
    if low == high:
        return entry_of("Fixed", name, low, value=low)
    log = about.get("log", False)
    if not isinstance(log, bool):
        raise ValueError(f"a scale of {name[:50]!r} that is neither linear nor logarithmic")
    if step and step > 0 and not log:
        high = reaching(low, high, step)
    return entry_of(
        kind, name, low, min_value=low, max_value=high, step=None if log else step,
        sampling="log" if log else "linear",
    )  # fmt: skip


def distribution_for(entry: dict[str, Any]) -> Distribution | None:
    """The distribution of an entry that a person has changed."""
    about = entry["config"]
    match entry["class_name"]:
        case "Fixed":
            return {"name": CATEGORICAL, "attributes": {"choices": [about["value"]]}}
        case "Boolean":
            return {"name": CATEGORICAL, "attributes": {"choices": [True, False]}}
        case "Choice":
            return {"name": CATEGORICAL, "attributes": {"choices": list(about["values"])}}
    log, step = about.get("sampling") == "log", about.get("step")
    whole = entry["class_name"] == "Int"
    low, high = about["min_value"], about["max_value"]
    if step and not (log or whole):
        high = last_of_steps(low, high, step)
    attributes = {
        "low": low, "high": high, "log": log,
        # Optuna takes no steps on a logarithmic scale.
        "step": (1 if log or not step else step) if whole else (None if log else step),
    }  # fmt: skip
    return {"name": "IntDistribution" if whole else "FloatDistribution", "attributes": attributes}


def found_again(before: dict[str, Any] | None, now: dict[str, Any]) -> dict[str, Any]:
    """One entry for a hyperparameter that a script names with several distributions: a range
    becomes as wide as all of them."""
    if before is None or before == now:
        return now
    kinds = {before["class_name"], now["class_name"]}
    old, new = dict(before["config"]), now["config"]
    if len(kinds) > 1 or not kinds <= {"Int", "Float"}:
        return now if before["class_name"] == "Fixed" else before
    old["min_value"] = min(old["min_value"], new["min_value"])
    old["max_value"] = max(old["max_value"], new["max_value"])
    old["default"] = old["min_value"]
    if old["step"] != new["step"]:
        old["step"] = 1 if kinds == {"Int"} and old["sampling"] == "linear" else None
    return {"class_name": before["class_name"], "config": old}


def entries_by_name(space: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {entry["config"]["name"]: entry for entry in space.get("space", [])}
