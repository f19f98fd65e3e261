"""Student's t against scipy's, and planted differences and ties with known noise."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import stats

from tuning.analysis.ties import SIGNIFICANT, paired_folds, two_sided, welch

SCORES = st.lists(st.floats(-10, 10), min_size=2, max_size=12)


@given(t=st.floats(-50, 50), freedom=st.floats(1, 200))
def test_two_sided_is_student_s_t(t: float, freedom: float) -> None:
    assert two_sided(t, freedom) == pytest.approx(2 * stats.t.sf(abs(t), freedom), abs=1e-8)


@given(first=SCORES, second=SCORES)
@example(first=[0.0, 1e-141], second=[0.0, 2e-141])
def test_welch_is_scipy_s(first: list[float], second: list[float]) -> None:
    p = welch(first, second)
    assert p is not None
    if min(np.std(first), np.std(second)) > 1e-6:
        theirs = stats.ttest_ind(first, second, equal_var=False).pvalue
        assert p == pytest.approx(theirs, abs=1e-7)


def test_folds_are_paired_and_corrected() -> None:
    first, second = [0.90, 0.92, 0.88, 0.95, 0.91], [0.89, 0.90, 0.87, 0.93, 0.91]
    differences = np.subtract(first, second)
    error = np.sqrt(differences.var(ddof=1) * (1 / 5 + 1 / 4))
    expected = 2 * stats.t.sf(differences.mean() / error, 4)
    assert paired_folds(first, second) == pytest.approx(expected)
    assert expected > stats.ttest_rel(first, second).pvalue, "folds share training rows"


def test_equal_scores_are_a_tie_and_constant_ones_differ() -> None:
    assert welch([0.5, 0.5], [0.5, 0.5]) == 1.0
    assert welch([0.5, 0.5], [0.6, 0.6]) == 0.0
    assert paired_folds([0.5, 0.6], [0.5, 0.6]) == 1.0
    assert paired_folds([0.5, 0.6], [0.6, 0.7]) == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("test", [welch, paired_folds])
def test_one_run_is_too_few(test: object) -> None:
    assert test([0.5], [0.6]) is None  # type: ignore[operator]


def test_a_planted_tie_is_called_one_and_a_planted_difference_too() -> None:
    """Five runs with a noise of 0.01: of 2,000 pairs that do not differ, at most about 5 % are
    called different; a difference of 0.05 is found nearly always."""
    random = np.random.default_rng(0)

    def called_different(difference: float) -> float:
        pairs = random.normal([0.9, 0.9 + difference], 0.01, (2000, 5, 2))
        found = [welch(list(pair[:, 0]), list(pair[:, 1])) for pair in pairs]
        return float(np.mean([p is not None and p < SIGNIFICANT for p in found]))

    assert called_different(0.0) < 0.06
    assert called_different(0.05) > 0.99
