"""A script's own constants and data, rewritten so that they agree with the project's.

`num_classes = 1000` becomes `num_classes = FITTING("num_classes", 3, lambda: 1000)`, a statement
that makes data becomes `x_train = STAND_IN("x", "train", False)`, one that loads a table
`df = SOURCE("table", "price", "df")`, and one that fits an encoder `FITTED(le, "le", "y")`;
`AdaptedValues` answers them.
"""

import ast
import copy
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from tuning.runner.failures import TemplateError

from .constants import GIVEN_CONSTANT, given_constant
from .image_sizes import Form, ImageSizes, form_of_value, in_form, is_side, is_size
from .script_data import Rows
from .source_stand_ins import Project, mark_fitted, source_stand_in
from .sources import Fit, Kind, Source
from .stand_ins import Parts, stand_in
from .supplied import FEATURE_LISTS, NAMES_OF_CONSTANTS, SIDES
from .syntax import defines, last_name, uses
from .unknown import MARK, UnknownValue, constant_needed

Expression = TypeVar("Expression", bound=ast.expr)
Statement = TypeVar("Statement", bound=ast.stmt)
FITTING = "fitting_the_project"
COUNT = "count_of_features"
STAND_IN = "of_the_project"
SOURCE = "source_of_the_project"
FITTED = "fitted_to_the_project"
# Expressions that only name data: `val_data = (x_val, y_val)`.
_AS_THEY_STAND = (ast.Tuple, ast.List, ast.Dict, ast.Constant, ast.Name)


@dataclass(frozen=True)
class Adaptation:
    """Rewrites what has the name of something that a project supplies, or of one of `constants`:
    assignments, and arguments given to the template's own functions and classes (`names`)."""

    names: dict[str, Any]
    constants: frozenset[str] = frozenset()
    # Names of the height and the width of images, if the code has both.
    sides: frozenset[str] = frozenset()

    def statement(self, node: ast.stmt, of_data: bool = False) -> ast.stmt:
        """The assignment with its values left to `AdaptedValues.fitting`. `of_data`: they come from
        the script's data, so that it may need a constant."""
        node = _counting_features(node)
        if isinstance(node, ast.ClassDef):
            return self._settings(node)
        if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
            return node
        if given_constant(node):
            return node
        new = copy.deepcopy(node)
        assert new.value is not None
        new.value = self.call(new.value)
        targets = new.targets if isinstance(new, ast.Assign) else [new.target]
        if len(targets) == 1:
            new.value = self._fitted(targets[0], new.value)
            made_of_more = not isinstance(new.value, _AS_THEY_STAND)
            if of_data and made_of_more and isinstance(targets[0], ast.Name):
                new.value = _later(targets[0].id, new.value)
        return new

    def _settings(self, node: ast.ClassDef) -> ast.ClassDef:
        """`class Config: num_classes = 10`. A later line of the class may not use an earlier one,
        which a value that is evaluated later would not see."""
        own = {name for part in node.body for name in defines(part)}
        new = copy.copy(node)
        new.body = [
            part
            if not isinstance(part, ast.Assign | ast.AnnAssign) or uses(part) & own
            else self.statement(part)
            for part in node.body
        ]
        return new

    def call(self, value: Expression) -> Expression:
        """`Ours(num_classes=10)`, alone, in a lambda or as partial(Ours, ...), with its arguments
        left to `AdaptedValues.fitting`."""
        if isinstance(value, ast.Lambda):
            new_lambda = copy.copy(value)
            new_lambda.body = self.call(value.body)
            return new_lambda
        if not isinstance(value, ast.Call):
            return value
        partial = last_name(value.func) == "partial" and bool(value.args)
        called = last_name(value.args[0] if partial else value.func)
        if called not in self.names:
            return value
        new = copy.deepcopy(value)
        parameters = _parameters(self.names[called])
        for index, argument in enumerate([] if partial else new.args):
            if index < len(parameters):
                new.args[index] = self._fitting(parameters[index], argument)
        for word in new.keywords:
            if word.arg:
                word.value = self._fitting(word.arg, word.value)
        return new

    def _fitted(self, target: ast.expr, value: ast.expr) -> ast.expr:
        if isinstance(target, ast.Name):
            return self._fitting(target.id, value)
        if (
            isinstance(target, ast.Tuple)
            and isinstance(value, ast.Tuple)
            and len(target.elts) == len(value.elts)
        ):
            value.elts = [self._fitted(t, v) for t, v in zip(target.elts, value.elts, strict=True)]
        return value

    def _fitting(self, name: str, value: ast.expr) -> ast.expr:
        if name.lower() not in NAMES_OF_CONSTANTS and name not in self.constants | self.sides:
            return value
        if name in self.constants:
            # Nothing that the script says is needed any more.
            return _asked(GIVEN_CONSTANT, value, ast.Constant(name))
        return _later(name, value)


