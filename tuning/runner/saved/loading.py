"""Whether a network's file loads in a process that knows nothing of its template.

`saved/loading.py` loads as another process would: with an empty registry of Keras, in which only
`layers_code.py`'s text registers anything. That text is the part of the template which the file's
configuration refers to. The runner sends it with `Retrained`, the row keeps it, and nobody but
runners and those who download it ever executes it. A rehearsal (`saving.rehearse`) does all this
with an untrained model before a retraining trains another one.
"""

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import keras
from keras.src.saving import object_registration
from keras.src.trainers.trainer import Trainer

from tuning.runner.failures import CannotSave
from tuning.runner.template.code import Template

from .layers_code import layers_code

_LAYERS = "layers"
_CANNOT = "Trained models of this template cannot be downloaded as they are: "


@dataclass(frozen=True)
class Form:
    """How a network's file is written so that it loads anywhere: with its compile part or without,
    and with which of the template's code beside it."""

    compiled: bool
    code: str = ""

    @property
    def note(self) -> str:
        """Sentences for whoever downloads the file, or nothing."""
        notes = []
        if not self.compiled:
            notes.append(
                "Saved without its loss, metrics and optimizer, which use the template's own code: "
                "the file loads and predicts anywhere. Compile it again to train or evaluate it."
            )
        if self.code:
            notes.append(
                "It has layers or functions of the template's own: keep layers.py beside the file "
                "and import it before the model is loaded."
            )
        return " ".join(notes)


def form_of(keras_model: Any, template: Template) -> Form:
    """The form in which this network can be loaded anywhere, as far as its configuration tells.
    Raises CannotSave with a sentence if there is none."""
    with uncompiled(keras_model):
        bare = _config_of(keras_model)
    _refuse_lambdas(bare)
    registered = _registered(bare) | _own(bare, template)
    code = layers_code(template, registered) if registered else ""
    with elsewhere(code):
        return Form(all(_compiles(part, template) for part in _networks(keras_model)), code)


def unloadable(keras_model: Any, template: Template) -> str:
    """Why a file of this network could not be loaded again, as far as that is seen without writing
    one; nothing if it could. Sentences for the template's page."""
    try:
        form = form_of(keras_model, template)
        if form.code:
            # The template's own classes may not make themselves from what they tell of themselves.
            with uncompiled(keras_model):
                bare = _config_of(keras_model)
            with elsewhere(form.code), explained():
                keras.saving.deserialize_keras_object(bare)
    except CannotSave as error:
        return str(error)
    return ""


@contextmanager
def elsewhere(code: str) -> Iterator[None]:
    """In here Keras knows of the template only what `code` registers, as in another process."""
    known = (object_registration.GLOBAL_CUSTOM_OBJECTS, object_registration.GLOBAL_CUSTOM_NAMES)
    before = [dict(part) for part in known]
    for part in known:
        part.clear()
    try:
        if code:
            _run(code)
        yield
    finally:
        sys.modules.pop(_LAYERS, None)
        for part, content in zip(known, before, strict=True):
            part.clear()
            part.update(content)


@contextmanager
def explained() -> Iterator[None]:
    """Whatever goes wrong in here is a reason why the model cannot be downloaded."""
    try:
        yield
    except CannotSave:
        raise
    except Exception as error:
        # Keras breaks lines within its sentences; an example follows.
        reason = " ".join(str(error).strip().partition("\n\n")[0].split())[:300]
        raise CannotSave(
            f"{_CANNOT}Keras cannot load the file again. {type(error).__name__}: {reason}"
        ) from error


@contextmanager
def uncompiled(keras_model: Any) -> Iterator[None]:
    """In here the network is saved without its loss, metrics and optimizer."""
    original = Trainer.get_compile_config
    optimizers = {part: part.optimizer for part in _networks(keras_model) if part.compiled}
    Trainer.get_compile_config = lambda _: {}
    try:
        for part in optimizers:
            part.optimizer = None
        yield
    finally:
        Trainer.get_compile_config = original
        for part, optimizer in optimizers.items():
            part.optimizer = optimizer


