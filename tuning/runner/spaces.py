"""Search spaces: KerasTuner's HyperParameters to and from the JSON that an order carries."""

from copy import deepcopy
from typing import Any

import keras_tuner as kt


def with_values(space: dict[str, Any], values: dict[str, Any]) -> kt.HyperParameters:
    """Hyperparameters with these values; active ones without a value take their default."""
    # A copy: KerasTuner puts objects of its own into the config that it reads.
    entries = deepcopy(space.get("space", []))
    hp = kt.HyperParameters.from_config({"space": entries, "values": values})
    for entry in hp.space:
        if entry.name not in hp.values and hp.is_active(entry):
            hp.values[entry.name] = entry.default
    return hp


def to_json(hp: kt.HyperParameters) -> dict[str, Any]:
    """The space alone. Numbers of numpy's, which a template may well use, become Python's."""
    return _plain({"space": hp.get_config()["space"], "values": {}})


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.item() if hasattr(value, "item") else value
