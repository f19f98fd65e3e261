"""Search spaces, read from KerasTuner's own config: {"space": [{"class_name", "config"}]}."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .figures import in_words, setting

# KerasTuner's grid tries this many values of a range without a step.
GRID_SAMPLES = 10


@dataclass(frozen=True)
class Condition:
    """A hyperparameter is in use only while `name` has one of `values`."""

    name: str
    values: tuple[Any, ...]

    def __str__(self) -> str:
        return f"{self.name} is {' or '.join(setting(value) for value in self.values)}"


@dataclass(frozen=True)
class Hyperparameter:
    name: str
    kind: str
    config: dict[str, Any]
    conditions: tuple[Condition, ...]

    @property
    def default(self) -> Any:
        """The value that the template gets when nothing is tuned, as KerasTuner decides it."""
        config = self.config
        if config.get("default") is not None:
            return config["default"]
        if self.kind == "Fixed":
            return config.get("value")
        if self.kind == "Boolean":
            return False
        if self.kind == "Choice":
            return next(iter(config.get("values", [])), None)
        return config.get("min_value")

    @property
    def count(self) -> int | None:
        """How many values it can take; None if there is no limit."""
        if self.kind == "Fixed":
            return 1
        if self.kind == "Boolean":
            return 2
        if self.kind == "Choice":
            return len(self.config.get("values", []))
        if self.config.get("step") is not None:
            return self._stepped_count
        if self.kind == "Int":
            return int(self.config["max_value"]) - int(self.config["min_value"]) + 1
        return None

    @cached_property
    def grid_values(self) -> tuple[Any, ...]:
        """The values that KerasTuner's grid search tries."""
        if self.kind == "Fixed":
            return (self.config.get("value"),)
        if self.kind == "Boolean":
            return (True, False)
        if self.kind == "Choice":
            return tuple(self.config.get("values", []))
        if self.config.get("step") is not None:
            return tuple(self._stepped(index) for index in range(self._stepped_count))
        samples = (self._sample(index * 0.1 + 0.05) for index in range(GRID_SAMPLES))
        return tuple(dict.fromkeys(samples))

    @property
    def range_text(self) -> str:
        """What it can be, in words."""
        if self.kind == "Fixed":
            return f"always {setting(self.config.get('value'))}"
        if self.kind == "Boolean":
            return "on or off"
        if self.kind == "Choice":
            return ", ".join(setting(value) for value in self.config.get("values", []))
        low, high = setting(self.config["min_value"]), setting(self.config["max_value"])
        step, sampling = self.config.get("step"), self.config.get("sampling") or "linear"
        text = f"{low} to {high}"
        if step is not None and sampling != "linear":
            text += f", each {setting(step)} times the one before"
        elif step is not None and not (self.kind == "Int" and step == 1):
            text += f" in steps of {setting(step)}"
        if sampling != "linear" and step is None:
            text += ", logarithmic" if sampling == "log" else ", reversed logarithmic"
        return text

    @property
    def condition_text(self) -> str:
        return in_words([str(condition) for condition in self.conditions])

    @property
    def _stepped_count(self) -> int:
        low, high, step = (self.config[key] for key in ("min_value", "max_value", "step"))
        if (self.config.get("sampling") or "linear") == "linear":
            return int((high - low) // step + 1)
        return int(math.log(high / low, step) + 1e-8) + 1

    def _stepped(self, index: int) -> float | int:
        low, high, step = (self.config[key] for key in ("min_value", "max_value", "step"))
        sampling = self.config.get("sampling") or "linear"
        if sampling == "linear":
            value = low + index * step
        elif sampling == "log":
            value = low * math.pow(step, index)
        else:
            value = high + low - low * math.pow(step, index)
        return int(value) if self.kind == "Int" else value

    def _sample(self, share: float) -> float | int:
        low, high = self.config["min_value"], self.config["max_value"]
        # KerasTuner widens whole ranges by one so that the largest value is reached.
        top = high + 1 if self.kind == "Int" else high
        sampling = self.config.get("sampling") or "linear"
        if sampling == "linear":
            value = share * (top - low) + low
        elif sampling == "log":
            value = low * math.pow(top / low, share)
        else:
            value = top + low - low * math.pow(top / low, 1 - share)
        return int(value) if self.kind == "Int" else value


def read_space(config: dict[str, Any]) -> list[Hyperparameter]:
    """The hyperparameters of a KerasTuner config, in the template's order."""
    return [
        Hyperparameter(
            name=entry["config"]["name"],
            kind=entry["class_name"],
            config=entry["config"],
            conditions=tuple(
                Condition(condition["config"]["name"], tuple(condition["config"]["values"]))
                for condition in entry["config"].get("conditions") or []
            ),
        )
        for entry in config.get("space", [])
    ]


def combinations(space: list[Hyperparameter]) -> int | None:
    """How many different models the space holds; None if a continuous range makes them endless."""
    if any(parameter.count is None for parameter in space):
        return None
    return _count(space, {p.name: (int(p.count or 0), None) for p in space})


def grid_size(space: list[Hyperparameter]) -> int:
    """How many trials a whole grid search takes."""
    return _count(space, {p.name: (len(p.grid_values), p.grid_values) for p in space})


def _count(space: list[Hyperparameter], sizes: dict[str, tuple[int, Iterable[Any] | None]]) -> int:
    """Combinations of active values. Only values that a condition names are told apart; the
    others of a hyperparameter count together, so wide ranges cost nothing."""
    named: dict[str, list[Any]] = {}
    for parameter in space:
        for condition in parameter.conditions:
            values = named.setdefault(condition.name, [])
            values.extend(value for value in condition.values if value not in values)
    # Assignments of the parents so far, with the number of combinations behind each.
    states: dict[tuple[tuple[str, Any], ...], int] = {(): 1}
    for parameter in space:
        size, listed = sizes[parameter.name]
        following: dict[tuple[tuple[str, Any], ...], int] = {}
        for state, count in states.items():
            known = dict(state)
            if not all(known.get(c.name) in c.values for c in parameter.conditions):
                following[state] = following.get(state, 0) + count
                continue
            told_apart = [
                value
                for value in named.get(parameter.name, [])
                if (value in listed if listed is not None else _takes(parameter, value))
            ]
            for value in told_apart:
                key = (*state, (parameter.name, value))
                following[key] = following.get(key, 0) + count
            if size > len(told_apart):
                following[state] = following.get(state, 0) + count * (size - len(told_apart))
        states = following
    return sum(states.values())


def _takes(parameter: Hyperparameter, value: Any) -> bool:
    """Whether a hyperparameter with finitely many values can take this one."""
    if parameter.kind == "Int" and parameter.config.get("step") in (None, 1):
        return bool(parameter.config["min_value"] <= value <= parameter.config["max_value"])
    return value in parameter.grid_values
