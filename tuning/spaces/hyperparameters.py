"""Search spaces, read from KerasTuner's own config: {"space": [{"class_name", "config"}]}."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

from tuning.figures import in_words, setting

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
    """`own` is what the template says, where this one is of a search; `in_use` is false if no
    values of the space meet its conditions."""

    name: str
    kind: str
    config: dict[str, Any]
    conditions: tuple[Condition, ...]
    own: Self | None = None
    in_use: bool = True

    def is_active(self, values: Mapping[str, Any]) -> bool:
        """Whether these values meet all of its conditions, so that the template asks for it."""
        return all(values.get(c.name) in c.values for c in self.conditions)

    @property
    def changed(self) -> bool:
        """Whether the search has something else here than the template."""
        return self.own is not None and (self.kind, self.config) != (self.own.kind, self.own.config)

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
        if self.listed is not None:
            return len(self.listed)
        if self.step is not None:
            return self._stepped_count
        if self.kind == "Int":
            return int(self.config["max_value"]) - int(self.config["min_value"]) + 1
        return None

    @property
    def listed(self) -> tuple[Any, ...] | None:
        """Its values; None if it has a range."""
        if self.kind == "Fixed":
            return (self.config.get("value"),)
        if self.kind == "Boolean":
            return (True, False)
        if self.kind == "Choice":
            return tuple(self.config.get("values", []))
        return None

    @property
    def sampling(self) -> str:
        return self.config.get("sampling") or "linear"

    @property
    def step(self) -> float | None:
        """KerasTuner gives whole ranges a step of 1 by itself."""
        step: float | None = self.config.get("step")
        return 1 if step is None and self.kind == "Int" and self.sampling == "linear" else step

    @cached_property
    def grid_values(self) -> tuple[Any, ...]:
        """KerasTuner's `values`. Ranges may have billions of them: see `grid_count`."""
        if self.listed is not None:
            return self.listed
        if self.step is not None:
            return tuple(self._stepped(index) for index in range(self._stepped_count))
        samples = (self._sample(index * 0.1 + 0.05) for index in range(GRID_SAMPLES))
        return tuple(dict.fromkeys(samples))

    @property
    def grid_count(self) -> int:
        """How many values KerasTuner's grid search tries: its values and the default."""
        stepped = self.listed is None and self.step is not None
        count = self._stepped_count if stepped else len(self.grid_values)
        return count + (not self._is_regular(self.default))

    def in_grid(self, value: Any) -> bool:
        """Whether KerasTuner's grid search tries this value."""
        return self._is_regular(value) or value == self.default

    def closest(self, value: Any) -> Any:
        """The one of its values that this is up to rounding: 0.30000000000000004 for 0.3 in steps
        of 0.1. None if there is none."""
        if self.listed is not None:
            # In Python 1 equals True; to a template it does not.
            same = (v for v in self.listed if v == value and _is_bool(v) == _is_bool(value))
            return next(same, None)
        if _is_bool(value) or not isinstance(value, int | float):
            return None
        low, high = self.config["min_value"], self.config["max_value"]
        tolerance = 1e-9 * (high - low)
        if not low - tolerance <= value <= high + tolerance:
            return None
        if self.step is None:
            value = min(max(value, low), high)
            return value if self.kind == "Float" or value == int(value) else None
        index = min(max(self._index(min(max(value, low), high)), 0), self._stepped_count - 1)
        found = self._stepped(index)
        return found if math.isclose(found, value, abs_tol=tolerance) else None

    def takes(self, value: Any) -> bool:
        """Whether this is exactly one of its values."""
        closest = self.closest(value)
        return closest is not None and bool(closest == value)

    def value_at(self, place: int) -> Any:
        """The value at this place, from 0, of those that it lists or has in steps."""
        return self._stepped(place) if self.listed is None else self.listed[place]

    def place_of(self, value: Any) -> int:
        """Where `value_at` has this value. Raises ValueError if it is none of its values."""
        if self.listed is None:
            place = min(max(self._index(value), 0), self._stepped_count - 1)
            if not math.isclose(self._stepped(place), value, rel_tol=1e-9, abs_tol=1e-12):
                raise ValueError(f"{value} is not a value of {self.name}")
            return place
        return next(
            i for i, v in enumerate(self.listed) if v == value and _is_bool(v) == _is_bool(value)
        )

    @property
    def lowest(self) -> Any:
        """The smallest value of a range; the first one of a list."""
        if self.listed is not None:
            return self.listed[0]
        if self.step is not None and self.sampling == "reverse_log":
            return self._stepped(self._stepped_count - 1)
        return self.config["min_value"]

    @property
    def range_text(self) -> str:
        """What it can be, in words."""
        if self.kind == "Fixed":
            return f"fixed: {setting(self.config.get('value'))}"
        if self.kind == "Boolean":
            return "on or off"
        if self.kind == "Choice":
            return ", ".join(setting(value) for value in self.config.get("values", []))
        low, high = setting(self.config["min_value"]), setting(self.config["max_value"])
        step, sampling = self.step, self.sampling
        text = f"{low} to {high}"
        if step is not None and sampling != "linear":
            text += f", multiplied by {setting(step)}"
        elif step is not None and not (self.kind == "Int" and step == 1):
            text += f" in steps of {setting(step)}"
        if sampling != "linear" and step is None:
            text += ", logarithmic" if sampling == "log" else ", reversed logarithmic"
        return text

    @property
    def condition_text(self) -> str:
        return in_words([str(condition) for condition in self.conditions])

    def _is_regular(self, value: Any) -> bool:
        if self.listed is None and self.step is None:
            return value in self.grid_values
        return self.takes(value)

    @property
    def _stepped_count(self) -> int:
        low, high, step = self.config["min_value"], self.config["max_value"], self.step or 1
        if self.sampling == "linear":
            return int((high - low) // step + 1)
        return int(math.log(high / low, step) + 1e-8) + 1

    def _index(self, value: float) -> int:
        """How many steps it takes to come to `value`, roughly."""
        low, high, step = self.config["min_value"], self.config["max_value"], self.step or 1
        if self.sampling == "linear":
            return round((value - low) / step)
        return round(
            math.log((value if self.sampling == "log" else high + low - value) / low, step)
        )

    def _stepped(self, index: int) -> float | int:
        low, high, step = self.config["min_value"], self.config["max_value"], self.step or 1
        if self.sampling == "linear":
            value = low + index * step
        elif self.sampling == "log":
            value = low * math.pow(step, index)
        else:
            value = high + low - low * math.pow(step, index)
        return int(value) if self.kind == "Int" else value

    def _sample(self, share: float) -> float | int:
        low, high = self.config["min_value"], self.config["max_value"]
        # KerasTuner widens whole ranges by one so that the largest value is reached.
        top = high + 1 if self.kind == "Int" else high
        if self.sampling == "linear":
            value = share * (top - low) + low
        elif self.sampling == "log":
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


def default_values(space: dict[str, Any]) -> dict[str, Any]:
    """The default of every hyperparameter of a KerasTuner config that is active under them."""
    values: dict[str, Any] = {}
    for parameter in read_space(space):
        if parameter.is_active(values):
            values[parameter.name] = parameter.default
    return values


def _is_bool(value: Any) -> bool:
    return isinstance(value, bool)
