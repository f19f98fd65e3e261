"""What a script's own calls say about the training of a model, as the runner applies it."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import CodeType, FunctionType, TracebackType
from typing import Any

import keras
import numpy as np

from tuning.runner.failures import TemplateError

from .imports import Absent

# They need validation rows, which a retraining has none of.
_OF_VALIDATION = frozenset({"validation_batch_size"})
_COUNTING = _OF_VALIDATION | {"sample_weight", "initial_epoch", "steps_per_epoch"}


class CallbackFailed(TemplateError):
    """A callback of the script raised an error."""


@dataclass
class Training:
    """`compile`: arguments of `Model.compile` that the script gives to its tuner. `fit`: those of
    `Model.fit` that it gives to `search()`. `early_stopping`: its own, of which the form decides
    the metric and the patience."""

    compile: dict[str, Any] = field(default_factory=dict)
    fit: dict[str, Any] = field(default_factory=dict)
    callbacks: list[keras.callbacks.Callback] = field(default_factory=list)
    early_stopping: keras.callbacks.EarlyStopping | None = None
    max_model_size: int | None = None

    def fit_arguments(self, epochs: int, batch_size: int, rows: int) -> dict[str, Any]:
        """For a training of so many epochs on so many rows. Raises TemplateError."""
        found = dict(self.fit)
        weights = found.get("sample_weight")
        if weights is not None and len(weights) != rows:
            raise TemplateError(
                f"The script's sample_weight has {len(weights):,} values, but {rows:,} rows are "
                "trained on: make it of the training targets, as in compute_sample_weight(..., "
                "y_train)."
            )
        if "initial_epoch" in found:
            found["initial_epoch"] = self.first_epoch(epochs)
        # Keras would run out of rows in the middle of an epoch.
        if found.get("steps_per_epoch", 0) >= -(-rows // batch_size):
            del found["steps_per_epoch"]
        return found

    def on_a_few_rows(self) -> dict[str, Any]:
        """For the one epoch of an inspection: without what counts rows, steps or epochs."""
        return {name: v for name, v in self.fit.items() if name not in _COUNTING}

    def first_epoch(self, epochs: int) -> int:
        """Where the epochs begin to count; one is trained at least."""
        first: int = self.fit.get("initial_epoch", 0)
        return min(first, epochs - 1)

    def in_retraining(self) -> "Training":
        """Without what needs validation rows. The number of epochs is known, so nothing stops."""
        fit = {name: value for name, value in self.fit.items() if name not in _OF_VALIDATION}
        callbacks = [
            callback
            for callback in self.callbacks
            if not needs_validation(callback)
            and not isinstance(callback, keras.callbacks.EarlyStopping)
        ]
        return Training(self.compile, fit, copy.deepcopy(callbacks))

    def compiled(self, keras_model: Any) -> Any:
        """The model, compiled with the arguments that the script gave to its tuner."""
        if self.compile and isinstance(keras_model, keras.Model):
            # A model that is not compiled yet has none of these.
            given = {name: getattr(keras_model, name, None) for name in ("optimizer", "loss")}
            known = getattr(keras_model, "_compile_metrics", None)
            given["metrics"] = getattr(known, "_user_metrics", None)
            given |= {name: _fresh(value) for name, value in self.compile.items()}
            keras_model.compile(**{n: v for n, v in given.items() if v is not None})
        return keras_model

    def blame(self, error: Exception) -> None:
        """Raise a sentence if a callback of the script raised the error."""
        names = {
            function.__code__: type(callback).__name__
            for callback in self.callbacks
            for function in _functions(callback)
        }
        for frame in _frames(error.__traceback__):
            if frame.f_code in names:
                raise CallbackFailed(
                    f"The script's callback {names[frame.f_code]} failed: "
                    f"{type(error).__name__}: {error}"
                ) from error


def needs_validation(callback: keras.callbacks.Callback) -> bool:
    """Whether a callback watches a metric of the validation rows, or its code names one."""
    if str(getattr(callback, "monitor", "")).startswith("val_"):
        return True
    return any(_names_validation(function.__code__) for function in _functions(callback))


def missing_package(callback: keras.callbacks.Callback) -> str:
    """The package that a callback's code needs and that is not installed here, or nothing."""
    for function in _functions(callback):
        for name in _global_names(function.__code__):
            value = function.__globals__.get(name)
            if isinstance(value, Absent):
                return value.__dict__["_module"].split(".")[0]
    return ""


def _functions(callback: keras.callbacks.Callback) -> list[FunctionType]:
    """Those of the script's own: the methods of its class, or what a LambdaCallback holds."""
    found = list(vars(callback).values())
    for kind in type(callback).__mro__:
        if not kind.__module__.startswith("keras.") and kind is not object:
            found += [getattr(item, "__func__", item) for item in vars(kind).values()]
    return [item for item in found if isinstance(item, FunctionType)]


def _global_names(code: CodeType) -> set[str]:
    inner = [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    return {*code.co_names}.union(*(_global_names(constant) for constant in inner))


def _names_validation(code: CodeType) -> bool:
    return any(
        _names_validation(constant) if isinstance(constant, CodeType)
        else isinstance(constant, str) and constant.startswith("val_")
        for constant in code.co_consts
    )  # fmt: skip


def _fresh(value: Any) -> Any:
    """The same for another model: an optimizer or a metric serves one only."""
    if isinstance(value, list | tuple):
        return [_fresh(item) for item in value]
    if isinstance(value, dict):
        return {name: _fresh(item) for name, item in value.items()}
    if isinstance(value, keras.optimizers.Optimizer | keras.metrics.Metric):
        return type(value).from_config(value.get_config())
    return value


def _frames(traceback: TracebackType | None) -> Iterator[Any]:
    while traceback is not None:
        yield traceback.tb_frame
        traceback = traceback.tb_next


def class_weight_of(value: Any) -> dict[int, float] | None:
    """`{0: 1.0, 1: 5.0}` with plain numbers, or None for anything else."""
    if not isinstance(value, dict):
        return None
    return _number_or_none(lambda: {int(label): float(w) for label, w in value.items()})


def sample_weight_of(value: Any) -> np.ndarray | None:
    """One number for each row, or None for anything else."""
    weights = _number_or_none(lambda: np.asarray(value, dtype="float32"))
    if weights is None or weights.size == 0 or weights.ndim == 0 or weights.size != len(weights):
        return None
    plain: np.ndarray = weights.view(np.ndarray).reshape(-1)
    return plain


def _number_or_none(make: Callable[[], Any]) -> Any:
    try:
        return make()
    except (TypeError, ValueError):
        return None
