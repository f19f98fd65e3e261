"""What a template's module defines: its builder and its own classes."""

import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

import keras_tuner as kt
from keras_tuner.engine.base_tuner import BaseTuner

from tuning.runner.failures import TemplateError

from .reading import HP_NAMES

_FUNCTIONS = ("build_model", "build")


def find_builder(module: ModuleType, builder: str) -> Any:
    """What the script gives to its tuner; or the template's `hypermodel`, its HyperModel class or
    its build function, in this order."""
    ready = getattr(module, builder or "hypermodel", None)
    if isinstance(ready, kt.HyperModel) or (
        builder and callable(ready) and not inspect.isclass(ready)
    ):
        return ready
    if inspect.isclass(ready) and issubclass(ready, kt.HyperModel):
        return ready
    leaves = defined_classes(module, kt.HyperModel)
    if len(leaves) > 1:
        names = ", ".join(leaf.__name__ for leaf in leaves)
        raise TemplateError(
            f"The template defines several HyperModel classes ({names}). Keep one, or name the "
            "one to use by a line such as: hypermodel = MyHyperModel(...)"
        )
    return leaves[0] if leaves else _find_function(module)


def find_objective(module: ModuleType, name: str) -> Any:
    """What an Optuna script gives to `study.optimize`."""
    found = getattr(module, name, None)
    if callable(found):
        return found
    raise TemplateError(
        f"study.optimize is given {name or 'an expression'}, which is no function of the template. "
        "Define it at the top level, such as: def objective(trial)"
    )


def _find_function(module: ModuleType) -> Any:
    """`build_model` or `build`; else the one function whose first argument is `hp`."""
    for name in _FUNCTIONS:
        if inspect.isfunction(getattr(module, name, None)):
            return getattr(module, name)
    functions = {
        item.__name__: item
        for item in vars(module).values()
        if inspect.isfunction(item) and item.__module__ == module.__name__ and _takes_hp(item)
    }
    # One that another one or a method calls is a helper.
    own = defined_classes(module, object)
    methods = [m for kind in own for m in vars(kind).values() if inspect.isfunction(m)]
    called = {name for item in [*functions.values(), *methods] for name in item.__code__.co_names}
    leaves = [name for name in functions if name not in called]
    if len(leaves) > 1:
        raise TemplateError(
            f"The template defines several functions of hp ({', '.join(leaves)}). Call the one to "
            "use build_model."
        )
    if leaves:
        return functions[leaves[0]]
    if any(_is_optunas(item) for item in vars(module).values()):
        raise TemplateError(
            "The script uses Optuna without an objective function. Define one at the top level, "
            "such as def objective(trial), that returns the value of one trial."
        )
    raise TemplateError(
        "The template defines neither a keras_tuner.HyperModel class nor a function "
        "build_model(hp)."
    )


def _is_optunas(item: Any) -> bool:
    """A module, class or function of Optuna."""
    name = item.__name__ if inspect.ismodule(item) else getattr(item, "__module__", None)
    return str(name).split(".")[0] == "optuna"


def _takes_hp(function: Callable[..., Any]) -> bool:
    first = next(iter(inspect.signature(function).parameters), "")
    return first in HP_NAMES


def defined_classes(module: ModuleType, base: type) -> list[Any]:
    """The classes of this kind that the module itself defines and none of its others extends."""
    classes = [
        item
        for item in vars(module).values()
        if inspect.isclass(item) and issubclass(item, base) and item.__module__ == module.__name__
    ]
    return [c for c in classes if not any(c in other.__mro__[1:] for other in classes)]


def custom_tuner(module: ModuleType, constructed: str) -> Any:
    """The Tuner class that the template brings along; None if it brings none. `constructed` is the
    one that its script would make an instance of."""
    chosen = getattr(module, constructed, None) if constructed else None
    if inspect.isclass(chosen) and issubclass(chosen, BaseTuner):
        return chosen if chosen.__module__ == module.__name__ else None
    leaves = defined_classes(module, BaseTuner)
    if len(leaves) > 1:
        names = ", ".join(leaf.__name__ for leaf in leaves)
        raise TemplateError(f"The template defines several Tuner classes ({names}). Keep one.")
    return leaves[0] if leaves else None


def shown(value: Any) -> str:
    """What a builder returned, briefly: None, 1 (int), a list of 2."""
    kind = type(value).__name__
    if value is None:
        return "None"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if isinstance(value, bool | int | float | str):
        return f"{value!r:.60} ({kind})"
    article = "an" if kind[:1].lower() in "aeiou" else "a"
    length = f" of {len(value)}" if isinstance(value, list | tuple | dict | set) else ""
    return f"{article} {kind}{length}"
