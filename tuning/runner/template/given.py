"""What a script gives to its tuner and to its search, under the names of the parameters.

What a script gives to its tuner and to `search()` is evaluated apart from the module that builds
models: `template/surroundings.py` finds the statements that the arguments depend on (imports,
variables, what a function's caller passes, what a class's constructor assigns to `self`:
`helpers.py`), `template/given.py` executes them in a copy of the module's names and gives each
argument under its parameter's name, or UNKNOWN. `template/proposed.py` takes the objective from
there.
"""

import ast
import inspect
from collections.abc import Iterable, Iterator, Sequence
from types import ModuleType
from typing import Any

import keras
import keras_tuner as kt
from keras_tuner.engine.base_tuner import BaseTuner

from tuning.runner.failures import TEMPLATE_FILE

from .syntax import last_name
from .unknown import Unknown

# In place of an argument that only running the script would give a value.
UNKNOWN = object()


class Given:
    """The arguments of the two calls. Each is evaluated by itself, in the template's module and
    with the statements that the builder does not need; one that depends on what is not run (the
    script's data) is UNKNOWN."""

    def __init__(
        self, module: ModuleType, around: Iterable[ast.stmt], construction: ast.Call | None,
        search: ast.Call | None, rows: dict[str, Any] | None = None,
        searched: Sequence[str] = (),
    ) -> None:  # fmt: skip
        """`rows`: the project's, under the names that the script's own data have. `searched`: the
        parameters that `tuner.search` has in the template, if not those of `Model.fit`."""
        self._searched = searched or list(inspect.signature(keras.Model.fit).parameters)[1:]
        self._names = dict(vars(module)) | (rows or {})
        self._bound = _assigned(around)
        self._added = _added(around)
        self._construction = construction
        self._search = search
        for statement in around:
            _execute(statement, self._names)

    def to_tuner(self) -> dict[str, Any]:
        """What the tuner's constructor is called with."""
        return {n: self.value(node) for n, node in self.tuner_arguments().items()}

    def to_search(self) -> dict[str, Any]:
        """What `tuner.search` is called with: the arguments of `Model.fit`."""
        return {n: self.value(node) for n, node in self.search_arguments().items()}

    def tuner_arguments(self) -> dict[str, ast.expr]:
        """The same as expressions of the script, which know their lines."""
        if self._construction is None:
            return {}
        parameters = parameters_of(self.tuner_class()[0]).values()
        by_position = [p.name for p in parameters if p.kind != p.KEYWORD_ONLY]
        return self.named(self._construction, by_position)

    def search_arguments(self) -> dict[str, ast.expr]:
        if self._search is None:
            return {}
        return self.named(self._search, list(self._searched))

    def oracle_arguments(self) -> dict[str, ast.expr]:
        """What the oracle is made with that the tuner is given, if that is in the script."""
        found, call = self.oracle_class()
        return self.named(call, list(parameters_of(found))) if call is not None else {}

    def oracle_class(self) -> tuple[Any, ast.Call | None]:
        """The class of that oracle and the call that makes it."""
        for node in self.tuner_arguments().values():
            call = self.expression(node)
            found = self.value(call.func) if isinstance(call, ast.Call) else None
            is_oracle = inspect.isclass(found) and issubclass(found, kt.Oracle)
            if isinstance(call, ast.Call) and is_oracle:
                return found, call
        return None, None

    def expression(self, node: ast.expr) -> ast.expr:
        """What a name or `self.x` was bound to last, or the expression itself."""
        return self._bound.get(_path(node), node)

    def added(self, name: str) -> list[ast.expr]:
        """What statements of their own add to the list of that name, as lists."""
        return self._added.get(name, [])

    def value(self, node: ast.expr) -> Any:
        """The value of an expression, or UNKNOWN."""
        try:
            value = eval(compile(ast.Expression(node), TEMPLATE_FILE, "eval"), self._names)  # noqa: S307
        except Exception:  # noqa: BLE001  the template's own code
            return UNKNOWN
        return UNKNOWN if isinstance(value, Unknown) else value

    def tuner_class(self) -> tuple[Any, ast.expr | None]:
        """The class of the script's tuner, its own or KerasTuner's of that name, and where the
        script names it."""
        if self._construction is None:
            return None, None
        name = self._construction.func
        found = self.value(name)
        if not (inspect.isclass(found) and issubclass(found, BaseTuner | kt.Oracle)):
            found = getattr(kt, last_name(name), kt.RandomSearch)
        return (found if inspect.isclass(found) else kt.RandomSearch), name

    def named(self, call: ast.Call, parameters: list[str]) -> dict[str, ast.expr]:
        """The arguments of a call; `parameters` are the names of those by position."""
        positional = [node for part in call.args for node in self._unpacked(part)]
        named = dict(zip(parameters, positional, strict=False))
        for word in call.keywords:
            named |= {word.arg: word.value} if word.arg else self._unpacked_words(word.value)
        return named

    def _unpacked(self, node: ast.expr) -> list[ast.expr]:
        """The elements of `*arguments`, or the argument itself."""
        if not isinstance(node, ast.Starred):
            return [node]
        value = self.value(node.value)
        count = len(value) if isinstance(value, list | tuple) else 0
        return [_item(node.value, index) for index in range(count)]

    def _unpacked_words(self, node: ast.expr) -> dict[str, ast.expr]:
        """The entries of `**settings`."""
        value = self.value(node)
        written = _entries(self.expression(node))
        return {
            name: written[name] if self._is(written.get(name), item) else _item(node, name)
            for name, item in (value.items() if isinstance(value, dict) else ())
            if isinstance(name, str)
        }

    def _is(self, node: ast.expr | None, value: Any) -> bool:
        """Whether an entry as it is written is what the dictionary still holds."""
        try:
            return node is not None and bool(self.value(node) == value)
        except Exception:  # noqa: BLE001  values of the template's own code
            return False


