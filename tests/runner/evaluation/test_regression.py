"""Planted numbers, and every figure of the report computed once more from the rows."""

import numpy as np
import pytest

from tuning.runner.evaluation.predicted import Predictions
from tuning.runner.evaluation.regression import report_numbers


def test_errors_are_those_of_the_rows() -> None:
    random = np.random.default_rng(0)
    actual = 1e6 + 100 * random.normal(size=400)
    predicted = actual + 30 * random.normal(size=400) + 5
    report = report_numbers("price", Predictions(actual, predicted))
    error = predicted - actual
    by_name = {score.name: score for score in report.scores}
    assert by_name["mean_absolute_error"].value == pytest.approx(np.abs(error).mean())
    assert by_name["root_mean_squared_error"].value == pytest.approx(np.sqrt((error**2).mean()))
    r2 = 1 - (error**2).sum() / ((actual - actual.mean()) ** 2).sum()
    assert by_name["r2"].value == pytest.approx(r2)
    drawn = []
    for _ in range(500):
        rows = random.integers(0, 400, 400)
        of, off = actual[rows], error[rows]
        drawn.append(1 - (off**2).sum() / ((of - of.mean()) ** 2).sum())
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert (by_name["r2"].low, by_name["r2"].high) == (
        pytest.approx(low, abs=0.01), pytest.approx(high, abs=0.01),
    )  # fmt: skip
    assert sum(part.rows for part in report.error_bins) == 400
    first = report.error_bins[0]
    lowest = actual <= np.quantile(actual, 0.1)
    assert first.mean_error == pytest.approx(error[lowest].mean())
    assert first.mean_absolute_error == pytest.approx(np.abs(error[lowest]).mean())
    assert [q.error for q in report.error_quantiles if q.share == 1] == [np.abs(error).max()]


@pytest.mark.parametrize("actual", [[3.0], [2.0, 2.0, 2.0]])
def test_targets_without_variance_explain_nothing(actual: list[float]) -> None:
    found = Predictions(np.array(actual), np.array(actual) + 1)
    report = report_numbers("y", found)
    by_name = {score.name: score for score in report.scores}
    assert by_name["mean_absolute_error"].value == 1.0
    assert by_name["r2"].low is None
    assert [part.rows for part in report.error_bins] == [len(actual)]
