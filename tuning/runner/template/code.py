"""A template's code: from text to the one HyperModel that it defines."""

import inspect
import re
from collections.abc import Callable
from functools import cached_property
from types import ModuleType
from typing import Any

import keras
import keras_tuner as kt
from keras_tuner.engine.base_tuner import BaseTuner

from tuning.protocol.orders import ProjectOrder
from tuning.runner.failures import (
    TEMPLATE_FILE,
    NoModel,
    NoNetwork,
    TemplateError,
    download_reason,
    is_network_error,
)

from .adaptation import AdaptedValues
from .command_line import without_command_line
from .definitions import custom_tuner, find_builder, find_objective
from .given import Given, parameters_of
from .image_limits import image_limit
from .image_sizes import ImageSizes, is_size
from .imports import Absent
from .kerastuner_paths import restore_old_names
from .misfits import misfit, output_misfit
from .modules import execute
from .normalization import keep_rare_values_in_scale
from .own_fit import keeps_rows
from .proposed import Proposed, proposed_objective
from .ready_made import fitting_ready_made
from .removed_names import metrics_by_position
from .script_arguments import ScriptArguments
from .scripts import read_script
from .several_outputs import divide_targets
from .stand_ins import Parts, stand_in
from .supplied import ONLY_IF_REQUIRED, SIDES, SUPPLIED, supplies, supplies_constants
from .tables import selects_columns, with_raw_columns
from .targets import fitted, takes_one_hot
from .text_inputs import as_network_takes, learn_missing_vocabulary
from .training import Training

# What a template's own `fit` may pass to `model.fit` although we pass it as well.
_TUNABLE_IN_FIT = frozenset({"batch_size", "epochs", "verbose"})
# What a template's own `fit` may not even take.
_LEFT_OUT_OF_FIT = _TUNABLE_IN_FIT | {"validation_data", "callbacks"}
# What a training raises if shapes do not fit. By name: TensorFlow's kind would import it.
_SHAPE_ERRORS = frozenset({
    "ValueError", "InvalidArgumentError", "UnimplementedError", "TypeError", "AttributeError",
})  # fmt: skip


