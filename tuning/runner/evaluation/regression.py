"""How far predicted numbers are from the actual ones."""

import numpy as np
from sklearn.metrics import (
    mean_absolute_error,
    mean_squared_error,
    median_absolute_error,
    r2_score,
    root_mean_squared_error,
)

from tuning.protocol.evaluation import ErrorBin, ErrorQuantile, OutputReport, Score
from tuning.protocol.tasks import Task

from . import bootstrap
from .predicted import Predictions

_BINS = 10
_SHARES = (0.5, 0.75, 0.9, 0.95, 0.99, 1.0)


def report_numbers(name: str, found: Predictions, block: int = 1) -> OutputReport:
    """The report of a target of numbers. `block`: as `bootstrap.means` has it."""
    actual: np.ndarray = found.actual.astype(np.float64)
    error = found.predicted.astype(np.float64) - actual
    quantiles = np.quantile(np.abs(error), _SHARES)
    return OutputReport(
        name=name,
        task=Task.REGRESSION,
        scores=_scores(actual, error, block),
        error_bins=_bins(actual, error),
        error_quantiles=[
            ErrorQuantile(share, float(value))
            for share, value in zip(_SHARES, quantiles, strict=True)
        ],
    )


def overall_scores(found: Predictions, block: int = 1) -> list[Score]:
    """Scores of several targets together: the mean over the targets, in whichever units."""
    actual: np.ndarray = found.actual.astype(np.float64)
    error = found.predicted.astype(np.float64) - actual
    centred = actual - actual.mean(axis=0)
    columns = np.concatenate([np.abs(error), error**2, centred, centred**2], axis=1)
    drawn = bootstrap.means(columns, block)
    absolute, squared, first, second = np.split(drawn, 4, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        explained = (1 - squared / (second - first**2)).mean(axis=1)
    predicted = actual + error
    r2 = float(r2_score(actual, predicted)) if len(actual) > 1 else None
    return [
        Score("r2", r2, *(bootstrap.NONE if r2 is None else bootstrap.interval(explained))),
        Score(
            "mean_absolute_error", float(mean_absolute_error(actual, predicted)),
            *bootstrap.interval(absolute.mean(axis=1)),
        ),
        Score(
            "mean_squared_error", float(mean_squared_error(actual, predicted)),
            *bootstrap.interval(squared.mean(axis=1)),
        ),
    ]  # fmt: skip


def _scores(actual: np.ndarray, error: np.ndarray, block: int) -> list[Score]:
    predicted = actual + error
    # Around their mean, so that squares of large targets keep their digits.
    centred = actual - actual.mean()
    columns = np.stack([np.abs(error), error**2, centred, centred**2], axis=1)
    absolute, squared, first, second = bootstrap.means(columns, block).T
    with np.errstate(divide="ignore", invalid="ignore"):
        explained = 1 - squared / (second - first**2)
    r2 = float(r2_score(actual, predicted)) if len(actual) > 1 else None
    found = {
        "r2": (r2, bootstrap.interval(explained) if r2 is not None else bootstrap.NONE),
        "mean_absolute_error": (
            mean_absolute_error(actual, predicted), bootstrap.interval(absolute),
        ),
        "root_mean_squared_error": (
            root_mean_squared_error(actual, predicted), bootstrap.interval(np.sqrt(squared)),
        ),
        "mean_squared_error": (
            mean_squared_error(actual, predicted), bootstrap.interval(squared),
        ),
        "median_absolute_error": (median_absolute_error(actual, predicted), bootstrap.NONE),
    }  # fmt: skip
    return [
        Score(name, None if value is None else float(value), *ends)
        for name, (value, ends) in found.items()
    ]


def _bins(actual: np.ndarray, error: np.ndarray) -> list[ErrorBin]:
    """The rows in the order of their actual values, in as many parts of equal size as there are
    unique values for; equal values are in the same part."""
    edges = np.unique(np.quantile(actual, np.linspace(0, 1, _BINS + 1)))
    place = np.searchsorted(edges[1:-1], actual, side="right")
    found = []
    for index in range(max(1, len(edges) - 1)):
        inside = place == index
        if inside.any():
            values, errors = actual[inside], error[inside]
            found.append(ErrorBin(
                float(values.min()), float(values.max()), int(inside.sum()),
                float(np.abs(errors).mean()), float(errors.mean()),
            ))  # fmt: skip
    return found
