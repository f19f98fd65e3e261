"""Making a model's variables before its graphs are traced.

Keras makes those of an optimizer and of metrics within the graph, with conditions around them,
which takes half of the time that tracing takes. Each function returns whether all exist then.
"""

from typing import Any

import keras
import numpy as np
from keras import KerasTensor
from keras.src.backend import compute_output_spec, standardize_dtype
from keras.src.models.functional import Functional

from tuning.runner.inputs.texts import has_strings

from .opaque_layers import is_opaque

# Of a batch that exists as a shape only.
_ROWS = 2


def build_layers(model: keras.Model, given: dict[str, Any]) -> bool:
    """Those of the layers, of a stack without an input shape by the shape of the rows, as its first
    batch would. False for models whose layers only their own code can build."""
    x = given.get("x")
    if type(model) is keras.Sequential and not model.built and isinstance(x, np.ndarray):
        if has_strings(x):
            return False
        try:
            model.build((None, *x.shape[1:]))
        except Exception:  # noqa: BLE001  the training says what is wrong, in its own words
            return False
    return all(layer.built for layer in model._flatten_layers())


def can_build_optimizer(model: keras.Model) -> bool:
    """False for a custom one, of which only `fit` knows how it begins."""
    optimizer = model.optimizer
    if optimizer is None or not model.trainable_variables:
        return False
    custom = not type(optimizer).__module__.startswith("keras.")
    scaled = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
    return bool(optimizer.built) or not (custom or scaled)


def build_optimizer(model: keras.Model) -> bool:
    """Those of the optimizer. Not before the first batch is due where a callback may let further
    layers learn."""
    if not can_build_optimizer(model):
        return False
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    return True


def build_metrics(model: keras.Model, given: dict[str, Any]) -> bool:
    """Those of loss and metrics, for these arguments of `fit`."""
    x, y = given.get("x"), given.get("y")
    if not (isinstance(x, np.ndarray) and isinstance(y, np.ndarray)) or has_strings(x):
        return False
    # As Keras does it, but for the outputs.
    metrics, loss = _is_unbuilt(model._compile_metrics), _is_unbuilt(model._compile_loss)
    if not (metrics or loss):
        return True
    try:
        rows, weights = _symbolic(x), _weights(given)
        given_and_predicted = rows, _symbolic(y), _outputs_of(model, rows)
        if metrics:
            compute_output_spec(model.compute_metrics, *given_and_predicted, sample_weight=weights)
        if loss:
            compute_output_spec(
                model._compute_loss, *given_and_predicted, sample_weight=weights, training=False
            )
    except Exception as error:  # noqa: BLE001  the training says what is wrong, in its own words
        print(f"The metrics are made during the training: {error}")
        return False
    return True


def _symbolic(rows: np.ndarray) -> KerasTensor:
    """As the training gets them: Keras makes all fractions alike."""
    dtype = keras.config.floatx() if rows.dtype.kind == "f" else standardize_dtype(rows.dtype)
    return KerasTensor((_ROWS, *rows.shape[1:]), dtype)


def _weights(given: dict[str, Any]) -> KerasTensor | None:
    weights = given.get("sample_weight")
    if isinstance(weights, np.ndarray):
        return _symbolic(weights)
    if weights is None and given.get("class_weight") is None:
        return None
    return KerasTensor((_ROWS,), "float32")


def _is_unbuilt(part: Any) -> bool:
    return part is not None and not part.built


def _outputs_of(model: keras.Model, rows: KerasTensor) -> Any:
    """A single one of Keras's own layers is known, if its shape is; to call the model takes longer
    than all the rest. Structures are Keras's affair: it unpacks a list of one. What other layers
    say of their shape may not be so."""
    known = getattr(getattr(model, "_functional", model), "_outputs_struct", None)
    if type(model) in (keras.Sequential, Functional) and isinstance(known, KerasTensor):
        rows_of, *others = known.shape or (0,)
        is_sure = rows_of is None and None not in others and not known.sparse
        if is_sure and not any(map(is_opaque, _layers_of(model))):
            return KerasTensor((_ROWS, *others), known.dtype)
    return compute_output_spec(model, rows, training=False)


def _layers_of(model: keras.Model) -> list[keras.Layer]:
    found: list[keras.Layer] = model._flatten_layers(include_self=False)
    return found
