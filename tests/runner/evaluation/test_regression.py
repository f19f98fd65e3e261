"""Planted numbers, and every figure of the report computed once more from the rows."""

import numpy as np
import pytest

from tuning.protocol.windows import Windows
from tuning.runner.evaluation import bootstrap
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


def test_rows_that_are_alike_are_drawn_together() -> None:
    """Errors of windows that overlap are means of common errors. How far their mean is from 0 by
    chance is known; rows drawn one by one would say a third of it."""
    windows = Windows(look_back=10, horizon=12, stride=1, rows=4021)
    random = np.random.default_rng(1)
    single = random.normal(size=windows.count + 11)
    errors = np.convolve(single, np.full(12, 1 / 12), mode="valid")
    half = 1.96 / np.sqrt(len(errors))
    widths = []
    for block in (1, windows.overlapping):
        low, high = bootstrap.interval(bootstrap.means(errors[:, None], block)[:, 0])
        assert low is not None
        assert high is not None
        widths.append((high - low) / 2 / half)
    assert windows.overlapping == 23
    assert widths[0] == pytest.approx(12**-0.5, rel=0.1)
    assert 0.8 < widths[1] < 1.1
    few = report_numbers("y", Predictions(errors[:114], errors[:114] + 1), windows.overlapping)
    assert {(score.low, score.high) for score in few.scores} == {(None, None)}


@pytest.mark.parametrize("actual", [[3.0], [2.0, 2.0, 2.0]])
def test_targets_without_variance_explain_nothing(actual: list[float]) -> None:
    found = Predictions(np.array(actual), np.array(actual) + 1)
    report = report_numbers("y", found)
    by_name = {score.name: score for score in report.scores}
    assert by_name["mean_absolute_error"].value == 1.0
    assert by_name["r2"].low is None
    assert [part.rows for part in report.error_bins] == [len(actual)]
