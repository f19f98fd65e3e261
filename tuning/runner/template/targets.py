"""Targets in the form that a network's loss and metrics take."""

from typing import Any

import numpy as np

# Losses that compare one-hot targets with one output a class.
_ONE_HOT = frozenset({
    "categorical_crossentropy", "categorical_focal_crossentropy", "categorical_hinge",
    "categorical_generalized_cross_entropy", "kl_divergence", "cosine_similarity",
})  # fmt: skip
# Losses that compare output by output, so that with one output a class they take one-hot targets.
_BY_OUTPUT = frozenset({
    "binary_crossentropy", "binary_focal_crossentropy", "mean_squared_error",
    "mean_absolute_error", "mean_squared_logarithmic_error", "huber", "log_cosh", "hinge",
    "squared_hinge", "poisson", "dice", "tversky",
})  # fmt: skip
_SHORT = {
    "mse": "mean_squared_error", "mae": "mean_absolute_error", "kld": "kl_divergence",
    "msle": "mean_squared_logarithmic_error", "bce": "binary_crossentropy", "MSE":
    "mean_squared_error", "MAE": "mean_absolute_error", "logcosh": "log_cosh",
    "kullback_leibler_divergence": "kl_divergence", "KLD": "kl_divergence",
}  # fmt: skip
REGRESSION = frozenset({
    "mean_squared_error", "mean_absolute_error", "mean_absolute_percentage_error", "huber",
    "mean_squared_logarithmic_error", "log_cosh", "poisson",
})  # fmt: skip


def takes_one_hot(keras_model: Any, facts: dict[str, Any], script_does: bool = False) -> bool:
    """Whether class numbers must become one-hot for this network. `script_does`: the template's
    script made its own targets so, which decides for losses that we do not know."""
    classes, loss = facts.get("num_classes"), loss_of(keras_model)
    if not classes or not loss or loss.startswith("sparse_"):
        return False
    outputs = outputs_of(keras_model, facts)
    if outputs is None:
        return loss in _ONE_HOT
    if len(outputs) != 1 or (outputs[0] or 0) < classes:
        return False
    if loss in _ONE_HOT:
        return True
    return (loss in _BY_OUTPUT or script_does) and 1 < classes == outputs[0]


def fitted(keras_model: Any, y: Any, facts: dict[str, Any], one_hot: bool) -> Any:
    """Targets of shape (rows,) as the network takes them: one-hot, a column for one output, or as
    they are."""
    if not isinstance(y, np.ndarray) or y.ndim != 1:
        return y
    outputs = outputs_of(keras_model, facts) or (None,)
    if one_hot:
        return as_one_hot(y, outputs[0] or facts["num_classes"])
    # F1Score and R2Score want it; custom losses would compare every row with every other.
    return y[:, None] if outputs == (1,) else y


def as_one_hot(y: np.ndarray, classes: int) -> np.ndarray:
    """Class numbers of shape (rows,) as float32 of shape (rows, classes)."""
    return np.eye(classes, dtype=np.float32)[y.astype(np.int64)]


def outputs_of(keras_model: Any, facts: dict[str, Any]) -> tuple[int | None, ...] | None:
    """The shape of a network's one output, without the batch; None if it is not known."""
    shape = getattr(keras_model, "output_shape", None)
    if shape is None:
        # A network that only its data would build.
        try:
            shape = keras_model.compute_output_shape((None, *facts["input_shape"]))
        except Exception:  # noqa: BLE001  the template's own layers may raise anything
            return None
    if not isinstance(shape, tuple) or not all(n is None or isinstance(n, int) for n in shape):
        return None
    return shape[1:] or None


def loss_of(keras_model: Any) -> str:
    """The name of a network's loss as Keras's functions are called; "" without one."""
    loss = getattr(keras_model, "loss", None)
    if isinstance(loss, list | tuple) and len(loss) == 1:
        loss = loss[0]
    if isinstance(loss, str):
        name = _snake(loss) if loss[:1].isupper() and loss not in _SHORT else loss
    elif type(loss).__module__.startswith("keras.") and hasattr(loss, "call"):
        # Not its `name`, which may have been chosen freely.
        name = _snake(type(loss).__name__)
    else:
        name = getattr(loss, "__name__", None) or getattr(loss, "name", None) or ""
    return _SHORT.get(name, name)


def _snake(name: str) -> str:
    name = name.replace("KLD", "Kld")
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")
