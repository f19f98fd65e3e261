"""A script's own constants and data, rewritten so that they agree with the project's.

`num_classes = 1000` becomes `num_classes = FITTING("num_classes", lambda: 1000)`, and a statement
that makes data becomes `x_train = STAND_IN("x", "train", False)`; `OwnValues` answers both.
"""

import ast
import copy
from dataclasses import dataclass
from typing import Any, TypeVar

from .script_data import Rows
from .stand_ins import Parts, stand_in
from .supplied import NAMES_OF_CONSTANTS
from .syntax import last_name

Expression = TypeVar("Expression", bound=ast.expr)
FITTING = "fitting_the_project"
STAND_IN = "of_the_project"


@dataclass(frozen=True)
class Adaptation:
    """Rewrites what has the name of something that a project supplies, or of one of `constants`:
    assignments, and arguments given to the template's own functions and classes (`names`)."""

    names: dict[str, Any]
    constants: frozenset[str] = frozenset()

    def statement(self, node: ast.stmt) -> ast.stmt:
        """The assignment with its values left to `OwnValues.fitting`."""
        if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
            return node
        new = copy.deepcopy(node)
        assert new.value is not None
        new.value = self.call(new.value)
        targets = new.targets if isinstance(new, ast.Assign) else [new.target]
        if len(targets) == 1:
            new.value = self._fitted(targets[0], new.value)
        return new

    def call(self, value: Expression) -> Expression:
        """`Ours(num_classes=10)`, alone, in a lambda or as partial(Ours, ...), with its arguments
        left to `OwnValues.fitting`."""
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
        if name.lower() not in NAMES_OF_CONSTANTS and name not in self.constants:
            return value
        # Not evaluated yet: it may need what is not there.
        later = ast.Lambda(ast.arguments([], [], None, [], [], None, []), value)
        call = ast.Call(ast.Name(FITTING, ast.Load()), [ast.Constant(name), later], [])
        return ast.fix_missing_locations(ast.copy_location(call, value))


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


class OwnValues:
    """What the rewritten statements call."""

    def __init__(
        self, supplied: dict[str, Any], constants: dict[str, Any], parts: Parts | None,
        facts: dict[str, Any],
    ) -> None:  # fmt: skip
        self._supplied = supplied
        self._constants = constants
        self._parts = parts
        self._facts = facts
        # Name -> (the project's value, the script's), where they differ.
        self.changed: dict[str, tuple[Any, Any]] = {}

    def functions(self) -> dict[str, Any]:
        """What a template's module needs, by name."""
        return {FITTING: self.fitting, STAND_IN: self.stand_in}

    @property
    def note(self) -> str:
        """Which constants are the project's instead of the script's own, or nothing."""
        if not self.changed:
            return ""
        told = (
            f"{name} is {_short(new)} instead of {_short(old)}"
            for name, (new, old) in self.changed.items()
        )
        return f"As the dataset has it: {', '.join(told)}."

    def fitting(self, name: str, own: Any) -> Any:
        """The value that `own()` gives if it agrees with the dataset, else the dataset's."""
        if name in self._constants:
            return self._constants[name]
        supplied = self._supplied.get(name.lower())
        try:
            value = own()
        except NameError:
            if supplied is None:
                raise
            return supplied
        fitting = _like(value, supplied)
        if fitting is None or fitting == value:
            return value
        self.changed[name] = (fitting, value)
        return fitting

    def stand_in(self, what: str, part: str, one_hot: bool) -> Any:
        """The project's rows in the place of the script's."""
        if self._parts is None:
            raise NameError("There are no data here.")
        return stand_in(Rows(what, part, one_hot), self._parts, self._facts)


def _like(value: Any, supplied: Any) -> Any:
    """The supplied value in the form of the script's own, or None where it has no such form."""
    number = isinstance(value, int) and not isinstance(value, bool)
    if number and isinstance(supplied, int):
        return supplied
    if number and isinstance(supplied, tuple) and len(set(supplied)) == 1:
        return supplied[0]
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