def sides_of(body: Iterable[ast.stmt]) -> frozenset[str]:
    """The names that statements give to the height and the width of images."""
    found = {name for node in body for name in defines(node) if name.lower() in SIDES}
    return frozenset(found if len({name.lower() for name in found}) == 2 else ())


def _later(name: str, value: ast.expr) -> ast.expr:
    """The value, left to `AdaptedValues.fitting`. Not evaluated yet: it may need what is absent."""
    if isinstance(value, ast.Call) and last_name(value.func) == FITTING:
        return value
    return _asked(FITTING, value, ast.Constant(name), ast.Constant(value.lineno), _lambda(value))


def _lambda(value: ast.expr) -> ast.expr:
    return ast.Lambda(ast.arguments([], [], None, [], [], None, []), value)


def _asked(function: str, place: ast.expr | ast.stmt, *arguments: ast.expr) -> ast.expr:
    call = ast.Call(ast.Name(function, ast.Load()), list(arguments), [])
    return ast.fix_missing_locations(ast.copy_location(call, place))


class _CountingFeatures(ast.NodeTransformer):
    """`len(feature_columns)` becomes `COUNT("feature_columns", feature_columns)`: the names may be
    the script's own, their number is the project's."""

    def __init__(self) -> None:
        self.changed = False

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        counted = node.args[0] if last_name(node.func) == "len" and len(node.args) == 1 else None
        if not isinstance(counted, ast.Name) or counted.id.lower() not in FEATURE_LISTS:
            return node
        self.changed = True
        return _asked(COUNT, node, ast.Constant(counted.id), counted)


def _counting_features(node: Statement) -> Statement:
    counting = _CountingFeatures()
    new: Statement = counting.visit(copy.deepcopy(node))
    return new if counting.changed else node


def source_statement(name: str, source: Source, place: ast.stmt) -> ast.stmt:
    """A statement that binds the name to what takes the place of a table or another source."""
    arguments = [ast.Constant(text) for text in (source.kind.value, source.target, name)]
    new = ast.Assign([ast.Name(name, ast.Store())], _asked(SOURCE, place, *arguments))
    return ast.copy_location(new, place)


def fit_statements(fit: Fit, place: ast.stmt) -> list[ast.stmt]:
    """Statements that make a helper, unless another one does, and give it what is known of it."""
    helper = ast.Name(fit.helper, ast.Load())
    call = _asked(FITTED, place, helper, ast.Constant(fit.helper), ast.Constant(fit.what))
    marked = ast.copy_location(ast.Expr(call), place)
    if fit.made is None:
        return [marked]
    made = ast.Assign([ast.Name(fit.helper, ast.Store())], fit.made)
    return [ast.copy_location(made, place), marked]


def data_statement(name: str, rows: Rows, place: ast.stmt) -> ast.stmt:
    """A statement that binds the name to the project's rows."""
    arguments: list[ast.expr] = [ast.Constant(v) for v in (rows.what, rows.part, rows.one_hot)]
    value = ast.Call(ast.Name(STAND_IN, ast.Load()), arguments, [])
    new = ast.Assign([ast.Name(name, ast.Store())], value)
    return ast.copy_location(new, place)


