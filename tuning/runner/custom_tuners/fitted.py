"""What an estimator was fitted on: the rows themselves, or what transformers made of them."""

from dataclasses import dataclass
from typing import Any

import numpy as np

_SAMPLED = 8
# Comparing with more numbers than this would take longer than the fit.
_MAX_NUMBERS = 200_000_000


@dataclass(frozen=True)
class Fitted:
    """An estimator, how many rows it was fitted on, and a few of them."""

    estimator: Any
    count: int
    sample: np.ndarray | None


def fitted_on(estimator: Any, x: Any) -> Fitted:
    try:
        count = int(x.shape[0]) if hasattr(x, "shape") else len(x)
        places = np.unique(np.linspace(0, count - 1, min(_SAMPLED, count)).astype(int))
        some = x.iloc[places] if hasattr(x, "iloc") else x[places]
        return Fitted(estimator, count, _matrix(some))
    except (TypeError, ValueError, IndexError, AttributeError):
        return Fitted(estimator, 0, None)


def transformers_between(
    rows: np.ndarray, transformers: list[Fitted], model: Fitted
) -> list[Any] | None:
    """The transformers, in their order, that lead from the rows to what the model was fitted on:
    none if that is the rows themselves. None if it is something else."""
    seen: np.ndarray | None = rows
    steps: list[Any] = []
    if _among(model.sample, seen):
        return steps
    for fitted in transformers:
        if not _among(fitted.sample, seen):
            continue
        try:
            seen = _matrix(fitted.estimator.transform(seen))
        except (AttributeError, TypeError, ValueError):
            continue
        steps.append(fitted.estimator)
        if _among(model.sample, seen):
            return steps
    return None


def _matrix(x: Any) -> np.ndarray | None:
    """Rows of numbers; None of anything else."""
    if hasattr(x, "toarray"):
        x = x.toarray()
    matrix = np.asarray(x)
    if matrix.dtype.kind not in "iufb" or not matrix.ndim:
        return None
    return matrix.reshape(len(matrix), -1).astype(np.float64)


def _among(sample: np.ndarray | None, rows: np.ndarray | None) -> bool:
    """Whether most of a sample are rows of `rows`, up to rounding. Oversampling makes some up."""
    if sample is None or rows is None or sample.shape[1:] != rows.shape[1:]:
        return False
    if not len(sample) or rows.size * len(sample) > _MAX_NUMBERS * _SAMPLED:
        return False
    found = sum(
        bool(np.isclose(rows, row, rtol=1e-4, atol=1e-6, equal_nan=True).all(axis=1).any())
        for row in sample
    )
    return found * 2 > len(sample)
