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

from .definitions import own_classes, own_tuner, proposed_objective
from .failures import (
    TEMPLATE_FILE,
    NoNetwork,
    TemplateError,
    download_reason,
    is_network_error,
)
from .misfits import misfit
from .scripts import HP_NAMES, read_script

_MODULE = "template"
_FUNCTIONS = ("build_model", "build")
# What a template's own `fit` may pass to `model.fit` although we pass it as well.
_TUNABLE_IN_FIT = frozenset({"batch_size", "epochs", "verbose"})
# What a template's own `fit` may not even take.
_LEFT_OUT_OF_FIT = _TUNABLE_IN_FIT | {"validation_data", "callbacks"}
# What a training raises if shapes do not fit. By name: TensorFlow's kind would import it.
_SHAPE_ERRORS = frozenset({"ValueError", "InvalidArgumentError"})


# What people are told; the aliases below are for scripts that already use them.
_SUPPLIED = (
    "class_names", "feature_names", "image_size", "input_shape", "max_value", "min_value",
    "num_classes", "task",
)  # fmt: skip


def supplies(facts: dict[str, Any]) -> dict[str, Any]:
    """What a project can supply, by name, to a template that asks for it."""
    shape = tuple(facts["input_shape"])
    height, width, channels = shape if len(shape) == 3 else (None, None, None)
    meanings: list[tuple[Any, tuple[str, ...]]] = [
        (shape, ("input_shape", "img_shape", "image_shape")),
        (shape[:2] if len(shape) == 3 else None, ("image_size", "img_size")),
        (height, ("img_height", "image_height", "img_rows")),
        (width, ("img_width", "image_width", "img_cols")),
        (channels, ("channels", "num_channels", "img_channels", "img_num_channels")),
        (shape[0] if len(shape) == 1 else None, ("num_features", "n_features", "input_dim")),
        (
            facts.get("num_classes"),
            ("num_classes", "no_classes", "n_classes", "nb_classes", "num_labels"),
        ),
        (facts["task"], ("task",)),
        (facts["max_value"], ("max_value",)),
        (facts["min_value"], ("min_value",)),
        (facts.get("class_names"), ("class_names",)),
        (facts.get("feature_names"), ("feature_names",)),
    ]
    return {name: value for value, names in meanings for name in names}