def _parameters(node: Any) -> list[str]:
    """The names of what a call gives to a function or to a class's __init__."""
    if isinstance(node, ast.ClassDef):
        found = [n for n in node.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"]
        return [argument.arg for argument in found[0].args.args[1:]] if found else []
    return [argument.arg for argument in node.args.args]


class AdaptedValues:
    """What the rewritten statements call."""

    def __init__(
        self, supplied: dict[str, Any], constants: dict[str, Any], parts: Parts | None,
        facts: dict[str, Any], sizes: ImageSizes | None = None,
    ) -> None:  # fmt: skip
        self._sizes = sizes or ImageSizes(ast.Module([], []))
        self._supplied = supplied
        self._constants = constants
        self._parts = parts
        self._facts = facts
        # Helpers that the script fits, with their names in it.
        self._helpers: list[tuple[Any, str]] = []
        # Name -> (the project's value, the script's), where they differ.
        self.changed: dict[str, tuple[Any, Any]] = {}

    def functions(self) -> dict[str, Any]:
        """What a template's module needs, by name."""
        return {
            GIVEN_CONSTANT: self._constants.__getitem__,
            FITTING: self.fitting,
            COUNT: self.count_of_features,
            STAND_IN: self.stand_in,
            SOURCE: self.source,
            FITTED: self.fitted,
        }

    def given(self, missing: Iterable[str]) -> dict[str, Any]:
        """Names that a template's module has from the beginning: the constants, and what the
        project supplies of the names that only left-out statements define, or none at all."""
        names = {*missing, *NAMES_OF_CONSTANTS, *map(str.upper, NAMES_OF_CONSTANTS)}
        known = self._supplied | self._constants
        found = {name: known.get(name, self._supplied_as(name, known)) for name in names}
        supplied = {name: value for name, value in found.items() if value is not None}
        return supplied | self._constants

    @property
    def note(self) -> str:
        """Which constants are the project's instead of the script's own, or nothing."""
        if not self.changed:
            return ""
        told = (
            f"{name} is {_short(new)} instead of {_short(old)}"
            for name, (new, old) in self.changed.items()
        )
        return f"Taken from the dataset: {', '.join(told)}."

    def fitting(self, name: str, line: int, own: Any) -> Any:
        """The value that `own()` gives if it agrees with the dataset, else the dataset's."""
        if name in self._constants:
            return self._constants[name]
        try:
            value = own()
        except Exception as error:
            supplied = self._supplied_as(name, self._supplied)
            if supplied is not None:
                return supplied
            if isinstance(error, TemplateError) and not isinstance(error, UnknownValue):
                raise
            reason = error.text if isinstance(error, UnknownValue) else str(error)
            raise constant_needed(name, line, reason) from error
        fitting = self._like(name, value)
        if fitting is None or fitting == value:
            return value
        self.changed[name] = (fitting, value)
        return fitting

    def _supplied_as(self, name: str, known: dict[str, Any]) -> Any:
        """The project's value for a name that has no value of the script's own."""
        shape = tuple(self._facts["input_shape"])
        if len(shape) == 3 and is_size(name):
            return self._sizes.of_name(name, shape)
        return known.get(name.lower())

    def _like(self, name: str, value: Any) -> Any:
        """The project's value in the form of the script's own, or None where it has no such
        form."""
        shape = tuple(self._facts["input_shape"])
        form = form_of_value(value)
        if len(shape) != 3 or not form or not is_size(name):
            return _like(value, self._supplied.get(name.lower()))
        if form is Form.NUMBER and not is_side(name, value, shape):
            return None
        fitting = in_form(shape, form)
        return type(value)(fitting) if isinstance(value, list | tuple) else fitting

    def count_of_features(self, name: str, names: Any) -> int:
        """How many features the project has, if `names` are those of the script's table."""
        shape = tuple(self._facts["input_shape"])
        own = len(names)
        listed = isinstance(names, list | tuple) and all(isinstance(n, str) for n in names)
        if not listed or len(shape) != 1 or own == shape[0]:
            return own
        self.changed[f"len({name})"] = (shape[0], own)
        return int(shape[0])

    def stand_in(self, what: str, part: str, one_hot: bool) -> Any:
        """The project's rows in the place of the script's."""
        return stand_in(Rows(what, part, one_hot), self._rows, self._facts)

    def source(self, kind: str, target: str, name: str) -> Any:
        """What takes the place of a table, or of another source of data, of the script."""
        return source_stand_in(Source(Kind(kind), target), name, self._project)

    def fitted(self, helper: Any, name: str, what: str) -> None:
        """Tell a scaler or an encoder of the script what is known of it: see `mark_fitted`."""
        if hasattr(helper, "transform"):
            mark_fitted(helper, what, self._project)
            self._helpers.append((helper, name))

    def unknown_value(self, error: Exception) -> UnknownValue | None:
        """The error of a value that only the script's data would give, if `error` comes of one."""
        if isinstance(error, AttributeError):
            for helper, name in self._helpers:
                if error.obj is helper:
                    return UnknownValue(f"{name}.{error.name}")
        quoted = re.search(rf"<([^<>]*), {MARK}>", str(error))
        return UnknownValue(quoted[1]) if quoted else None

    @property
    def _project(self) -> Project:
        return Project(self._rows, self._facts)

    @property
    def _rows(self) -> Parts:
        if self._parts is None:
            raise NameError("No data available.")
        return self._parts


def _like(value: Any, supplied: Any) -> Any:
    """The supplied value in the form of the script's own, or None where it has no such form."""
    number = isinstance(value, int) and not isinstance(value, bool)
    if number and isinstance(supplied, int):
        return supplied
    if number and isinstance(supplied, tuple) and len(set(supplied)) == 1:
        return supplied[0]
    if number and isinstance(supplied, list):
        # `classes = 10`: the count, not the names.
        return len(supplied)
    if isinstance(value, list | tuple) and isinstance(supplied, list | tuple):
        if value and isinstance(value[0], str) and supplied and isinstance(supplied[0], str):
            return type(value)(supplied)
        if len(value) + 1 == len(supplied) == 3 and supplied[-1] == 1:
            supplied = supplied[:-1]
        if len(value) == len(supplied) and not isinstance(value[0] if value else "", str):
            return type(value)(supplied)
    return None


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