def _run(code: str) -> None:
    module = ModuleType(_LAYERS)
    sys.modules[_LAYERS] = module
    try:
        exec(compile(code, f"{_LAYERS}.py", "exec"), module.__dict__)  # noqa: S102
    except Exception as error:
        raise CannotSave(
            f"{_CANNOT}the code of their layers does not run by itself. "
            f"{type(error).__name__}: {error}"
        ) from error


def _networks(keras_model: Any) -> list[Any]:
    """The network itself and those within it."""
    return [part for part in keras_model._flatten_layers() if isinstance(part, keras.Model)]


def _config_of(keras_model: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with explained():
            return keras.saving.serialize_keras_object(keras_model)


def _compiles(network: Any, template: Template) -> bool:
    """Whether what the network was compiled with can be had without the template."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            config = network.get_compile_config()
        if any(_is_own(part, template) for part in _objects(config)):
            return False
        keras.saving.deserialize_keras_object(config)
    except Exception:  # noqa: BLE001  the template's own classes may raise anything
        return False
    return True


def _own(config: Any, template: Template) -> dict[str, Any]:
    """What of a configuration is the template's own and not registered with Keras, by the name
    under which Keras looks for it. Raises CannotSave for what has no place of its own there."""
    found = {}
    for part in _objects(config):
        if _is_own(part, template):
            name = _registered_name(part)
            found[name] = vars(template.module).get(name)
            if not callable(found[name]):
                raise CannotSave(f"{_CANNOT}{name} is not defined at the top level of the code.")
    return found


def _refuse_lambdas(config: Any) -> None:
    """Keras would not load them again, whatever code is at hand."""
    if any(part["class_name"] == "__lambda__" or _is_old_lambda(part) for part in _objects(config)):
        raise CannotSave(
            f"{_CANNOT}they hold a lambda, which Keras refuses to load. Use a function of "
            "keras.ops, or a function or Layer class at the top level of the code."
        )


def _objects(config: Any) -> Iterator[dict[str, Any]]:
    """All parts of a configuration that stand for an object."""
    if isinstance(config, dict):
        if isinstance(config.get("class_name"), str):
            yield config
        for value in config.values():
            yield from _objects(value)
    elif isinstance(config, list | tuple):
        for value in config:
            yield from _objects(value)


def _is_old_lambda(part: dict[str, Any]) -> bool:
    """An Activation layer keeps a lambda in another form."""
    activation = (part.get("config") or {}).get("activation") if _has_config(part) else None
    return isinstance(activation, dict) and isinstance(activation.get("value"), list | tuple)


def _has_config(part: dict[str, Any]) -> bool:
    return isinstance(part.get("config"), dict)


def _registered_name(part: dict[str, Any]) -> str:
    """Under which Keras looks for it among what is registered."""
    name = part["config"] if part["class_name"] == "function" else part.get("registered_name")
    return name if isinstance(name, str) else ""


def _registered(config: Any) -> dict[str, Any]:
    """What of a configuration the template has registered, by the names it has there."""
    known = keras.saving.get_custom_objects()
    names = {_registered_name(part) for part in _objects(config)}
    return {name: item for name, item in known.items() if name in names}


def _is_own(part: dict[str, Any], template: Template) -> bool:
    """Whether an object is the template's own and not registered with Keras."""
    if _registered_name(part) in keras.saving.get_custom_objects():
        return False
    if part["class_name"] != "function":
        return bool(part.get("module") == template.module.__name__)
    if getattr(vars(template.module).get(part["config"]), "__module__", "") == "template":
        return True
    try:
        keras.saving.deserialize_keras_object(part)
    except Exception:  # noqa: BLE001  whatever Keras says of a function that it does not know
        return True
    return False
