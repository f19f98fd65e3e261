"""The trials of one reason to fail, and the values that all of them have: what can be said where
there are too few for a pattern. Nothing here claims that a value is the cause."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tuning.figures import counted
from tuning.spaces.hyperparameters import Hyperparameter

Values = dict[str, Any]
# Rows of the table of a reason's trials.
MAX_ROWS = 20


@dataclass(frozen=True)
class SharedValue:
    """A value of all `failed` trials. `others` of `completed` trials have it as well."""

    name: str
    value: Any
    failed: int
    others: int
    completed: int

    @property
    def percent(self) -> int:
        return round(100 * self.others / self.completed) if self.completed else 0

    @property
    def text(self) -> str:
        """How many trials that completed have it as well."""
        if not self.completed:
            return "no other trial has completed"
        completed = counted(self.completed, "other completed trial")
        return f"{self.others:,} of {completed} ({self.percent} %) have it too"


@dataclass(frozen=True)
class TrialTable:
    """The first trials of a reason: (key, number, values by `names`); `more` are left out."""

    names: tuple[str, ...]
    rows: tuple[tuple[int, int, tuple[Any, ...]], ...]
    more: int


def shared_values(
    space: Sequence[Hyperparameter], failed: Sequence[Values], completed: Sequence[Values]
) -> tuple[SharedValue, ...]:
    """The rarest first. Of one trial there is nothing to share, and what all trials have tells
    nothing."""
    if len(failed) < 2:
        return ()
    bad = [values_in_use(space, values) for values in failed]
    found = []
    for name, value in bad[0].items():
        if all(name in values and values[name] == value for values in bad):
            # Equality first: most of a hundred thousand trials end there.
            others = sum(
                1
                for values in completed
                if values.get(name) == value and name in values_in_use(space, values)
            )
            if others < len(completed) or not completed:
                found.append(SharedValue(name, value, len(bad), others, len(completed)))
    return tuple(sorted(found, key=lambda shared: shared.others))


def trial_table(
    space: Sequence[Hyperparameter], trials: Sequence[tuple[int, int, Values]]
) -> TrialTable:
    """`trials`: (key, number, values)."""
    shown = [(key, number, values_in_use(space, values)) for key, number, values in trials]
    shown = shown[:MAX_ROWS]
    names = tuple(dict.fromkeys(name for *_, values in shown for name in values))
    rows = tuple(
        (key, number, tuple(values.get(name) for name in names)) for key, number, values in shown
    )
    return TrialTable(names, rows, len(trials) - len(rows))


def values_in_use(space: Iterable[Hyperparameter], values: Values) -> Values:
    """Without those of hyperparameters whose conditions do not hold, in the space's order."""
    known: set[str] = set()
    found = {}
    for parameter in space:
        known.add(parameter.name)
        if parameter.name in values and parameter.is_active(values):
            found[parameter.name] = values[parameter.name]
    return found | {name: value for name, value in values.items() if name not in known}
