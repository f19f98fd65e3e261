"""What a script gives to its tuner and to `search()`, and what becomes of each argument.

The runner reads it from the code, the site proposes it in the form of a new search.
"""

import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from .constraints import MAX_CONSTRAINTS
from .objectives import MAX_OBJECTIVES

MAX_ARGUMENTS = 100
MAX_TEXT, MAX_NOTE = 200, 500
_MAX_NUMBER = 2**31 - 1

# Fields of the form that a script can fill, by the type of their values.
NUMBERS = frozenset({
    "max_trials", "epochs", "batch_size", "executions_per_trial", "seed", "retries",
    "max_consecutive_failures", "hyperband_factor", "hyperband_iterations",
    "early_stopping_patience", "folds", "bayesian_initial_points", "max_time", "parallel_trials",
    "pruning_warmup", "pruning_min_trials", "pruning_interval", "pruning_patience",
    "pruning_factor", "first_step",
})  # fmt: skip
AMOUNTS = frozenset({"bayesian_alpha", "bayesian_beta"})
# These may be negative.
LEVELS = frozenset({
    "pruning_percentile", "pruning_lower", "pruning_upper", "pruning_p",
    *(f"constraint_{n}_limit" for n in range(1, MAX_CONSTRAINTS + 1)),
})  # fmt: skip
TEXTS = frozenset({
    "tuner", "early_stopping_metric", "early_stopping_direction", "scoring",
    # Of further objectives.
    *(f"{part}_{n}" for n in range(2, MAX_OBJECTIVES + 1) for part in ("objective", "direction")),
    "pruner",
    *(f"constraint_{n}{part}" for n in range(1, MAX_CONSTRAINTS + 1) for part in ("", "_relation")),
})  # fmt: skip

# Arguments by name: see tuning.strategies.optuna_arguments.
MAPPINGS = frozenset({"sampler_arguments", "pruner_arguments"})

# The field that inspections have a column of their own for.
OBJECTIVE = "objective"
# Configurations that a script wants to be tried first.
ENQUEUED = "enqueued"
MAX_ENQUEUED = 100


class Use(StrEnum):
    """What becomes of an argument."""

    FORM = "form"  # The form of a new search begins with it.
    SPACE = "space"  # So does its search space.
    TRAINING = "training"  # The runner trains with it.
    UNUSED = "unused"  # The note says why.


@dataclass(frozen=True)
class ScriptArgument:
    """An argument as the script has it. `field` is the form's, if it becomes one of those."""

    line: int
    text: str
    use: str
    note: str = ""
    field: str = ""


@dataclass(frozen=True)
class ScriptSettings:
    """`fields`: name of a form field -> value. `space`: a KerasTuner config with the entries that
    the script changes."""

    fields: dict[str, Any] = field(default_factory=dict)
    space: dict[str, Any] = field(default_factory=dict)
    arguments: list[ScriptArgument] = field(default_factory=list)

    @classmethod
    def of_json(cls, document: dict[str, Any]) -> Self:
        """What `dataclasses.asdict` made of one that was checked; an older row has none."""
        arguments = [ScriptArgument(**one) for one in document.get("arguments", [])]
        return cls(document.get("fields", {}), document.get("space", {}), arguments)

    @property
    def applied(self) -> list[ScriptArgument]:
        """What training or the space has, and no field of the form, and what a field has not quite
        as the script."""
        return [
            one
            for one in self.arguments
            if one.use in (Use.TRAINING, Use.SPACE) or (one.use == Use.FORM and one.note)
        ]

    def without_repeats(self, note: str) -> str:
        """The note, or nothing if an argument has it."""
        return "" if any(one.note == note[:MAX_NOTE] for one in self.arguments) else note

    @property
    def proposed(self) -> list[ScriptArgument]:
        return [one for one in self.arguments if one.use == Use.FORM]

    @property
    def unused(self) -> list[ScriptArgument]:
        return [one for one in self.arguments if one.use == Use.UNUSED]


def check_settings(settings: ScriptSettings) -> None:
    """Whether pages may show and forms may propose what an untrusted process says, besides its
    space. Raises ValueError."""
    _check(len(settings.arguments) <= MAX_ARGUMENTS, "too many arguments")
    for one in settings.arguments:
        _check(one.use in set(Use), "an unknown use of an argument")
        _check(len(one.text) <= MAX_TEXT and len(one.note) <= MAX_NOTE, "a long argument")
        _check(
            one.field in NUMBERS | AMOUNTS | LEVELS | TEXTS | MAPPINGS | {OBJECTIVE, ENQUEUED, ""},
            "an unknown field of an argument",
        )
    for name, value in settings.fields.items():
        _check(_fits(name, value), f"no value for the field {name[:50]!r}")


def _fits(name: str, value: Any) -> bool:
    if name in NUMBERS:
        is_int = isinstance(value, int) and not isinstance(value, bool)
        return is_int and 0 <= value <= _MAX_NUMBER
    if name == ENQUEUED:
        short = isinstance(value, list) and len(value) <= MAX_ENQUEUED
        return short and all(isinstance(row, dict) and _are_values(row) for row in value)
    if name in MAPPINGS:
        return isinstance(value, dict) and _are_values(value)
    if name in LEVELS:
        return isinstance(value, float) and math.isfinite(value)
    if name in AMOUNTS:
        return isinstance(value, float) and math.isfinite(value) and value >= 0
    return name in TEXTS and isinstance(value, str) and len(value) <= MAX_TEXT


def _are_values(row: dict[str, Any]) -> bool:
    return len(row) <= MAX_ARGUMENTS and all(
        0 < len(name) <= MAX_TEXT
        and isinstance(value, bool | int | float | str)
        and len(str(value)) <= MAX_TEXT
        for name, value in row.items()
    )


def _check(holds: bool, problem: str) -> None:
    if not holds:
        raise ValueError(f"script settings with {problem}")
