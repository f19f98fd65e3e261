"""What the automatic strategy is measured by, and whether it gets there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .regret import corrected, negligible, p_value, regrets, units_to
from .replays import CONTENDERS, TUNEROOM, Replay
from .tables import Table

OURS, BAYESIAN = "Automatic", "KerasTuner Bayesian"
# Of a test that is said to have found a difference.
LEVEL = 0.05
Replays = dict[str, list[Replay]]


@dataclass(frozen=True)
class Outcome:
    """Of one task. `best` is the peer with the lowest median regret at the end of the budget;
    `units` and `peer_units` say when ours and KerasTuner's Bayesian optimisation come to the
    regret that the latter ends with."""

    task: str
    regret: float
    best: str
    best_regret: float
    units: int | None
    peer_units: int | None
    negligible: float
    budget: int

    @property
    def is_reached(self) -> bool:
        return self.regret <= self.best_regret + self.negligible

    @property
    def share(self) -> float | None:
        """Of the peer's training, what ours needs for the same regret."""
        if self.units is None or not self.peer_units:
            return None
        return self.units / self.peer_units


def peers(found: Replays) -> list[str]:
    return [name for name in found if CONTENDERS[name].source != TUNEROOM]


def outcome(table: Table, found: Replays, trials: int) -> Outcome:
    budget = trials * table.units
    final = {name: float(np.median(at_end(table, found[name], trials))) for name in found}
    best = min(peers(found), key=lambda name: final[name])
    units = {
        name: units_to(table, found[name], final[BAYESIAN], budget) for name in (OURS, BAYESIAN)
    }
    return Outcome(
        table.name, final[OURS], best, final[best], units[OURS], units[BAYESIAN],
        negligible(table), budget,
    )  # fmt: skip


def tests(tables: Sequence[Table], found: dict[str, Replays], trials: int) -> dict[Any, float]:
    """The corrected p values of ours against each peer on each task at the end of the budget."""
    return corrected({
        (table.name, name): p_value(
            table,
            at_end(table, found[table.name][OURS], trials),
            at_end(table, found[table.name][name], trials),
        )
        for table in tables
        for name in peers(found[table.name])
    })  # fmt: skip


def at_end(table: Table, replays: Sequence[Replay], trials: int) -> Any:
    """The regret of each replay at the end of the budget."""
    return regrets(table, replays, [trials * table.units])[:, 0]


def is_worse(table: Table, found: Replays, name: str, trials: int) -> bool:
    """Whether ours has more regret than this contender, over all seeds."""
    own, other = (at_end(table, found[each], trials) for each in (OURS, name))
    return float(np.mean(own)) > float(np.mean(other))
