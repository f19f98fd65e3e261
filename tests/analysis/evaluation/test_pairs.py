"""Two models on the same test rows: is their difference noise?"""

import numpy as np
import pytest
from scipy.stats import binomtest

from tuning.analysis.evaluation.pairs import NOT_THE_SAME, mcnemar, verdict_on


def lines(actual: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    return np.stack(
        [np.arange(len(actual)), actual, predicted, np.full(len(actual), np.nan)], axis=1
    ).astype(float)


@pytest.mark.parametrize(
    ("first", "second"), [(0, 0), (1, 0), (5, 5), (12, 3), (3, 12), (4_000, 4_300)]
)
def test_mcnemar_is_a_binomial_test(first: int, second: int) -> None:
    wanted = binomtest(first, first + second).pvalue if first + second else 1.0
    assert mcnemar(first, second) == pytest.approx(wanted)


def test_classes_are_compared_row_by_row() -> None:
    actual = np.zeros(100)
    good, bad = actual.copy(), actual.copy()
    bad[:20] = 1
    good[20:23] = 1
    verdict = verdict_on(lines(actual, good), lines(actual, bad)[::-1], "classification")
    assert verdict.text.startswith(
        "Only the first model is right on 20 rows, only the second on 3 rows"
    )
    assert verdict.is_noise is False
    near = actual.copy()
    near[20:25] = 1
    assert verdict_on(lines(actual, good), lines(actual, near), "classification").is_noise


def test_errors_are_compared_row_by_row() -> None:
    random = np.random.default_rng(0)
    actual = 100 * random.normal(size=300)
    noise = random.normal(size=300)
    # Paired, a small difference stands out of errors that both models make.
    worse = verdict_on(
        lines(actual, actual + noise), lines(actual, actual + 1.2 * noise), "regression"
    )
    assert worse.is_noise is False
    other = verdict_on(
        lines(actual, actual + noise), lines(actual, actual + random.normal(size=300)), "regression"
    )
    assert other.is_noise


def test_rows_that_are_alike_prove_less() -> None:
    random = np.random.default_rng(4)
    actual = np.zeros(600)
    # Each error counts for 12 windows.
    harder = np.convolve(random.normal(size=611), np.full(12, 1 / 12), mode="valid") + 0.04
    first, second = lines(actual, actual + 1), lines(actual, actual + 1 + harder)
    assert verdict_on(first, second, "regression").is_noise is False
    assert verdict_on(first, second, "regression", block=23).is_noise
    few = verdict_on(first[:100], second[:100], "regression", block=23)
    assert few.is_noise is None
    assert "too few test windows" in few.text


def test_classes_that_are_alike_prove_less() -> None:
    """Five series that are always right or wrong together: 6 mistakes are not 30."""
    actual = np.zeros(600)
    wrong = actual.copy()
    wrong[np.arange(0, 600, 100)[:, None] + np.arange(5)] = 1
    first, second = lines(actual, actual), lines(actual, wrong)
    assert verdict_on(first, second, "classification").is_noise is False
    verdict = verdict_on(first, second, "classification", block=5)
    assert "Share of wrong rows: second minus first is 0.0500 (paired bootstrap" in verdict.text
    rare = actual.copy()
    rare[:10] = 1
    few = lines(actual, rare)
    assert verdict_on(first, few, "classification").is_noise is False
    assert verdict_on(first, few, "classification", block=5).is_noise


def test_other_rows_cannot_be_compared() -> None:
    rows = lines(np.zeros(4), np.zeros(4))
    moved = rows.copy()
    moved[:, 0] += 1
    for other in (None, rows[:3], moved):
        assert verdict_on(rows, other, "classification") == NOT_THE_SAME
