"""What a template's module defines: its builder, its own classes, and the arguments of the calls
that its script would have made."""

import ast
import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

import keras_tuner as kt
from keras_tuner.engine.base_tuner import BaseTuner
from keras_tuner.src.engine.objective import create_objective

from tuning.runner.failures import TEMPLATE_FILE, TemplateError

from .reading import HP_NAMES

# In place of an argument that only running the script would give a value.
UNKNOWN = object()
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
    leaves = own_classes(module, kt.HyperModel)
    if len(leaves) > 1:
        names = ", ".join(leaf.__name__ for leaf in leaves)
        raise TemplateError(
            f"The template defines several HyperModel classes ({names}). Keep one, or name the "
            "one to use by a line such as: hypermodel = MyHyperModel(...)"
        )
    return leaves[0] if leaves else _find_function(module)


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
    own = own_classes(module, object)
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
    raise TemplateError(
        "The template defines neither a keras_tuner.HyperModel class nor a function "
        "build_model(hp)."
    )


def _takes_hp(function: Callable[..., Any]) -> bool:
    first = next(iter(inspect.signature(function).parameters), "")
    return first in HP_NAMES


def own_classes(module: ModuleType, base: type) -> list[Any]:
    """The classes of this kind that the module itself defines and none of its others extends."""
    classes = [
        item
        for item in vars(module).values()
        if inspect.isclass(item) and issubclass(item, base) and item.__module__ == module.__name__
    ]
    return [c for c in classes if not any(c in other.__mro__[1:] for other in classes)]


def own_tuner(module: ModuleType, constructed: str) -> Any:
    """The Tuner class that the template brings along; None if it brings none. `constructed` is the
    one that its script would make an instance of."""
    chosen = getattr(module, constructed, None) if constructed else None
    if inspect.isclass(chosen) and issubclass(chosen, BaseTuner):
        return chosen if chosen.__module__ == module.__name__ else None
    leaves = own_classes(module, BaseTuner)
    if len(leaves) > 1:
        names = ", ".join(leaf.__name__ for leaf in leaves)
        raise TemplateError(f"The template defines several Tuner classes ({names}). Keep one.")
    return leaves[0] if leaves else None


def arguments_of(call: ast.Call | None, module: ModuleType) -> tuple[list[Any], dict[str, Any]]:
    """What a call of the script passes, by position and by name. Each argument is evaluated by
    itself; one that needs what is not run (the script's data) is UNKNOWN."""
    if call is None:
        return [], {}
    positional = [_value(node, module) for node in call.args if not isinstance(node, ast.Starred)]
    named = {word.arg: _value(word.value, module) for word in call.keywords if word.arg}
    return positional, named


def proposed_objective(call: ast.Call | None, module: ModuleType) -> Any:
    """The one objective that the script gives to its tuner or to its tuner's oracle, or None."""
    if call is None:
        return None
    named = [word.value for word in call.keywords if word.arg in ("objective", "oracle")]
    found = (single_objective(_value(node, module)) for node in [*named, *call.args])
    return next((objective for objective in found if objective is not None), None)


def single_objective(value: Any) -> Any:
    """What a person chose as the objective: a name, a kt.Objective or an oracle with one."""
    value = getattr(value, "objective", value)
    if isinstance(value, str):
        try:
            value = create_objective(value)
        except ValueError:
            return None  # KerasTuner does not know which way this metric improves.
    # Neither several ones nor the stand-in for none at all.
    return value if type(value) is kt.Objective else None


def _value(node: ast.expr, module: ModuleType) -> Any:
    try:
        return eval(compile(ast.Expression(node), TEMPLATE_FILE, "eval"), vars(module))  # noqa: S307
    except Exception:  # noqa: BLE001  the template's own code
        return UNKNOWN