class Template(kt.HyperModel):
    """The template's HyperModel, or its build function, with what the project supplies."""

    def __init__(self, code: str, facts: dict[str, Any]) -> None:
        super().__init__(name=_MODULE)
        self.facts = facts
        self.supplied = supplies(facts)
        self.script = read_script(code, TEMPLATE_FILE)
        self.module = self._execute(code)
        # A class of its own that runs the trials, or None; it may well need no builder.
        others = self.script.construction is not None and not self.script.tuner
        self.tuner_class: Any = None if others else own_tuner(self.module, self.script.tuner)
        self._found: Any = None
        self.inner: Any = None
        self.no_builder: TemplateError | None = None
        try:
            if self.tuner_class is None or self.script.wants_builder:
                self._found = _find(self.module, self.script.builder)
                self.inner = self._made(self._found)
        except TemplateError as error:
            if self.tuner_class is None:
                raise
            # Its constructor may bring one. If it does not, this is why there is none.
            self.no_builder = error

    @property
    def note(self) -> str:
        """Sentences about what of the code is used, if it is not used as it stands."""
        return self.script.note

    @property
    def objective(self) -> Any:
        """The kt.Objective that the script's tuner would have, or None."""
        return proposed_objective(self.script.construction, self.module)

    def declare_hyperparameters(self, hp: kt.HyperParameters) -> None:
        self.inner.declare_hyperparameters(hp)

    def build(self, hp: kt.HyperParameters) -> Any:
        try:
            return self.inner.build(hp)
        except NameError as error:
            raise self.explained(error) from error
        except Exception as error:
            if is_network_error(error):
                raise NoNetwork(
                    "The template downloads something, which failed: connect the worker to the "
                    "internet, or choose values that need no download (weights none). "
                    f"The reason: {download_reason(error)[:300]}."
                ) from error
            raise

    def fit(self, hp: kt.HyperParameters, model: Any, *args: Any, **kwargs: Any) -> Any:
        """The template's `fit`. What it decides by itself (a tuned batch size) is left to it."""
        while True:
            try:
                return self.inner.fit(hp, model, *args, **kwargs)
            except TypeError as error:
                # `model.fit(*args, batch_size=hp.Int(...), **kwargs)`, as in KerasTuner's guide; or
                # a `fit` of its own that has no use for it. The call itself was refused, so nothing
                # has been trained yet.
                name = not_known(error) or given_twice(error)
                allowed = _LEFT_OUT_OF_FIT if not_known(error) else _TUNABLE_IN_FIT
                if name not in allowed or name not in kwargs:
                    raise
                del kwargs[name]
            except Exception as error:
                sentence = misfit(model, self.facts)
                if sentence and type(error).__name__ in _SHAPE_ERRORS:
                    raise TemplateError(sentence) from error
                raise

    @property
    def fits_by_itself(self) -> bool:
        """Whether the template has a `fit` of its own, which may do to the data what it likes."""
        return type(self.inner).fit is not kt.HyperModel.fit

    @property
    def wants_validation(self) -> bool:
        """Whether its own `fit` asks for validation rows, be it by kwargs["validation_data"]."""
        code = getattr(type(self.inner).fit, "__code__", None)
        named = (*code.co_varnames, *code.co_consts) if code else ()
        return self.fits_by_itself and "validation_data" in named

    def stands_for(self, value: Any) -> bool:
        """Whether a script hands `value` to its tuner as the builder."""
        if self.inner is None and isinstance(value, kt.HyperModel):
            self.inner = value
        return isinstance(value, kt.HyperModel) or (value is not None and value is self._found)

    def _made(self, found: Any) -> Any:
        if inspect.isclass(found):
            return found(**self._arguments(found, skip=0))
        if isinstance(found, kt.HyperModel):
            return found
        return _FunctionModel(found, self._arguments(found, skip=1))

    def _execute(self, code: str) -> ModuleType:
        missing = self.script.missing
        given = {name: self.supplied.get(name) for name in missing}
        given = {name: value for name, value in given.items() if value is not None}
        try:
            return _execute(code, self.script.tree, given)
        except NameError as error:
            raise self.explained(error) from error

    def explained(self, error: NameError) -> Exception:
        """The error, or a sentence if only a part of the script that is not run has the name."""
        line = self.script.missing.get(error.name or "")
        if line is None:
            return error
        return TemplateError(
            f"The template uses {error.name}, which its script makes from its own data in line "
            f"{line}; that is not run. Let the builder ask for what it needs: a project can "
            f"supply {', '.join(_SUPPLIED)}."
        )

    def _arguments(self, function: Callable[..., Any], skip: int) -> dict[str, Any]:
        """What `function` asks for by name, after its first `skip` parameters."""
        given = {}
        parameters = list(inspect.signature(function).parameters.values())[skip:]
        for parameter in parameters:
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                continue
            optional = parameter.default is not parameter.empty
            supplied = parameter.name in self.supplied
            if supplied and not (optional and self.supplied[parameter.name] is None):
                given[parameter.name] = self.supplied[parameter.name]
            elif not optional:
                raise TemplateError(
                    f"{function.__name__} asks for {parameter.name!r}, which a project cannot "
                    f"supply. It can supply {', '.join(_SUPPLIED)}; give every other argument a "
                    "default."
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


class _Source:
    """Where Python finds a template's text: there is no file."""

    def __init__(self, code: str) -> None:
        self._code = code

    def get_source(self, name: str) -> str:
        return self._code


def _execute(code: str, tree: ast.Module, given: dict[str, Any]) -> ModuleType:
    """Run the code as a module. Its lines appear in tracebacks although there is no file."""
    # A modification time of None keeps the entry when linecache looks for changed files.
    lines = code.splitlines(keepends=True)
    linecache.cache[TEMPLATE_FILE] = (len(code), None, lines, TEMPLATE_FILE)
    module = ModuleType(_MODULE)
    module.__file__ = TEMPLATE_FILE
    # TensorFlow's AutoGraph, which turns the `if` of a tf.function into a graph, has it read anew.
    module.__loader__ = _Source(code)  # type: ignore[assignment]
    module.__dict__.update(given)
    # Importable by name: dataclasses and Keras's serialisation look a class's module up.
    sys.modules[_MODULE] = module
    exec(compile(tree, TEMPLATE_FILE, "exec"), module.__dict__)  # noqa: S102
    return module


def _find(module: ModuleType, builder: str) -> Any:
    """What the script gives to its tuner; or the template's `hypermodel`, its HyperModel class or
    its build function, in this order."""
    ready = getattr(module, builder or "hypermodel", None)
    if isinstance(ready, kt.HyperModel) or (builder and inspect.isfunction(ready)):
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
        if inspect.isfunction(item) and item.__module__ == _MODULE and _takes_hp(item)
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


def given_twice(error: TypeError) -> str | None:
    found = re.search(r"got multiple values for (?:keyword )?argument '(\w+)'", str(error))
    return found[1] if found else None


def not_known(error: TypeError) -> str | None:
    found = re.search(r"got an unexpected keyword argument '(\w+)'", str(error))
    return found[1] if found else None
