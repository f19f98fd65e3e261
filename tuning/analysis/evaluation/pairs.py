"""Whether the difference of two models on the same test rows may be chance."""

import math
from dataclasses import dataclass

import numpy as np

from tuning.figures import counted, figure
from tuning.protocol.evaluation import ACTUAL, LEVEL, MIN_BLOCKS, PREDICTED, ROW
from tuning.protocol.tasks import Task

from .lines import column_of, targets_in, wrong_labels

SEED = 0
RESAMPLES = 1000
_DRAWS = 100_000_000
# Below it, a difference is called one.
SIGNIFICANT = 1 - LEVEL


@dataclass(frozen=True)
class Verdict:
    """`is_noise`: whether the difference may be chance; None where nothing can be said."""

    text: str
    is_noise: bool | None = None


NOT_THE_SAME = Verdict("The models were not evaluated on the same test rows.")


def verdict_on(
    first: np.ndarray | None, second: np.ndarray | None, task: str, block: int = 1
) -> Verdict:
    """On the predictions of two models: float64 (rows, 4) of `tuning.protocol.evaluation`. `block`:
    how many rows that follow each other have errors that are alike."""
    if first is None or second is None or len(first) != len(second):
        return NOT_THE_SAME
    first, second = (lines[np.argsort(lines[:, ROW], kind="stable")] for lines in (first, second))
    if first.shape != second.shape or not (
        (first[:, ROW] == second[:, ROW]).all()
        and (column_of(first, ACTUAL) == column_of(second, ACTUAL)).all()
    ):
        return NOT_THE_SAME
    traits = Task(task).traits
    if traits.has_classes or traits.has_labels:
        if block > 1:
            # McNemar's test takes every row for one more piece of evidence.
            return _by_bootstrap(_wrong(first), _wrong(second), "Share of wrong rows", block)
        return _by_mcnemar(first, second)
    if traits.reconstructs:
        errors = (first[:, PREDICTED], second[:, PREDICTED])
        return _by_bootstrap(*errors, "Mean squared error")
    several = targets_in(first) > 1
    name = "Mean absolute error in standard deviations of each target" if several else (
        "Mean absolute error"
    )  # fmt: skip
    return _by_bootstrap(_errors(first), _errors(second), name, block)


def mcnemar(only_first: int, only_second: int) -> float:
    """The exact two-sided p-value: so many rows only the first model gets right, so many only the
    second. Each is as likely as the other if the models are equally good."""
    rows, fewer = only_first + only_second, min(only_first, only_second)
    # Logarithms: the coefficients of thousands of rows exceed a float.
    whole = math.lgamma(rows + 1) - rows * math.log(2)
    tail = sum(
        math.exp(whole - math.lgamma(k + 1) - math.lgamma(rows - k + 1)) for k in range(fewer + 1)
    )
    return min(1.0, 2 * tail)


def _by_mcnemar(first: np.ndarray, second: np.ndarray) -> Verdict:
    wrong, other = _wrong(first) == 1, _wrong(second) == 1
    only_first, only_second = int((other & ~wrong).sum()), int((wrong & ~other).sum())
    p = mcnemar(only_first, only_second)
    text = (
        f"Only the first model is right on {counted(only_first, 'row')}, only the second on "
        f"{counted(only_second, 'row')} (McNemar's exact test: p = {figure(p, 2)})."
    )
    return _called(text, p >= SIGNIFICANT)


def _wrong(lines: np.ndarray) -> np.ndarray:
    """1 for each row that is wrong. One with several labels is right if all of them are."""
    return np.asarray((wrong_labels(lines) != 0).astype(np.float64))


def _by_bootstrap(errors: np.ndarray, others: np.ndarray, name: str, block: int = 1) -> Verdict:
    """The difference of the mean errors, over rows drawn again for both models alike: `block` rows
    that follow each other at once."""
    difference = others - errors
    rows = len(difference)
    text = f"{name}: second minus first is {figure(float(difference.mean()), 3)}"
    if block > 1 and rows < MIN_BLOCKS * block:
        return Verdict(f"{text}. There are too few test windows to tell whether that is chance.")
    random = np.random.default_rng(SEED)
    drawn = []
    for _ in range(int(np.clip(_DRAWS // max(rows, 1), 200, RESAMPLES))):
        starts = random.integers(0, rows - block + 1, -(-rows // block))
        drawn.append(difference[(starts[:, None] + np.arange(block)).reshape(-1)[:rows]].mean())
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    text += (
        f" (paired bootstrap, 95% interval {figure(float(low), 3)} to {figure(float(high), 3)})."
    )
    return _called(text, bool(low <= 0 <= high))


def _errors(lines: np.ndarray) -> np.ndarray:
    """The absolute error of each row. Errors of several targets add up in units of the targets'
    standard deviations."""
    actual = column_of(lines, ACTUAL)
    errors = np.abs(column_of(lines, PREDICTED) - actual)
    if errors.shape[1] == 1:
        return np.asarray(errors[:, 0])
    spread = actual.std(axis=0)
    return np.asarray((errors / np.where(spread > 0, spread, 1)).mean(axis=1))


def _called(text: str, is_noise: bool) -> Verdict:
    end = (
        "The difference may be chance." if is_noise else "The difference is unlikely to be chance."
    )
    return Verdict(f"{text} {end}", is_noise)
