"""Hyperparameters that are a number in one trial and a text in another, such as a `max_depth` of
None, 3 and 5: elsewhere that is usual. Here all values of a hyperparameter are of one kind, since a
column of a table, a filter and a plot have one. Mixed ones become texts."""

from collections.abc import Iterable, Mapping
from typing import Any

from .checked import MAX_TEXT_LENGTH, Scalar


def mixed_names(space: dict[str, Any], trials: Iterable[Mapping[str, Any]]) -> set[str]:
    """The hyperparameters with values of more than one kind, by what a choice lists and what the
    trials have. Whole numbers and others are of one kind."""
    kinds: dict[str, set[type]] = {}
    for entry in space["space"]:
        config = entry["config"]
        kinds.setdefault(config["name"], set()).update(map(_kind, config.get("values", ())))
    for values in trials:
        for name, value in values.items():
            kinds.setdefault(name, set()).add(_kind(value))
    return {name for name, found in kinds.items() if len(found) > 1}


def with_texts(space: dict[str, Any], mixed: set[str]) -> dict[str, Any]:
    """The space with texts as the choices of these hyperparameters, also where conditions ask for
    them. A range or a switch that is mixed after all is left out: nothing is known of it."""
    entries = []
    for entry in space["space"]:
        config = dict(entry["config"])
        if config["name"] in mixed:
            if entry["class_name"] != "Choice":
                continue
            texts = list(dict.fromkeys(map(text_of, config["values"])))
            config |= {"values": texts, "ordered": False, "default": text_of(config["default"])}
        config["conditions"] = [_condition(one, mixed) for one in config["conditions"]]
        entries.append({**entry, "config": config})
    return {**space, "space": entries}


def text_of(value: Scalar) -> str:
    return str(value)[:MAX_TEXT_LENGTH]


def _condition(condition: dict[str, Any], mixed: set[str]) -> dict[str, Any]:
    config = condition["config"]
    if config["name"] not in mixed:
        return condition
    return {**condition, "config": {**config, "values": list(map(text_of, config["values"]))}}


def _kind(value: Any) -> type:
    return type(value) if isinstance(value, bool | str) else float