class Template(kt.HyperModel):
    """The template's HyperModel, or its build function, with what the project supplies."""

    def __init__(
        self,
        code: str,
        facts: dict[str, Any],
        constants: dict[str, Any] | None = None,
        parts: Parts | None = None,
        frames: Parts | None = None,
    ) -> None:
        """`constants` go before what the project supplies; `parts` gives rows to scripts whose
        builder needs data. Never the test rows. `frames` gives the same rows as DataFrames, where
        the dataset has columns, for scripts that select columns."""
        super().__init__(name="template")
        self.code = code
        self.facts = facts
        self.constants = constants or {}
        self._one_hot = False
        self._outputs_note = ""
        self._parts = parts
        self.script = read_script(code, TEMPLATE_FILE, self.constants)
        self._supplied = {**supplies(facts), **self.constants}
        self._sizes = ImageSizes(self.script.tree)
        if frames and selects_columns(code) and facts.get("columns"):
            parts, facts = frames, with_raw_columns(facts)
        known = supplies_constants(self.facts)
        self._adapted = AdaptedValues(known, self.constants, parts, facts, self._sizes)
        restore_old_names()
        without_command_line()
        keep_rare_values_in_scale()
        self.module = self._execute(code)
        # KerasTuner clears Keras's session before each build, and this with it.
        self._policy = keras.config.dtype_policy()
        # A class of its own that runs the trials, or None; it may well need no builder.
        others = self.script.construction is not None and not self.script.tuner
        self.tuner_class: Any = None if others else custom_tuner(self.module, self.script.tuner)
        self._found: Any = None
        self.inner: Any = None
        self.no_builder: TemplateError | None = None
        # Of a script of Optuna's: called with a trial.
        self.objective_function: Any = None
        try:
            if self.script.study is not None:
                self._found = self.objective_function = find_objective(
                    self.module, self.script.entry or self.script.builder
                )
            elif self.tuner_class is None or self.script.wants_builder:
                self._found = find_builder(self.module, self.script.entry or self.script.builder)
                self.inner = self._made(self._found)
        except TemplateError as error:
            if self.tuner_class is None:
                raise
            # Its constructor may bring one. If it does not, this is why there is none.
            self.no_builder = error
        self.arguments = self._arguments_of_script(self.given, parts)
        self.training: Training = self.arguments.training

    @property
    def builder_name(self) -> str:
        """What people call the code that makes the models."""
        name = getattr(self._found, "__name__", type(self._found).__name__)
        if isinstance(self.inner, _FunctionModel):
            return name if name.isidentifier() else "The builder"
        return f"{name}.build"

    @property
    def note(self) -> str:
        """Sentences about what of the code is used, if it is not used unchanged."""
        one_hot = "Its loss takes one-hot targets, so the class numbers are given to it one-hot."
        notes = (
            self.script.note, self._adapted.note, one_hot if self._one_hot else "",
            self._outputs_note,
        )  # fmt: skip
        return " ".join(filter(None, notes))

    @cached_property
    def given(self) -> Given:
        """What the script gives to its tuner and to its search."""
        return self._given(self._parts)

    @cached_property
    def objective(self) -> Proposed:
        """The objective that the script's tuner would have."""
        return proposed_objective(self.given)

    def targets(self, keras_model: Any, y: Any) -> Any:
        """The project's targets in the form that this model's loss takes."""
        return fitted(keras_model, y, self.facts, self._takes_one_hot(keras_model))

    def output_misfit(self, keras_model: Any) -> str:
        """A sentence about an output that does not fit the targets, or nothing."""
        return output_misfit(keras_model, self.facts, self._takes_one_hot(keras_model))

    def use_rows(self, parts: Parts) -> None:
        """Put other rows of the project in the place of the script's data."""
        for name, rows in self.script.data.items():
            setattr(self.module, name, stand_in(rows, parts, self.facts))

    def train_on(self, parts: Parts) -> None:
        """Let the script's arguments be made of other rows, for a retraining."""
        arguments = self._arguments_of_script(self._given(parts), parts)
        self.training = arguments.training.in_retraining()

    def _arguments_of_script(self, given: Given, parts: Parts | None) -> ScriptArguments:
        return ScriptArguments(given, self.code, self.facts, self._own_parameters(), parts)

    def _given(self, parts: Parts | None) -> Given:
        script = self.script
        rows = {}
        if parts is not None:
            wanted = script.rows_around.items()
            rows = {name: stand_in(found, parts, self.facts) for name, found in wanted}
        calls = script.construction, script.search
        return Given(self.module, script.around, *calls, rows, self._search_parameters())

    def _own_parameters(self) -> frozenset[str]:
        """What the template's own class or `fit` takes by name."""
        found = set(self._search_parameters())
        if self.tuner_class is not None:
            found |= parameters_of(self.tuner_class).keys()
        return frozenset(found)

    def _search_parameters(self) -> list[str]:
        """What `search` passes on to the template's own `run_trial` or `fit`, in their order."""
        if self.tuner_class is not None:
            own_search = self.tuner_class.search is not BaseTuner.search
            method = self.tuner_class.search if own_search else self.tuner_class.run_trial
            skipped = 1 if own_search else 2
        elif self.fits_by_itself:
            method, skipped = type(self.inner).fit, 3
        else:
            return []
        found = list(inspect.signature(method).parameters.values())[skipped:]
        variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
        names = [p.name for p in found if p.kind not in variable]
        # `*args` are those of `Model.fit`.
        return names if any(p.kind not in variable for p in found) else []

    def _takes_one_hot(self, keras_model: Any) -> bool:
        return not _encodes(self.inner) and takes_one_hot(
            keras_model, self.facts, self.script.one_hot
        )

    def declare_hyperparameters(self, hp: kt.HyperParameters) -> None:
        self.inner.declare_hyperparameters(hp)

    def configure(self) -> None:
        """As the template's code has set Keras up."""
        keras.config.set_dtype_policy(self._policy)

    def build(self, hp: kt.HyperParameters) -> Any:
        self.configure()
        try:
            with fitting_ready_made(self.facts, self._adapted.changed):
                model = self.training.compiled(self.inner.build(hp))
            self._outputs_note = divide_targets(model, self.facts)
            if sentence := metrics_by_position(model):
                raise TemplateError(sentence)
            return model
        except Exception as error:
            self.explain(error)
            if sentence := image_limit(error, self.facts):
                raise TemplateError(sentence) from error
            if is_network_error(error):
                raise NoNetwork(
                    "A download of the template failed: connect the worker to the internet, or "
                    "choose values that need no download (weights none, or weights = None under "
                    f"Constants). The reason: {download_reason(error)[:300]}."
                ) from error
            raise

    def fit(self, hp: kt.HyperParameters, model: Any, *args: Any, **kwargs: Any) -> Any:
        """The template's `fit`. What it decides by itself (a tuned batch size) is left to it."""
        self._one_hot = self._takes_one_hot(model)
        args, kwargs = _with_texts(model, args, kwargs)
        if not self.fits_by_itself:
            learn_missing_vocabulary(model, args[0] if args else kwargs.get("x"))
        if len(args) > 1:
            args = self._with_targets(model, args)
        elif "y" in kwargs:
            kwargs["y"] = self.targets(model, kwargs["y"])
        validation = kwargs.get("validation_data")
        if isinstance(validation, tuple | list) and len(validation) > 1:
            kwargs["validation_data"] = self._with_targets(model, validation)
        while True:
            try:
                return self._fit(hp, model, args, kwargs)
            except TypeError as error:
                # `model.fit(*args, batch_size=hp.Int(...), **kwargs)`, as in KerasTuner's guide; or
                # a `fit` of its own that has no use for it. The call itself was refused, so nothing
                # has been trained yet.
                name = not_known(error) or given_twice(error)
                allowed = _LEFT_OUT_OF_FIT if not_known(error) else _TUNABLE_IN_FIT
                if name not in allowed or name not in kwargs:
                    self.training.blame(error)
                    raise
                del kwargs[name]
            except Exception as error:
                self.training.blame(error)
                if not getattr(model, "compiled", True) and "compile" in str(error):
                    raise NoModel(
                        f"{self.builder_name} returned a Keras model that is not compiled. Call "
                        "model.compile(...) before it is returned."
                    ) from error
                sentence = misfit(model, self.facts, self._one_hot)
                if sentence and type(error).__name__ in _SHAPE_ERRORS:
                    raise TemplateError(sentence) from error
                raise

    def _fit(
        self, hp: kt.HyperParameters, model: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """The template's `fit` with the targets that the model takes."""
        return self.inner.fit(hp, model, *args, **kwargs)

    @property
    def fits_by_itself(self) -> bool:
        """Whether the template has a `fit` of its own, which may do to the data what it likes."""
        return self.inner is not None and type(self.inner).fit is not kt.HyperModel.fit

    @property
    def may_change_rows(self) -> bool:
        """Whether the model may be trained on other rows than those that its `fit` was given."""
        code = getattr(type(self.inner).fit, "__code__", None) if self.fits_by_itself else None
        return self.fits_by_itself and not (code and keeps_rows(self.script.tree, code))

    def fit_takes(self, name: str) -> bool:
        """Whether its `fit` takes an argument of this name, be it among others."""
        parameters = inspect.signature(type(self.inner).fit).parameters
        return name in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())

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

    def _with_targets(self, keras_model: Any, rows: Any) -> tuple[Any, ...]:
        """(x, y) or (x, y, weights) with y as this model's loss takes it."""
        return (rows[0], self.targets(keras_model, rows[1]), *rows[2:])

    def _made(self, found: Any) -> Any:
        if inspect.isclass(found):
            return found(**self._arguments(found, skip=0))
        if isinstance(found, kt.HyperModel):
            return found
        return _FunctionModel(found, self._arguments(found, skip=1))

    def _execute(self, code: str) -> ModuleType:
        given = self._adapted.given(self.script.missing)
        given.update({name: Absent(module) for name, module in self.script.absent.items()})
        given.update(self._adapted.functions())
        try:
            return execute(code, self.script.tree, given)
        except Exception as error:
            self.explain(error)
            raise

    def explain(self, error: Exception) -> None:
        """Raise a sentence if only a part of the script that is not run has the name or value."""
        unknown = self._adapted.unknown_value(error)
        if unknown is not None and not isinstance(error, TemplateError):
            raise unknown from error
        name = error.name if isinstance(error, NameError) else ""
        line = self.script.missing.get(name or "")
        if line is None:
            return
        raise TemplateError(
            f"The template uses {name}, which the script computes from its own data in line "
            f"{line}. That line is not run. Let the builder ask for what it needs: a project can "
            f"supply {', '.join(SUPPLIED)}; anything else can be given under Constants in the "
            "template's form."
        ) from error

    def supply(self, function: Callable[..., Any], parameter: inspect.Parameter) -> Any:
        """What the constants or the project have for a parameter of one of the template's
        functions; None if they have nothing. Raises TemplateError."""
        name = parameter.name
        value = self._supplied.get(name)
        shape = tuple(self.facts["input_shape"])
        if len(shape) == 3 and name not in self.constants and is_size(name):
            return self._sizes.of_parameter(function, parameter, shape)
        siblings = inspect.signature(function).parameters
        if len(shape) == 3 and name in SIDES and all(side in siblings for side in SIDES):
            return value or shape[SIDES.index(name)]
        return value

    def _arguments(self, function: Callable[..., Any], skip: int) -> dict[str, Any]:
        """What `function` asks for by name, after its first `skip` parameters."""
        given = {}
        parameters = list(inspect.signature(function).parameters.values())[skip:]
        for parameter in parameters:
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                continue
            optional = parameter.default is not parameter.empty
            if optional and parameter.name in ONLY_IF_REQUIRED - self.constants.keys():
                continue
            supplied = self.supply(function, parameter)
            given_anyway = parameter.name in (self.constants if optional else self._supplied)
            if supplied is not None or given_anyway:
                given[parameter.name] = supplied
            elif not optional:
                name = getattr(function, "__name__", "The builder")
                raise TemplateError(
                    f"{name} asks for {parameter.name!r}, which a project cannot "
                    f"supply. It can supply {', '.join(SUPPLIED)}; give every other argument a "
                    f"default, or a value under Constants in the template's form: "
                    f"{parameter.name} = ..."
                )
        return given


