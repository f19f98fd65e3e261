"""Predictions of several targets or labels for each row, whatever form a model's outputs have."""

from typing import Any

import numpy as np

from tuning.protocol.evaluation import THRESHOLD

from .predicted import NotEvaluable, Predictions
from .predictions import columns_of, finite, from_logits

# Rounding of float32, and of sigmoid in half precision.
_TOLERANCE = 1e-2


def numbers_of_network(outputs: Any, actual: np.ndarray) -> Predictions:
    """Raises NotEvaluable."""
    return Predictions(actual, _fitting(columns_of(outputs, len(actual)), actual))


def labels_of_network(keras_model: Any, outputs: Any, actual: np.ndarray) -> Predictions:
    """A label is predicted above the threshold. Raises NotEvaluable."""
    columns = _fitting(columns_of(outputs, len(actual)), actual)
    if from_logits(keras_model):
        # exp() of large numbers overflows to infinity, and 1 / infinity is right.
        with np.errstate(over="ignore"):
            columns = 1 / (1 + np.exp(-columns.astype(np.float64)))
    predicted = (columns > THRESHOLD).astype(np.float64)
    return Predictions(actual, predicted, columns, _are_probabilities(columns))


def numbers_of_estimator(estimator: Any, x: Any, actual: np.ndarray) -> Predictions:
    """Raises NotEvaluable, and whatever the estimator does."""
    return Predictions(actual, _fitting(finite(_predicted(estimator, x)), actual))


def labels_of_estimator(estimator: Any, x: Any, actual: np.ndarray) -> Predictions:
    """The labels that the estimator itself predicts. Raises NotEvaluable, and whatever the
    estimator does."""
    predicted = _fitting(_predicted(estimator, x), actual)
    if not np.isin(predicted, (0, 1)).all():
        raise NotEvaluable("The model predicts something else than 0 and 1.")
    if hasattr(estimator, "predict_proba"):
        shares = _shares(estimator, estimator.predict_proba(x), actual.shape)
        if shares is not None:
            return Predictions(actual, predicted, finite(shares), _are_probabilities(shares))
    if hasattr(estimator, "decision_function"):
        scores = np.asarray(estimator.decision_function(x))
        if scores.shape == actual.shape:
            return Predictions(actual, predicted, finite(scores))
    return Predictions(actual, predicted)


def _predicted(estimator: Any, x: Any) -> np.ndarray:
    found = estimator.predict(x)
    # Some give a sparse matrix of labels.
    return np.asarray(found.toarray() if hasattr(found, "toarray") else found, np.float64)


def _fitting(columns: np.ndarray, actual: np.ndarray) -> np.ndarray:
    if columns.shape != actual.shape:
        raise NotEvaluable(
            f"The model has outputs of shape {columns.shape[1:]} for targets of shape "
            f"{actual.shape[1:]}."
        )
    return columns


def _shares(estimator: Any, found: Any, shape: tuple[int, ...]) -> np.ndarray | None:
    """The probability of each label. scikit-learn gives a matrix, or for each label one of its two
    classes; a label that training rows never had (or always) has only one."""
    if not isinstance(found, list):
        shares = np.asarray(found)
        return shares if shares.shape == shape else None
    known = getattr(estimator, "classes_", None)
    columns = []
    for place, pair in enumerate(found):
        pair = np.asarray(pair)
        if pair.shape[1] == 2:
            columns.append(pair[:, 1])
        elif known is None:
            return None
        else:
            columns.append(np.full(len(pair), float(np.asarray(known[place])[0])))
    return np.stack(columns, axis=1)


def _are_probabilities(columns: np.ndarray) -> bool:
    return bool(((columns >= -_TOLERANCE) & (columns <= 1 + _TOLERANCE)).all())
