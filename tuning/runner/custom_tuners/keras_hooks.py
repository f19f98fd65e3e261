"""Where Keras tells us what a template's own Tuner class does with it.

Such a class trains and saves on its own: no callback can be handed to it, and the paths that it
saves to are those of its author's machine.
"""

import ast
import functools
import importlib
import inspect
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
from keras.src.saving import saving_api
from keras_tuner.src.engine.tuner_utils import TunerCallback

from .watch import Watch

# Inside the working folder; what a template saves to /tmp/model.keras is here under tmp/.
ELSEWHERE = "saved-elsewhere"
# Function of Keras -> where its path stands.
_PATHS = {"save_model": 1, "save_weights": 1, "load_weights": 1, "load_model": 0}


@contextmanager
def watched_keras(watch: Watch, tree: ast.Module) -> Iterator[None]:
    """In here each `fit` of a Keras model is seen, its epochs told, and saves stay inside."""
    owner = next(kind for kind in keras.Model.__mro__ if "fit" in vars(kind))
    fit = owner.fit
    owner.fit = _watched(fit, watch, reports_by_itself=_reports_epochs(tree))
    if keras.backend.backend() == "tensorflow":
        # Where tensorflow.keras finds the same functions: loaded now, or it would find them late.
        importlib.import_module("keras._tf_keras.keras.models")
    originals = {name: getattr(saving_api, name) for name in _PATHS}
    inside = {name: _inside(call, _PATHS[name], watch) for name, call in originals.items()}
    _replace(originals, inside)
    try:
        yield
    finally:
        owner.fit = fit
        _replace(inside, originals)


def forget_saves() -> None:
    """What one trial saved elsewhere is nobody's any more."""
    shutil.rmtree(ELSEWHERE, ignore_errors=True)


class EpochTeller(keras.callbacks.Callback):
    """Tells the watch of each epoch of a `fit` that KerasTuner has no callback in."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._watch, self._turn = watch, watch.turn

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if self._turn == self._watch.turn:
            self._watch.epoch_begin()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if self._turn == self._watch.turn:
            self._watch.epoch(self.model, epoch, logs)


def _watched(fit: Any, watch: Watch, reports_by_itself: bool) -> Any:
    signature = inspect.signature(fit)

    @functools.wraps(fit)
    def watched(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            call = signature.bind(self, *args, **kwargs)
        except TypeError:
            return fit(self, *args, **kwargs)  # It explains what is wrong with the call.
        watch.go_on()
        watch.fitted(self, call.arguments.get("x"))
        call.arguments["epochs"] = watch.epochs_of_fit(call.arguments.get("epochs", 1))
        given = call.arguments.get("callbacks")
        callbacks = list(keras.tree.flatten(given)) if given else []
        # KerasTuner's own callback leads to the tuner's on_epoch_end, where epochs are told too.
        told = reports_by_itself or any(isinstance(one, TunerCallback) for one in callbacks)
        if watch.is_running and not told:
            if isinstance(given, keras.callbacks.CallbackList):
                given.append(EpochTeller(watch))
            elif watch.hears_first:
                call.arguments["callbacks"] = [EpochTeller(watch), *callbacks]
            else:
                call.arguments["callbacks"] = [*callbacks, EpochTeller(watch)]
        return fit(*call.args, **call.kwargs)

    return watched


def _reports_epochs(tree: ast.Module) -> bool:
    """Whether the code calls on_epoch_end of its tuner: then its epochs are those, not Keras's. An
    overridden method that calls the one above does not count."""
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "on_epoch_end"
        and not isinstance(node.func.value, ast.Call)
        for node in ast.walk(tree)
    )


def _inside(call: Callable[..., Any], index: int, watch: Watch) -> Callable[..., Any]:
    moved = _moved_to_write if call.__name__.startswith("save") else _moved_to_read

    @functools.wraps(call)
    def inside(*args: Any, **kwargs: Any) -> Any:
        given = list(args)
        if "filepath" in kwargs:
            kwargs["filepath"] = moved(kwargs["filepath"])
        elif len(given) > index:
            given[index] = moved(given[index])
        if call.__name__ == "save_model" and given:
            watch.model_seen(given[0])
        return call(*given, **kwargs)

    return inside


def _moved_to_write(path: Any) -> Any:
    """The same path if it leads into the working folder, else one that does."""
    moved = _elsewhere(path)
    if moved is None:
        return path
    moved.parent.mkdir(parents=True, exist_ok=True)
    return type(path)(moved)


def _moved_to_read(path: Any) -> Any:
    """What was not saved by the template itself is read from where it says."""
    moved = _elsewhere(path)
    return path if moved is None or not moved.exists() else type(path)(moved)


def _elsewhere(path: Any) -> Path | None:
    if not isinstance(path, str | Path) or "://" in str(path):
        return None
    here, whole = Path.cwd(), Path(path).resolve()
    if here in whole.parents:
        return None
    return here / ELSEWHERE / whole.relative_to(whole.anchor)


def _replace(old: dict[str, Any], new: dict[str, Any]) -> None:
    """In every module that has such a function under its name, the template's among them."""
    for module in list(sys.modules.values()):
        for name, function in old.items():
            if getattr(module, "__dict__", {}).get(name) is function:
                setattr(module, name, new[name])