def is_optuna_script(project: ProjectOrder) -> bool:
    """Whether the code searches with Optuna. Raises SyntaxError."""
    if "optuna" not in project.code:
        return False
    return read_script(project.code, TEMPLATE_FILE, project.constants).study is not None


def _with_texts(
    model: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of a `fit` with texts as the model takes them."""
    validation = kwargs.get("validation_data")
    if args:
        args = (as_network_takes(model, args[0]), *args[1:])
    elif "x" in kwargs:
        kwargs = {**kwargs, "x": as_network_takes(model, kwargs["x"])}
    if isinstance(validation, tuple | list) and validation:
        rows = (as_network_takes(model, validation[0]), *validation[1:])
        kwargs = {**kwargs, "validation_data": rows}
    return args, kwargs


class _FunctionModel(kt.HyperModel):
    """A build function with the arguments that it asked for."""

    def __init__(self, function: Callable[..., Any], arguments: dict[str, Any]) -> None:
        super().__init__()
        self._function = function
        self._arguments = arguments

    def build(self, hp: kt.HyperParameters) -> Any:
        return self._function(hp, **self._arguments)


def _encodes(inner: Any) -> bool:
    """Whether the template's own `fit` makes its targets one-hot by itself."""
    code = getattr(getattr(inner, "fit", None), "__code__", None)
    return bool(code and {"to_categorical", "one_hot"} & set(code.co_names))


def given_twice(error: TypeError) -> str | None:
    found = re.search(r"got multiple values for (?:keyword )?argument '(\w+)'", str(error))
    return found[1] if found else None


def not_known(error: TypeError) -> str | None:
    found = re.search(r"got an unexpected keyword argument '(\w+)'", str(error))
    return found[1] if found else None
