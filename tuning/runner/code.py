"""A template's code: from text to the one HyperModel that it defines."""

import inspect
import linecache
import re
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import keras_tuner as kt

from .failures import TEMPLATE_FILE, NoNetwork, TemplateError, is_network_error

_MODULE = "template"
_FUNCTIONS = ("build_model", "build")
# What a template's own `fit` may pass to `model.fit` although we pass it as well.
_TUNABLE_IN_FIT = frozenset({"batch_size", "epochs", "verbose"})


def supplies(facts: dict[str, Any]) -> dict[str, Any]:
    """The arguments that a project can supply, by name, to a template that asks for them."""
    shape = tuple(facts["input_shape"])
    return {
        "input_shape": shape,
        "image_size": shape[:2] if len(shape) == 3 else None,
        "num_classes": facts.get("num_classes"),
        "task": facts["task"],
        "max_value": facts["max_value"],
        "min_value": facts["min_value"],
        "class_names": facts.get("class_names"),
        "feature_names": facts.get("feature_names"),
    }


class Template(kt.HyperModel):
    """The template's HyperModel, or its build function, with what the project supplies."""

    def __init__(self, code: str, facts: dict[str, Any]) -> None:
        super().__init__(name=_MODULE)
        module = _execute(code)
        self._supplies = supplies(facts)
        inner = _find(module)
        if inspect.isclass(inner):
            inner = inner(**self._arguments(inner, skip=0))
        elif not isinstance(inner, kt.HyperModel):
            inner = _FunctionModel(inner, self._arguments(inner, skip=1))
        self.inner: Any = inner

    def declare_hyperparameters(self, hp: kt.HyperParameters) -> None:
        self.inner.declare_hyperparameters(hp)

    def build(self, hp: kt.HyperParameters) -> Any:
        try:
            return self.inner.build(hp)
        except Exception as error:
            if is_network_error(error):
                raise NoNetwork(
                    "The template downloads something, which failed: connect the worker to the "
                    "internet, or choose values that need no download (weights none)."
                ) from error
            raise

    def fit(self, hp: kt.HyperParameters, model: Any, *args: Any, **kwargs: Any) -> Any:
        """The template's `fit`. What it decides by itself (a tuned batch size) is left to it."""
        while True:
            try:
                return self.inner.fit(hp, model, *args, **kwargs)
            except TypeError as error:
                name = _given_twice(error)
                if name not in _TUNABLE_IN_FIT or name not in kwargs:
                    raise
                # `model.fit(*args, batch_size=hp.Int(...), **kwargs)`, as in KerasTuner's guide.
                # The call itself was refused, so nothing has been trained yet.
                del kwargs[name]

    def _arguments(self, function: Callable[..., Any], skip: int) -> dict[str, Any]:
        """What `function` asks for by name, after its first `skip` parameters."""
        given = {}
        parameters = list(inspect.signature(function).parameters.values())[skip:]
        for parameter in parameters:
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                continue
            if parameter.name in self._supplies:
                given[parameter.name] = self._supplies[parameter.name]
            elif parameter.default is parameter.empty:
                raise TemplateError(
                    f"{function.__name__} asks for {parameter.name!r}, which a project cannot "
                    f"supply. It can supply {', '.join(sorted(self._supplies))}; give every other "
                    "argument a default."
                )
        return given


class _FunctionModel(kt.HyperModel):
    """A build function with the arguments that it asked for."""

    def __init__(self, function: Callable[..., Any], arguments: dict[str, Any]) -> None:
        super().__init__()
        self._function = function
        self._arguments = arguments

    def build(self, hp: kt.HyperParameters) -> Any:
        return self._function(hp, **self._arguments)


def _execute(code: str) -> ModuleType:
    """Run the code as a module. Its lines appear in tracebacks although there is no file."""
    # A modification time of None keeps the entry when linecache looks for changed files.
    lines = code.splitlines(keepends=True)
    linecache.cache[TEMPLATE_FILE] = (len(code), None, lines, TEMPLATE_FILE)
    module = ModuleType(_MODULE)
    module.__file__ = TEMPLATE_FILE
    # Importable by name: dataclasses and Keras's serialisation look a class's module up.
    sys.modules[_MODULE] = module
    exec(compile(code, TEMPLATE_FILE, "exec"), module.__dict__)  # noqa: S102
    return module


def _find(module: ModuleType) -> Any:
    """The template's `hypermodel`, its HyperModel class or its build function, in this order."""
    ready = getattr(module, "hypermodel", None)
    if isinstance(ready, kt.HyperModel):
        return ready
    classes = [
        item
        for item in vars(module).values()
        if inspect.isclass(item) and issubclass(item, kt.HyperModel) and item.__module__ == _MODULE
    ]
    # A base class that another one extends is not meant.
    leaves = [c for c in classes if not any(c in other.__mro__[1:] for other in classes)]
    if len(leaves) > 1:
        names = ", ".join(leaf.__name__ for leaf in leaves)
        raise TemplateError(
            f"The template defines several HyperModel classes ({names}). Keep one, or name the "
            "one to use by a line such as: hypermodel = MyHyperModel(...)"
        )
    if leaves:
        return leaves[0]
    for name in _FUNCTIONS:
        if inspect.isfunction(getattr(module, name, None)):
            return getattr(module, name)
    raise TemplateError(
        "The template defines neither a keras_tuner.HyperModel class nor a function "
        "build_model(hp)."
    )


def _given_twice(error: TypeError) -> str | None:
    found = re.search(r"got multiple values for (?:keyword )?argument '(\w+)'", str(error))
    return found[1] if found else None
