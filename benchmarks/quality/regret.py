"""What replays say: the regret, with bands, after any part of the budget, and tests of it."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from .replays import Replay
from .tables import Table

SHARES = (0.1, 0.25, 0.5, 1.0)
RESAMPLES = 2000
# Regrets that differ by less than this share of the median configuration's regret count as equal.
NEGLIGIBLE = 0.001


def regrets(table: Table, found: Sequence[Replay], units: Sequence[int]) -> Any:
    """The best recorded score minus the best one that each replay had found after so many units of
    training: a row for each replay. Before the first trial has ended it is that of the median
    configuration."""
    rows = np.empty((len(found), len(units)))
    for row, steps in zip(rows, found, strict=True):
        best = [(0, table.median)]
        for spent, score in steps:
            if score is not None and (len(best) == 1 or score > best[-1][1]):
                best.append((spent, score))
        spents = [spent for spent, _ in best]
        places = np.searchsorted(spents, units, side="right") - 1
        row[:] = table.best - np.array([score for _, score in best])[places]
    return rows


def bands(rows: Any) -> tuple[Any, Any, Any]:
    """The median of each column, and its 95 % band by bootstrap."""
    draw = np.random.default_rng(0)
    samples = draw.choice(len(rows), (RESAMPLES, len(rows)))
    low, high = np.percentile(np.median(rows[samples], axis=1), (2.5, 97.5), axis=0)
    return np.median(rows, axis=0), low, high


def negligible(table: Table) -> float:
    return NEGLIGIBLE * (table.best - table.median)


def units_to(table: Table, found: Sequence[Replay], regret: float, budget: int) -> int | None:
    """After how much training the median regret is at or below this one; None if never."""
    median = np.median(regrets(table, found, range(1, budget + 1)), axis=0)
    reached = np.flatnonzero(median <= regret + negligible(table))
    return int(reached[0]) + 1 if len(reached) else None


def p_value(table: Table, own: Any, other: Any) -> float:
    """Wilcoxon's signed-rank test over seeds, two-sided: 1 if all pairs are equal."""
    from scipy.stats import wilcoxon

    differences = np.asarray(own) - np.asarray(other)
    differences[np.abs(differences) < negligible(table)] = 0
    return float(wilcoxon(differences).pvalue) if differences.any() else 1.0


def corrected(p_values: dict[Any, float]) -> dict[Any, float]:
    """Holm's correction for so many tests."""
    found, largest = {}, 0.0
    for rank, (key, p) in enumerate(sorted(p_values.items(), key=lambda item: item[1])):
        largest = max(largest, min(1.0, p * (len(p_values) - rank)))
        found[key] = largest
    return found
