"""Checkpoints of a running trial, from which a further attempt goes on as if nothing had happened:
with the weights, the optimizer and the random generators of its layers, and with what its callbacks
remember. The order of the rows follows from the trial's seed, in each epoch the same.

Only where that is so (`obstacle`): for networks of Keras's own layers, trained by Keras's own `fit`
with callbacks that are known here. Whatever else a trial may remember is in nobody's hands.
"""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import keras
import numpy as np
from keras.src.models.functional import Functional
from keras_tuner.src.engine.tuner_utils import TunerCallback

from tuning.protocol.checkpoints import FOLDER, folder_of

from .kept_models import is_of_keras
from .opaque_layers import is_opaque

_ARRAYS, _STATE = "variables.npz", "state.json"
# What a callback remembers from one epoch to the next: numbers, and lists of arrays.
_REMEMBERED: dict[type[keras.callbacks.Callback], tuple[tuple[str, ...], tuple[str, ...]]] = {
    keras.callbacks.EarlyStopping: (
        ("wait", "stopped_epoch", "best", "best_epoch"), ("best_weights",),
    ),
    keras.callbacks.ReduceLROnPlateau: (("wait", "best", "cooldown_counter"), ()),
    keras.callbacks.LearningRateScheduler: ((), ()),
    keras.callbacks.TerminateOnNaN: ((), ()),
    TunerCallback: ((), ()),
}  # fmt: skip


class NotRestorable(Exception):
    """The checkpoint belongs to another model or other versions of the libraries."""


def obstacle(model: Any, callbacks: Sequence[Any]) -> str:
    """Why this training could not go on as it was, as half a sentence; "" if it could."""
    if type(model) not in (keras.Sequential, Functional) or not model.compiled:
        return "its model is no Sequential or functional one"
    if any(map(is_opaque, model._flatten_layers(include_self=False))):
        return "it has layers with a state or code of their own"
    try:
        compiled = model.get_compile_config()
    except (TypeError, ValueError, AttributeError, NotImplementedError):
        compiled = None
    if not compiled or not is_of_keras(compiled):
        return "its optimizer, loss or metrics are its own"
    unknown = [type(one).__name__ for one in callbacks if type(one) not in _REMEMBERED]
    return f"it has the callback {unknown[0]}" if unknown else ""


def save(model: Any, callbacks: Sequence[Any], epoch: int) -> None:
    """Write the state after this epoch below the working folder, and remove those before the last
    one, which the supervisor may be reading."""
    arrays = {f"variable-{place}": one for place, one in enumerate(_values(model))}
    remembered = []
    for place, callback in enumerate(callbacks):
        numbers, lists = _REMEMBERED[type(callback)]
        remembered.append({name: _plain(getattr(callback, name)) for name in numbers})
        for name in lists:
            for number, array in enumerate(getattr(callback, name) or ()):
                arrays[f"{place}-{name}-{number}"] = array
    state = {"versions": _versions(), "callbacks": remembered}
    target = Path(*folder_of(epoch))
    unfinished = target.with_name(f"{epoch}.part")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    np.savez(unfinished / _ARRAYS, **arrays)
    (unfinished / _STATE).write_text(json.dumps(state), "utf-8")
    unfinished.replace(target)
    epochs = sorted(int(path.name) for path in Path(FOLDER).iterdir() if path.name.isdigit())
    for older in epochs[:-2]:
        shutil.rmtree(Path(*folder_of(older)), ignore_errors=True)


class Checkpoint:
    """What was saved after an epoch. Raises NotRestorable for one of other versions, or for what is
    no checkpoint."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch
        folder = Path(*folder_of(epoch))
        try:
            state = json.loads((folder / _STATE).read_text("utf-8"))
            with np.load(folder / _ARRAYS, allow_pickle=False) as file:
                self._arrays = {name: file[name] for name in file.files}
            self._callbacks: list[dict[str, Any]] = state["callbacks"]
            versions = state["versions"]
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            raise NotRestorable(f"it cannot be read: {error}") from error
        if versions != _versions():
            raise NotRestorable(f"it is of {versions}, not of {_versions()}")

    def restore_model(self, model: Any) -> None:
        """Before its `fit`. Its optimizer's variables exist afterwards."""
        model.optimizer.build(model.trainable_variables)
        variables = [*model.variables, *model.optimizer.variables]
        found = [self._arrays.get(f"variable-{place}") for place in range(len(variables))]
        shapes = [None if array is None else array.shape for array in found]
        extra = f"variable-{len(variables)}" in self._arrays
        if extra or shapes != [tuple(variable.shape) for variable in variables]:
            raise NotRestorable("the model has other variables")
        for variable, array in zip(variables, found, strict=True):
            variable.assign(array)

    def restore_callbacks(self, callbacks: Sequence[Any]) -> None:
        """After Keras has told them that the training begins, which resets them."""
        for place, (callback, numbers) in enumerate(zip(callbacks, self._callbacks, strict=True)):
            for name, value in numbers.items():
                setattr(callback, name, value)
            for name in _REMEMBERED[type(callback)][1]:
                prefix = f"{place}-{name}-"
                count = sum(key.startswith(prefix) for key in self._arrays)
                arrays = [self._arrays[f"{prefix}{number}"] for number in range(count)]
                setattr(callback, name, arrays or None)


def taken(epoch: int) -> Checkpoint | None:
    """The checkpoint after this epoch; None for 0. It does not stay where the trial saves its own:
    the supervisor has a copy. Raises NotRestorable."""
    try:
        return Checkpoint(epoch) if epoch else None
    finally:
        shutil.rmtree(FOLDER, ignore_errors=True)


def _values(model: Any) -> list[Any]:
    variables = [*model.variables, *model.optimizer.variables]
    return [keras.ops.convert_to_numpy(variable) for variable in variables]


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _versions() -> dict[str, str]:
    return {"keras": keras.__version__, "backend": keras.backend.backend()}
