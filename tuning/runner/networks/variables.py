"""Making a model's variables before its graphs are traced.

Keras makes those of an optimizer and of metrics within the graph, with conditions around them,
which takes half of the time that tracing takes. Each function returns whether all exist then.
"""

from typing import Any

import keras
import numpy as np

from tuning.runner.inputs.texts import has_strings


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
    batch = [x[:2], y[:2]]
    if given.get("class_weight") is not None or given.get("sample_weight") is not None:
        batch.append(np.ones(len(batch[1]), "float32"))
    optimizer, built = model.optimizer, model.optimizer.built
    # Keras would build it, too.
    optimizer.built = True
    try:
        model._symbolic_build(data_batch=tuple(batch))
    except Exception as error:  # noqa: BLE001  the training says what is wrong, in its own words
        print(f"The metrics are made during the training: {error}")
        return False
    finally:
        optimizer.built = built
    return True
