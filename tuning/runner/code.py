"""A template's code: from text to the one HyperModel that it defines."""

import ast
import inspect
import linecache
import re
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import keras_tuner as kt

from .failures import TEMPLATE_FILE, NoNetwork, TemplateError, is_network_error
from .imports import Absent
from .misfits import misfit, output_misfit
from .own_values import OwnValues
from .scripts import HP_NAMES, read_script
from .stand_ins import Parts
from .supplied import SUPPLIED, supplies
from .targets import fitted, takes_one_hot

_MODULE = "template"
_FUNCTIONS = ("build_model", "build")
# What a template's own `fit` may pass to `model.fit` although we pass it as well.
_TUNABLE_IN_FIT = frozenset({"batch_size", "epochs", "verbose"})
# What a training raises if shapes do not fit. By name: TensorFlow's kind would import it.
_SHAPE_ERRORS = frozenset({"ValueError", "InvalidArgumentError"})


class Template(kt.HyperModel):
    """The template's HyperModel, or its build function, with what the project supplies."""

    def __init__(
        self,
        code: str,
        facts: dict[str, Any],
        constants: dict[str, Any] | None = None,
        parts: Parts | None = None,
    ) -> None:
        """`constants` go before what the project supplies; `parts` gives rows to scripts whose
        builder needs data. Never the test rows."""
        super().__init__(name=_MODULE)
        self.facts = facts
        self._constants = constants or {}
        self._supplies = {**supplies(facts), **self._constants}
        self._own = OwnValues(supplies(facts), self._constants, parts, facts)
        self._script = read_script(code, TEMPLATE_FILE)
        self._one_hot = False
        module = self._execute(code)
        inner = _find(module, self._script.entry or self._script.builder)
        if inspect.isclass(inner):
            inner = inner(**self._arguments(inner, skip=0))
        elif not isinstance(inner, kt.HyperModel):
            inner = _FunctionModel(inner, self._arguments(inner, skip=1))
        self.inner: Any = inner

    @property
    def note(self) -> str:
        """Sentences about what of the code is used, if it is not used as it stands."""
        one_hot = "Its loss takes one-hot targets, so the class numbers are given to it one-hot."
        notes = (self._script.note, self._own.note, one_hot if self._one_hot else "")
        return " ".join(filter(None, notes))

    def targets(self, keras_model: Any, y: Any) -> Any:
        """The project's targets in the form that this model's loss takes."""
        return fitted(keras_model, y, self.facts, self._takes_one_hot(keras_model))

    def output_misfit(self, keras_model: Any) -> str:
        """A sentence about an output that does not fit the targets, or nothing."""
        return output_misfit(keras_model, self.facts, self._takes_one_hot(keras_model))

    def _takes_one_hot(self, keras_model: Any) -> bool:
        return not _encodes(self.inner) and takes_one_hot(
            keras_model, self.facts, self._script.one_hot
        )

    def declare_hyperparameters(self, hp: kt.HyperParameters) -> None:
        self.inner.declare_hyperparameters(hp)

    def build(self, hp: kt.HyperParameters) -> Any:
        try:
            return self.inner.build(hp)
        except NameError as error:
            self._explain(error)
            raise
        except Exception as error:
            if is_network_error(error):
                raise NoNetwork(
                    "The template downloads something, which failed: connect the worker to the "
                    "internet, or choose values that need no download (weights none)."
                ) from error
            raise

    def fit(self, hp: kt.HyperParameters, model: Any, *args: Any, **kwargs: Any) -> Any:
        """The template's `fit`. What it decides by itself (a tuned batch size) is left to it."""
        self._one_hot = self._takes_one_hot(model)
        if len(args) > 1:
            args = (args[0], self.targets(model, args[1]), *args[2:])
        if kwargs.get("validation_data"):
            x, y = kwargs["validation_data"]
            kwargs["validation_data"] = (x, self.targets(model, y))
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
            except Exception as error:
                sentence = misfit(model, self.facts, self._one_hot)
                if sentence and type(error).__name__ in _SHAPE_ERRORS:
                    raise TemplateError(sentence) from error
                raise

    def _execute(self, code: str) -> ModuleType:
        missing = self._script.missing
        given = {
            name: self._supplies.get(name, self._supplies.get(name.lower())) for name in missing
        }
        given = {name: value for name, value in given.items() if value is not None}
        given.update({name: Absent(module) for name, module in self._script.absent.items()})
        given.update(self._own.functions())
        try:
            return _execute(code, self._script.tree, given)
        except NameError as error:
            self._explain(error)
            raise

    def _explain(self, error: NameError) -> None:
        """Raise a sentence if only a part of the script that is not run has the name."""
        line = self._script.missing.get(error.name or "")
        if line is None:
            return
        raise TemplateError(
            f"The template uses {error.name}, which its script makes from its own data in line "
            f"{line}; that is not run. Let the builder ask for what it needs: a project can "
            f"supply {', '.join(SUPPLIED)}; anything else can be given under Constants in the "
            "template's form."
        ) from error

    def _arguments(self, function: Callable[..., Any], skip: int) -> dict[str, Any]:
        """What `function` asks for by name, after its first `skip` parameters."""
        given = {}
        parameters = list(inspect.signature(function).parameters.values())[skip:]
        for parameter in parameters:
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                continue
            optional = parameter.default is not parameter.empty
            supplied = parameter.name in self._supplies
            if supplied and not (optional and self._supplies[parameter.name] is None):
                given[parameter.name] = self._supplies[parameter.name]
            elif not optional:
                name = getattr(function, "__name__", "The builder")
                raise TemplateError(
                    f"{name} asks for {parameter.name!r}, which a project cannot "
                    f"supply. It can supply {', '.join(SUPPLIED)}; give every other argument a "
                    f"default, or a value under Constants in the template's form: "
                    f"{parameter.name} = ..."
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


def _execute(code: str, tree: ast.Module, given: dict[str, Any]) -> ModuleType:
    """Run the code as a module. Its lines appear in tracebacks although there is no file."""
    # A modification time of None keeps the entry when linecache looks for changed files.
    lines = code.splitlines(keepends=True)
    linecache.cache[TEMPLATE_FILE] = (len(code), None, lines, TEMPLATE_FILE)
    module = ModuleType(_MODULE)
    module.__file__ = TEMPLATE_FILE
    module.__dict__.update(given)
    # Importable by name: dataclasses and Keras's serialisation look a class's module up.
    sys.modules[_MODULE] = module
    # A script that reads its arguments gets none, so that its own defaults hold.
    sys.argv = [TEMPLATE_FILE]
    exec(compile(tree, TEMPLATE_FILE, "exec"), module.__dict__)  # noqa: S102
    return module


def _find(module: ModuleType, builder: str) -> Any:
    """What the script gives to its tuner; or the template's `hypermodel`, its HyperModel class or
    its build function, in this order."""
    ready = getattr(module, builder or "hypermodel", None)
    if isinstance(ready, kt.HyperModel) or (
        builder and callable(ready) and not inspect.isclass(ready)
    ):
        return ready
    if inspect.isclass(ready) and issubclass(ready, kt.HyperModel):
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
    return leaves[0] if leaves else _find_function(module)


def _find_function(module: ModuleType) -> Any:
    """`build_model` or `build`; else the one function whose first argument is `hp`."""
    for name in _FUNCTIONS:
        if inspect.isfunction(getattr(module, name, None)):
            return getattr(module, name)
    functions = {
        item.__name__: item
        for item in vars(module).values()
        if inspect.isfunction(item) and item.__module__ == _MODULE and _takes_hp(item)
    }
    # One that another one calls is a helper.
    called = {name for item in functions.values() for name in item.__code__.co_names}
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


def _encodes(inner: Any) -> bool:
    """Whether the template's own `fit` makes its targets one-hot by itself."""
    code = getattr(type(inner).fit, "__code__", None)
    return bool(code and {"to_categorical", "one_hot"} & set(code.co_names))


def _given_twice(error: TypeError) -> str | None:
    found = re.search(r"got multiple values for (?:keyword )?argument '(\w+)'", str(error))
    return found[1] if found else None
