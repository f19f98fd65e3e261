"""Which way a model's metrics improve, as their classes say, whatever they are called."""

import functools
from collections.abc import Iterable, Iterator
from typing import Any

import keras

from tuning.protocol.metrics import KERAS_CLASSES, KERAS_FUNCTIONS, MIN

_VALIDATION = "val_"


def metric_directions(keras_model: Any, reported: Iterable[str]) -> dict[str, str]:
    """Reported name -> "max" or "min", of those whose class or function is one of Keras's. The
    model has been trained: Keras names its metrics as it sees the first batch."""
    if not isinstance(keras_model, keras.Model):
        return {}
    known = dict(_named_metrics(keras_model.metrics))
    found = {}
    for name in reported:
        metric = known.get(name.removeprefix(_VALIDATION))
        if metric is not None and (direction := direction_of(metric)):
            found[name] = direction
    return found


def direction_of(metric: Any) -> str:
    """Of a metric object; "" if it is a mean of whatever a person's function gives, or a person's
    own. A class that extends one of Keras's improves as that does."""
    if direction := _of_function(getattr(metric, "_fn", None)):
        return direction
    for kind in type(metric).__mro__:
        if kind.__module__.split(".")[0] == "keras" and kind.__name__ in KERAS_CLASSES:
            return KERAS_CLASSES[kind.__name__]
    return ""


def _of_function(function: Any) -> str:
    """Of what a metric is the mean of: a function of keras.metrics, or any loss."""
    while isinstance(function, functools.partial):
        function = function.func
    if isinstance(function, keras.losses.Loss):
        return MIN
    if function is None:
        return ""
    name = getattr(function, "__name__", "")
    if function is getattr(keras.losses, name, None):
        return MIN
    return KERAS_FUNCTIONS.get(name, "") if function is getattr(keras.metrics, name, None) else ""


def _named_metrics(metrics: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    """Each metric with the name under which `fit` reports it."""
    for metric in metrics:
        compiled = getattr(metric, "metrics", None)
        if compiled and getattr(metric, "built", False):
            # Keras's group of compiled metrics: results and metrics have the same order.
            yield from zip(metric.result(), compiled, strict=False)
        else:
            yield metric.name, metric
