"""Training functions that are traced once for models that differ in nothing but numbers.

More than half of a short trial is tracing: Keras makes a graph of the training and of the test step
again for every model. A model of the same architecture, loss, metrics and optimizer as an earlier
one can be trained with the earlier one's graphs: it lends its initial weights, its optimizer's
state and its random generators to the earlier model, which is trained in its place. The result is
the same, bit by bit, because every number that may differ is a variable of the graph.
"""

import hashlib
import json
import math
import os
from collections.abc import Callable, Iterable
from typing import Any

import keras
import numpy as np
from keras.src.models.functional import Functional
from keras_tuner.src.engine.tuner_utils import SaveBestEpoch, TunerCallback

from tuning.runner.inputs.texts import has_strings

from .kernels import kernels
from .opaque_layers import is_opaque
from .variables import build_layers, build_metrics, build_optimizer

# Of a kept model with its optimizer. Larger ones train so long that tracing hardly counts.
MAX_BYTES = 64 * 1024 * 1024
# Bytes of a float64.
_LARGEST_NUMBER = 8

# Callbacks that do nothing to a model but set its weights, its learning rate, or stop it.
_HARMLESS = (
    keras.callbacks.EarlyStopping,
    keras.callbacks.ReduceLROnPlateau,
    keras.callbacks.TerminateOnNaN,
    keras.callbacks.CSVLogger,
    TunerCallback,
    SaveBestEpoch,
)
# Arguments of `fit` that are none of the graph's business.
_NOT_TRACED = frozenset({"epochs", "initial_epoch", "verbose", "callbacks", "shuffle"})


class KeptModels:
    """The last few models of a runner whose graphs can be used again."""

    def __init__(self) -> None:
        self._most = int(os.environ.get("RUNNER_KEPT_MODELS", "4"))
        self._kept: dict[str, keras.Model] = {}

    def fit(
        self, model: Any, args: tuple[Any, ...], kwargs: dict[str, Any], fit: Callable[[Any], Any]
    ) -> Any:
        """Call `fit` with the model that is trained with these arguments."""
        chosen = self.prepared(model, args, kwargs)
        if chosen is model:
            kernels.add_model()
        return fit(chosen)

    def prepared(self, model: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The model to call `fit` on with these arguments: this one, or an earlier one in its
        state."""
        given = dict(zip(("x", "y"), args, strict=False)) | kwargs
        if has_strings(given.get("x")):
            # Vocabularies are state that no configuration shows.
            return model
        if not _can_be_prepared(model, kwargs.get("callbacks") or ()):
            return model
        if not (build_layers(model, given) and build_optimizer(model)):
            return model
        key = fingerprint(model, args, kwargs)
        kept = self._kept.pop(key, None) if key else None
        if kept is not None:
            _hand_over(model, kept)
        else:
            kept = model
            build_metrics(model, given)
        if key is None:
            return model
        # The one that was used last is the last one to go.
        self._kept[key] = kept
        while len(self._kept) > self._most:
            del self._kept[next(iter(self._kept))]
        return kept


def fingerprint(model: keras.Model, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str | None:
    """Equal for two models that have the same graphs for such a `fit`; None if that is unsure, or
    the model too large to be kept."""
    variables = [*model.variables, *model.optimizer.variables]
    if sum(_bytes(variable) for variable in variables) > MAX_BYTES:
        return None
    layers = model._flatten_layers(include_self=False)
    states = []
    for layer in layers:
        if is_opaque(layer):
            return None
        states.append(_constants(layer))
    try:
        compiled = model.get_compile_config()
        config = model.get_config()
        if not compiled:
            return None
        optimizer = compiled["optimizer"]["config"]
        if isinstance(optimizer.get("learning_rate"), float):
            # A variable, unlike a schedule.
            del optimizer["learning_rate"]
        if not (is_of_keras(compiled) and is_of_keras(config)):
            return None
        shapes = [[str(variable.dtype), list(variable.shape)] for variable in variables]
        kind = type(model).__name__
        parts = [kind, config, compiled, states, shapes, _traced(args, kwargs)]
        text = json.dumps(parts, sort_keys=True)
    except (TypeError, ValueError, AttributeError, KeyError, NotImplementedError):
        # Something that has no configuration.
        return None
    return hashlib.sha256(text.encode()).hexdigest()


def _can_be_prepared(model: Any, callbacks: Iterable[Any]) -> bool:
    plain = type(model) in (keras.Sequential, Functional)
    if not plain or not model.compiled:
        return False
    # Others may freeze a layer or hold on to the model.
    return all(type(callback) in _HARMLESS for callback in callbacks)


def _hand_over(model: keras.Model, kept: keras.Model) -> None:
    pairs = zip(
        [*kept.variables, *kept.optimizer.variables],
        [*model.variables, *model.optimizer.variables],
        strict=True,
    )
    for to, of in pairs:
        to.assign(of)


def _constants(layer: keras.Layer) -> str:
    """What a Normalization has learned of the rows: constants of the graph."""
    if not isinstance(layer, keras.layers.Normalization):
        return ""
    found = [np.asarray(getattr(layer, name, None), "float64") for name in ("mean", "variance")]
    return hashlib.sha256(b"".join(value.tobytes() for value in found)).hexdigest()


def is_of_keras(config: Any) -> bool:
    """Whether nothing in a configuration is a person's own class or function."""
    if isinstance(config, dict):
        module = config.get("module")
        if "class_name" in config and module is not None and not module.startswith("keras"):
            return False
        return all(map(is_of_keras, config.values()))
    if isinstance(config, list | tuple):
        return all(map(is_of_keras, config))
    return config is None or isinstance(config, str | int | float | bool)


def _traced(args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
    named = {name: _shape_of(value) for name, value in kwargs.items() if name not in _NOT_TRACED}
    return [_shape_of(args), named]


def _shape_of(value: Any) -> Any:
    """A number as it is, of arrays the shape: others of the same have the same graph."""
    if isinstance(value, list | tuple):
        return [_shape_of(item) for item in value]
    if hasattr(value, "shape"):
        return [list(value.shape), str(value.dtype)]
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, dict):
        return {str(key): _shape_of(item) for key, item in value.items()}
    raise TypeError(f"a {type(value).__name__} may be anything")


def _bytes(variable: Any) -> int:
    return math.prod(variable.shape) * _LARGEST_NUMBER
