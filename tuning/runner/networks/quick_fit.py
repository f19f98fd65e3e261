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
from keras import callbacks as kinds
from keras_tuner.src.engine.tuner_utils import TunerCallback

from tuning.runner.inputs.texts import has_strings

from .variables import build_layers, build_metrics, can_build_optimizer

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
    from .kernels import kernels
    from .whole_epochs import is_within, whole_epochs

    signature = inspect.signature(original)

    @functools.wraps(original)
    def method(self: keras.Model, *args: Any, **kwargs: Any) -> Any:
        try:
            given = signature.bind(self, *args, **kwargs).arguments
        except TypeError:
            # Keras says what is wrong.
            return original(self, *args, **kwargs)
        if is_within():
            return original(self, *args, **kwargs)
        if has_strings(given.get("x")) or not _suits(self, given):
            # The pipeline of its rows is made for this call alone.
            kernels.add_model()
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
    return can_build_optimizer(model) and build_metrics(model, given)


def acts_on_batches(callback: Any) -> bool:
    """Whether a callback does something within an epoch."""
    kind = type(callback)
    if kind is TunerCallback:
        tuner = type(callback.tuner)
        hooks = ("on_batch_begin", "on_batch_end")
        return any(getattr(tuner, hook) is not getattr(kt.Tuner, hook) for hook in hooks)
    if kind is kinds.ModelCheckpoint and callback.save_freq == "epoch":
        return False
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