def parameters_of(own: Any) -> dict[str, inspect.Parameter]:
    """Those of a class's constructor and, as long as each passes on what it does not know, of
    those that it extends, up to KerasTuner's."""
    found: dict[str, inspect.Parameter] = {}
    for constructor, is_kerastuners in _constructors(own):
        parameters = list(inspect.signature(constructor).parameters.values())[1:]
        for parameter in parameters:
            if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                found.setdefault(parameter.name, parameter)
        passes_on = any(p.kind == p.VAR_KEYWORD for p in parameters)
        if is_kerastuners or not passes_on:
            break
    return found


def _constructors(own: Any) -> Iterator[tuple[Any, bool]]:
    for kind in own.__mro__:
        if "__init__" in vars(kind):
            yield vars(kind)["__init__"], kind.__module__.startswith("keras_tuner")


def _execute(statement: ast.stmt, names: dict[str, Any]) -> None:
    """Execute a statement; if it fails, what it would have bound stays unknown."""
    tree = ast.fix_missing_locations(ast.Module([statement], []))
    try:
        exec(compile(tree, TEMPLATE_FILE, "exec"), names)  # noqa: S102
    except (Exception, SystemExit):  # noqa: BLE001  the template's own code
        return


def _assigned(statements: Iterable[ast.stmt]) -> dict[str, ast.expr]:
    """Name, or `self.x` -> the expression that it is bound to last."""
    return {
        _path(target): node.value
        for node in statements
        if isinstance(node, ast.Assign)
        for target in node.targets
        if _path(target)
    }


def _path(node: ast.expr) -> str:
    """`a` or `a.b`, or nothing."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def _entries(node: ast.expr) -> dict[str, ast.expr]:
    """Those of `{"a": 1}` or `dict(a=1)` as they are written."""
    if isinstance(node, ast.Call) and last_name(node.func) == "dict":
        return {word.arg: word.value for word in node.keywords if word.arg}
    if not isinstance(node, ast.Dict):
        return {}
    pairs = zip(node.keys, node.values, strict=True)
    return {
        key.value: value
        for key, value in pairs
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
    }


def _added(statements: Iterable[ast.stmt]) -> dict[str, list[ast.expr]]:
    """Name -> what `name.append(...)`, `name.extend([...])` and `name += [...]` add to it."""
    found: dict[str, list[ast.expr]] = {}
    for node in statements:
        match node:
            case ast.Expr(ast.Call(ast.Attribute(ast.Name(name), "append"), [value])):
                more: ast.expr = ast.copy_location(ast.List([value], ast.Load()), value)
            case ast.Expr(ast.Call(ast.Attribute(ast.Name(name), "extend"), [value])):
                more = value
            case ast.AugAssign(ast.Name(name), ast.Add(), value):
                more = value
            case _:
                continue
        found.setdefault(name, []).append(more)
    return found


def _item(node: ast.expr, key: Any) -> ast.expr:
    item = ast.Subscript(node, ast.Constant(key), ast.Load())
    ast.fix_missing_locations(ast.copy_location(item, node))
    # Its text is not what is in that place of the script.
    item.end_col_offset = None
    return item
