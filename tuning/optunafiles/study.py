"""Studies and their trials, as all of Optuna's files have them."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from .distributions import Choice, Distribution

METRIC_NAMES = "study:metric_names"
# One number each since Optuna 5; before, a list of numbers under a single name.
CONSTRAINT, CONSTRAINTS = "constraints:", "constraints"
# How attributes begin that Tuneroom writes: those of a trial have its number and its status.
OWN = "tuneroom:"


class BadStorage(ValueError):
    """A file that Optuna did not write, with a sentence for people."""


class State(StrEnum):
    """Of a trial, by Optuna's names. Their order is that of Optuna's numbers."""

    RUNNING = "RUNNING"
    COMPLETE = "COMPLETE"
    PRUNED = "PRUNED"
    FAIL = "FAIL"
    WAITING = "WAITING"


@dataclass
class StudyTrial:
    """`values` has a number for each objective, None for what is none; `intermediate` has the
    reported values by step. Times are seconds since 1970; 0 stands for unknown ones."""

    state: State
    values: list[float | None] = field(default_factory=list)
    params: dict[str, Choice] = field(default_factory=dict)
    distributions: dict[str, Distribution] = field(default_factory=dict)
    intermediate: dict[int, float | None] = field(default_factory=dict)
    user_attrs: dict[str, Any] = field(default_factory=dict)
    system_attrs: dict[str, Any] = field(default_factory=dict)
    started: float = 0.0
    finished: float = 0.0

    @property
    def constraints(self) -> dict[str, float]:
        """By name; above 0 one is violated."""
        found: dict[str, Any] = {}
        listed = self.system_attrs.get(CONSTRAINTS)
        if isinstance(listed, list):
            found = {f"constraint_{place}": value for place, value in enumerate(listed)}
        for key, value in self.system_attrs.items():
            if key.startswith(CONSTRAINT):
                found[key.removeprefix(CONSTRAINT)] = value
        return {name: float(value) for name, value in found.items() if _is_number(value)}


@dataclass
class Study:
    """`directions` are "min" or "max", and "" where the file does not say it."""

    name: str
    directions: list[str]
    user_attrs: dict[str, Any] = field(default_factory=dict)
    system_attrs: dict[str, Any] = field(default_factory=dict)
    trials: list[StudyTrial] = field(default_factory=list)

    @property
    def objectives(self) -> list[str]:
        """The names that people gave to its values, else Optuna's own."""
        names = self.system_attrs.get(METRIC_NAMES)
        count = len(self.directions)
        if isinstance(names, list) and len({str(name) for name in names}) == count:
            return [str(name) for name in names]
        return ["value"] if count == 1 else [f"values_{place}" for place in range(count)]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
