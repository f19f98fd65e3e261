"""A configuration that no trial has yet, for strategies that propose known ones again."""

import random
from collections.abc import Iterator, Sequence, Set
from typing import Any

from tuning.spaces.combinations import combinations
from tuning.spaces.hyperparameters import Hyperparameter, read_space

# Larger spaces are not gone through: there a random draw finds something new.
MAX_LISTED = 100_000

# A text: Python hashes it once.
Key = str


def key_of(values: dict[str, Any]) -> Key:
    """Equal for equal configurations. 1, 1.0 and True are different ones."""
    named = sorted(
        (name, repr(value))
        for name, value in values.items()
        if value is not None and not name.startswith("tuner/")
    )
    return repr(named)


def is_listable(space: dict[str, Any]) -> bool:
    """Whether the space is small enough to be gone through."""
    count = combinations(read_space(space))
    return count is not None and count <= MAX_LISTED


def untried_values(space: dict[str, Any], tried: Set[Key], seed: int) -> dict[str, Any] | None:
    """A configuration of a listable space that is not among the tried ones, in random order; None
    if there is none."""
    order = random.Random(seed)  # noqa: S311 nothing is kept secret with it
    parameters = read_space(space)
    lists = [order.sample(values, len(values)) for values in map(_all_values, parameters)]
    walk = _configurations(parameters, lists, {})
    return next((values for values in walk if key_of(values) not in tried), None)


def _all_values(parameter: Hyperparameter) -> Sequence[Any]:
    """As many as `count`. A grid has only some of a logarithmic range of whole numbers."""
    if parameter.kind == "Int" and parameter.step is None:
        return range(parameter.config["min_value"], parameter.config["max_value"] + 1)
    return parameter.grid_values


def _configurations(
    parameters: Sequence[Hyperparameter], lists: Sequence[list[Any]], values: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    place = next((i for i, p in enumerate(parameters) if p.is_active(values)), None)
    if place is None:
        yield values
        return
    for value in lists[place]:
        yield from _configurations(
            parameters[place + 1 :],
            lists[place + 1 :],
            {**values, parameters[place].name: value},
        )
