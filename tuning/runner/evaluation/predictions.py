"""Predictions of networks and estimators, whatever form their outputs have."""

from typing import Any

import keras
import numpy as np

from tuning.protocol import description
from tuning.runner.inputs.data import Dataset
from tuning.runner.inputs.texts import has_strings
from tuning.runner.template.several_outputs import joined_predictions
from tuning.runner.template.targets import loss_of
from tuning.runner.template.text_inputs import as_network_takes

from .predicted import NotEvaluable, Predictions

# Losses of a single output whose two classes lie on either side of 0.
_AROUND_ZERO = ("hinge", "squared_hinge")
# Rounding of float32, and of softmax in half precision.
_TOLERANCE = 1e-2


def of_network(keras_model: Any, outputs: Any, actual: np.ndarray, classes: int) -> Predictions:
    """Predictions from what a network's `predict` returned. `classes`: 0 for numbers. Raises
    NotEvaluable."""
    columns = columns_of(outputs, len(actual))
    if not classes:
        if columns.shape[1] != 1:
            raise NotEvaluable(f"The model has {columns.shape[1]:,} outputs for one target.")
        return Predictions(actual, columns[:, 0])
    if columns.shape[1] == 1:
        if classes != 2:
            raise NotEvaluable(f"The model has 1 output for {classes:,} classes.")
        return _of_one_unit(keras_model, columns[:, 0], actual)
    if columns.shape[1] < classes:
        raise NotEvaluable(f"The model has {columns.shape[1]:,} outputs for {classes:,} classes.")
    predicted = columns.argmax(axis=1)
    if from_logits(keras_model):
        columns = _softmax(columns)
    return Predictions(actual, predicted, columns, _are_probabilities(columns))


def of_estimator(estimator: Any, x: Any, actual: np.ndarray, classes: int) -> Predictions:
    """Predictions of a fitted estimator. Raises NotEvaluable, and whatever the estimator does."""
    predicted = np.asarray(estimator.predict(x))
    if predicted.size != len(actual):
        raise NotEvaluable(f"The model predicts an array of shape {predicted.shape}.")
    predicted = predicted.reshape(-1)
    if not classes:
        return Predictions(actual, finite(predicted.astype(np.float64)))
    known = np.arange(classes)
    if not np.isin(predicted, known).all():
        raise NotEvaluable("The model predicts labels that are not among the dataset's classes.")
    predicted = predicted.astype(np.int64)
    if hasattr(estimator, "predict_proba"):
        shares = _by_class(estimator, np.asarray(estimator.predict_proba(x)), classes)
        return Predictions(actual, predicted, shares, _are_probabilities(shares))
    if hasattr(estimator, "decision_function"):
        scores = np.asarray(estimator.decision_function(x))
        if scores.ndim == 1:
            scores = np.stack([-scores, scores], axis=1)
        if scores.shape == (len(actual), classes):
            return Predictions(actual, predicted, finite(scores))
    return Predictions(actual, predicted)


def reading_of(keras_model: Any) -> dict[str, str]:
    """What a model's description has to say of its outputs: those of a single unit are no
    probabilities, and a class is decided at 0."""
    if from_logits(keras_model):
        return {"outputs": description.LOGITS}
    return {"outputs": description.MARGINS} if loss_of(keras_model) in _AROUND_ZERO else {}


def predict(keras_model: Any, dataset: Dataset, x: np.ndarray, batch_size: int) -> Any:
    """What the network says about raw rows of the dataset."""
    found = keras_model.predict(_inputs(keras_model, dataset, x), batch_size=batch_size, verbose=0)
    return joined_predictions(keras_model, dataset.facts, found)


