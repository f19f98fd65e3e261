"""How many models a search space holds, and what of it is ever in use.

`tuning/spaces/combinations.py` counts what a space holds and finds hyperparameters that no values
bring into use. The first trial keeps the template's default of each hyperparameter that can still
be it; the form says where it cannot. Rows of the form are known by their places, so it names the
inspection that it was made from: a form of an older version of the template is shown again.
"""

from collections.abc import Callable
from typing import Any

from .hyperparameters import Hyperparameter


def combinations(space: list[Hyperparameter]) -> int | None:
    """How many different models the space holds; None if a continuous range makes them endless."""
    used = in_use(space)
    if any(used[i] and parameter.count is None for i, parameter in enumerate(space)):
        return None
    return _walk(space, [parameter.count or 0 for parameter in space], Hyperparameter.takes)[0]


def grid_size(space: list[Hyperparameter]) -> int:
    """How many trials a whole grid search takes."""
    return _walk(space, [parameter.grid_count for parameter in space], Hyperparameter.in_grid)[0]


def weight(space: list[Hyperparameter], sizes: list[int]) -> int:
    """How many combinations there are if each hyperparameter, while active, counts as so many."""
    return _walk(space, sizes, Hyperparameter.takes)[0]


def in_use(space: list[Hyperparameter]) -> list[bool]:
    """For each hyperparameter: whether any values of the others meet its conditions."""
    sizes = [2**60 if parameter.count is None else parameter.count for parameter in space]
    return _walk(space, sizes, Hyperparameter.takes)[1]


def _walk(
    space: list[Hyperparameter], sizes: list[int], takes: Callable[[Hyperparameter, Any], bool]
) -> tuple[int, list[bool]]:
    """Combinations of active values, and which hyperparameters are ever active. Only values that
    a condition names are distinguished, and only until the last condition that names them; the
    others of a hyperparameter count together. So wide ranges and many parents cost nothing."""
    order = _related_together(space)
    named: dict[str, list[Any]] = {}
    last: dict[str, int] = {}
    for step, place in enumerate(order):
        for condition in space[place].conditions:
            last[condition.name] = step
            values = named.setdefault(condition.name, [])
            values.extend(value for value in condition.values if value not in values)
    # Assignments of the parents so far, with the number of combinations behind each.
    states: dict[tuple[tuple[str, Any], ...], int] = {(): 1}
    used = [False] * len(space)
    for step, place in enumerate(order):
        parameter = space[place]
        following: dict[tuple[tuple[str, Any], ...], int] = {}
        told_apart = [v for v in named.get(parameter.name, []) if takes(parameter, v)]
        for state, count in states.items():
            known = dict(state)
            needed = tuple(item for item in state if last[item[0]] > step)
            if not parameter.is_active(known):
                following[needed] = following.get(needed, 0) + count
                continue
            used[place] = True
            rest = sizes[place]
            if last.get(parameter.name, 0) > step:
                for value in told_apart:
                    key = (*needed, (parameter.name, value))
                    following[key] = following.get(key, 0) + count
                rest -= len(told_apart)
            if rest > 0:
                following[needed] = following.get(needed, 0) + count * rest
        states = following
    return sum(states.values()), used


def _related_together(space: list[Hyperparameter]) -> list[int]:
    """The places of all hyperparameters, those that conditions connect one after the other: twenty
    switches, declared before what they switch, would else have a million states together."""
    group = {parameter.name: {parameter.name} for parameter in space}
    for parameter in space:
        for condition in parameter.conditions:
            merged = group[parameter.name] | group.get(condition.name, set())
            group.update(dict.fromkeys(merged, merged))
    first: dict[str, int] = {}
    for place, parameter in enumerate(space):
        for name in group[parameter.name]:
            first.setdefault(name, place)
    return sorted(range(len(space)), key=lambda place: (first[space[place].name], place))
