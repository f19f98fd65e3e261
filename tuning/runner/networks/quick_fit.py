"""`fit` and `evaluate` of Keras with less around the training: same arguments, same results.

Wherever the code of a template or of KerasTuner trains a model that is built, compiled and trained
as Keras does it, variables are made before the graphs and epochs are whole (`whole_epochs.py`).
"""

import functools
import inspect
import os
from collections.abc import Callable
from typing import Any

import keras
import keras_tuner as kt
import numpy as np
from keras import callbacks as kinds
from keras_tuner.src.engine.tuner_utils import TunerCallback

_BATCH_HOOKS = (
    "on_batch_begin", "on_batch_end", "on_train_batch_begin", "on_train_batch_end",
    "on_test_batch_begin", "on_test_batch_end",
)  # fmt: skip
# What a subclass may have changed of the way that Keras trains.
_METHODS = (
    "fit", "evaluate", "train_step", "test_step", "make_train_function", "make_test_function",
    "compute_metrics", "get_metrics_result", "reset_metrics",
)  # fmt: skip


def install() -> None:
    """From now on, in this process. Once; before any code of a template."""
    if keras.backend.backend() != "tensorflow" or os.environ.get("RUNNER_WHOLE_EPOCHS") == "0":
        return
    from keras.src.backend.tensorflow.trainer import TensorFlowTrainer

    for name in ("fit", "evaluate"):
        setattr(TensorFlowTrainer, name, _quick(getattr(TensorFlowTrainer, name)))


def _quick(original: Callable[..., Any]) -> Callable[..., Any]:
    from .whole_epochs import is_within, whole_epochs

    signature = inspect.signature(original)

    @functools.wraps(original)
    def method(self: keras.Model, *args: Any, **kwargs: Any) -> Any:
        try:
            given = signature.bind(self, *args, **kwargs).arguments
        except TypeError:
            # Keras says what is wrong.
            return original(self, *args, **kwargs)
        if is_within() or not _suits(self, given):
            return original(self, *args, **kwargs)
        with whole_epochs(self):
            return original(self, *args, **kwargs)

    return method


def _suits(model: keras.Model, given: dict[str, Any]) -> bool:
    if not model.compiled or model.steps_per_execution != 1:
        return False
    if not build_layers(model, given):
        return False
    if model.run_eagerly or model.jit_compile or not _trains_as_keras(model) or _has_gpu():
        return False
    callbacks = given.get("callbacks") or ()
    if not isinstance(callbacks, list | tuple) or any(map(acts_on_batches, callbacks)):
        return False
    return build_optimizer(model) and build_metrics(model, given)


def build_layers(model: keras.Model, given: dict[str, Any]) -> bool:
    """Make the variables of the layers, of a stack without an input shape by the rows' own, as its
    first batch would. False for models whose layers only their own code can build."""
    x = given.get("x")
    if type(model) is keras.Sequential and not model.built and isinstance(x, np.ndarray):
        try:
            model.build((None, *x.shape[1:]))
        except Exception:  # noqa: BLE001  the training says what is wrong, in its own words
            return False
    return all(layer.built for layer in model._flatten_layers())


def build_optimizer(model: keras.Model) -> bool:
    """Make an optimizer's variables outside of the graph, which would have conditions around them.
    False for one of somebody's own, of which only `fit` knows how it begins."""
    optimizer = model.optimizer
    if optimizer is None or not model.trainable_variables:
        return False
    if optimizer.built:
        return True
    own = not type(optimizer).__module__.startswith("keras.")
    if own or isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        return False
    optimizer.build(model.trainable_variables)
    return True


def build_metrics(model: keras.Model, given: dict[str, Any]) -> bool:
    """Make the variables of loss and metrics outside of the graph, too, for these arguments of
    `fit`. Together with the optimizer's that saves half of the time that tracing takes."""
    x, y = given.get("x"), given.get("y")
    if not (isinstance(x, np.ndarray) and isinstance(y, np.ndarray)):
        return False
    batch = [x[:2], y[:2]]
    if given.get("class_weight") is not None or given.get("sample_weight") is not None:
        batch.append(np.ones(len(batch[1]), "float32"))
    try:
        model._symbolic_build(data_batch=tuple(batch))
    except Exception as error:  # noqa: BLE001  the training says what is wrong, in its own words
        print(f"The metrics are made during the training: {error}")
        return False
    return True


def acts_on_batches(callback: Any) -> bool:
    """Whether a callback does something within an epoch."""
    kind = type(callback)
    if kind is TunerCallback:
        tuner = type(callback.tuner)
        hooks = ("on_batch_begin", "on_batch_end")
        return any(getattr(tuner, hook) is not getattr(kt.Tuner, hook) for hook in hooks)
    if isinstance(callback, kinds.ModelCheckpoint) and callback.save_freq == "epoch":
        kind = kinds.Callback if kind is kinds.ModelCheckpoint else kind
    return any(
        hook in vars(callback) or getattr(kind, hook, None) is not getattr(kinds.Callback, hook)
        for hook in _BATCH_HOOKS
    )


def _trains_as_keras(model: keras.Model) -> bool:
    return all(getattr(type(model), name) is getattr(keras.Model, name) for name in _METHODS)


@functools.cache
def _has_gpu() -> bool:
    """There, Keras's pipeline prepares the next batches while the GPU works."""
    import tensorflow as tf

    return bool(tf.config.list_physical_devices("GPU"))