def predict_at_once(keras_model: Any, dataset: Dataset, x: np.ndarray) -> np.ndarray:
    """The same for few rows, many times over: without what `predict` costs each time."""
    inputs = _inputs(keras_model, dataset, x)
    if has_strings(inputs):
        # What `predict_on_batch` is given goes to the graph as it is.
        inputs = keras.tree.map_structure(keras.ops.convert_to_tensor, inputs)
    found = keras_model.predict_on_batch(inputs)
    return np.asarray(joined_predictions(keras_model, dataset.facts, found))


def _inputs(keras_model: Any, dataset: Dataset, x: np.ndarray) -> Any:
    if dataset.preprocessing is None:
        return x
    return as_network_takes(keras_model, dataset.preprocessing.apply(x))


def losses(keras_model: Any, outputs: Any, targets: Any) -> np.ndarray | None:
    """The loss of each row, if the network's loss says it; without what the weights cost."""
    loss = getattr(keras_model, "loss", None)
    if isinstance(loss, str):
        loss = keras.losses.get(loss)
    rate = getattr(loss, "call", loss)
    if not callable(rate):
        return None
    try:
        found = np.asarray(keras.ops.convert_to_numpy(rate(
            keras.ops.convert_to_tensor(targets), keras.ops.convert_to_tensor(outputs)
        )))  # fmt: skip
    except Exception:  # noqa: BLE001  the template's own loss may take anything
        return None
    if found.ndim < 1 or len(found) != len(outputs):
        return None
    return np.asarray(found.reshape(len(found), -1).mean(axis=1), np.float64)


def _of_one_unit(keras_model: Any, unit: np.ndarray, actual: np.ndarray) -> Predictions:
    """Of two classes, by how much it is the second one."""
    if from_logits(keras_model):
        unit = _softmax(np.stack([np.zeros_like(unit), unit], axis=1))[:, 1]
    if loss_of(keras_model) in _AROUND_ZERO:
        scores = np.stack([-unit, unit], axis=1)
        return Predictions(actual, (unit > 0).astype(np.int64), scores)
    scores = np.stack([1 - unit, unit], axis=1)
    return Predictions(actual, (unit > 0.5).astype(np.int64), scores, _are_probabilities(scores))


def columns_of(outputs: Any, rows: int) -> np.ndarray:
    """What a network put out, (rows, outputs). Raises NotEvaluable."""
    flat = keras.tree.flatten(outputs)
    if len(flat) != 1:
        raise NotEvaluable(
            f"The model has {len(flat):,} outputs; only models of one are evaluated."
        )
    columns = np.asarray(flat[0])
    if len(columns) != rows:
        raise NotEvaluable(f"The model predicts {len(columns):,} rows for {rows:,} rows.")
    return finite(columns.reshape(rows, -1))


def finite(values: np.ndarray) -> np.ndarray:
    """The same values. Raises NotEvaluable if some are not finite."""
    bad = ~np.isfinite(values.reshape(len(values), -1)).all(axis=1)
    if bad.any():
        raise NotEvaluable(
            f"The model predicts NaN or infinity for {bad.sum():,} of {len(values):,} rows."
        )
    return values


def from_logits(keras_model: Any) -> bool:
    """Whether a network's loss takes its outputs before softmax or sigmoid."""
    losses = keras.tree.flatten(getattr(keras_model, "loss", None))
    return bool(losses) and all(getattr(loss, "from_logits", False) for loss in losses)


def _softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _are_probabilities(scores: np.ndarray) -> bool:
    inside = ((scores >= -_TOLERANCE) & (scores <= 1 + _TOLERANCE)).all()
    return bool(inside and np.allclose(scores.sum(axis=1), 1, atol=_TOLERANCE))


def _by_class(estimator: Any, shares: np.ndarray, classes: int) -> np.ndarray:
    """A column for each of the dataset's classes, of which an estimator may know a part."""
    if shares.shape[1] == classes:
        return finite(shares)
    known = np.asarray(estimator.classes_).astype(np.int64)
    full = np.zeros((len(shares), classes))
    full[:, known] = finite(shares)
    return full
