"""Networks on a few rows, without graphs: to make one takes longer than such rows do without.

Only networks in which nothing is a person's own code: that may do in a graph what it cannot do
outside of one, or the other way round, and training happens in graphs.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
from keras.src.models.functional import Functional

from tuning.runner.inputs.texts import has_strings

from .kept_models import is_of_keras

# They hold code that Keras did not write, or go through steps one by one.
_NOT_EAGERLY = ("Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer", "RNN")


@contextmanager
def trained_eagerly(model: Any) -> Iterator[None]:
    """In here `fit` needs no graphs, if nothing speaks against it."""
    before = getattr(model, "run_eagerly", True)
    # XLA lacks some operations of TensorFlow, which only its own graph shows.
    if (
        before
        or model.jit_compile
        or not (_has_only_layers_of_keras(model) and _is_compiled_by_keras(model))
    ):
        yield
        return
    model.run_eagerly = True
    try:
        yield
    finally:
        model.run_eagerly = before
        model.train_function = model.test_function = None


def outputs_of(model: Any, inputs: Any) -> Any:
    """What the network predicts for these rows, all in one batch."""
    if has_strings(inputs) or not _has_only_layers_of_keras(model):
        return model.predict(inputs, verbose=0)
    return keras.tree.map_structure(keras.ops.convert_to_numpy, model(inputs, training=False))


def _has_only_layers_of_keras(model: Any) -> bool:
    if type(model) not in (keras.Sequential, Functional):
        return False
    for layer in model._flatten_layers(include_self=False):
        kinds = {kind.__name__ for kind in type(layer).__mro__}
        if not type(layer).__module__.startswith("keras.") or kinds.intersection(_NOT_EAGERLY):
            return False
    try:
        return is_of_keras(model.get_config())
    except Exception:  # noqa: BLE001  something that has no configuration
        return False


def _is_compiled_by_keras(model: Any) -> bool:
    try:
        compiled = model.get_compile_config()
    except Exception:  # noqa: BLE001
        return False
    return bool(compiled) and is_of_keras(compiled)
