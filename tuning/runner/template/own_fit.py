"""What a template's own `fit` does to its rows, as far as its statements show it."""

import ast
from collections.abc import Mapping
from types import CodeType

from .syntax import first_name, last_name

# What `fit` is given before its rows: itself, the hyperparameters and the model.
_BEFORE_ROWS = 3
# What of its keyword arguments holds rows.
_ROWS = frozenset({"x", "y"})
_OF_DICTIONARIES = frozenset({"update", "pop", "setdefault", "clear", "popitem"})
# What rows may be given to, and asked for, without being changed in place.
_READERS = frozenset({"adapt", "len"})
_READING = frozenset(
    {"astype", "copy", "get", "max", "mean", "min", "reshape", "std", "sum", "var"}
)


def keeps_rows(tree: ast.Module, code: CodeType) -> bool:
    """Whether `fit`, whose code this is, trains the model on its rows as they came. In doubt, no:
    a call that gets rows may change them in place, unless it is known to leave them alone or is
    one of the template's own functions that does."""
    method = next((node for node in ast.walk(tree) if _is(node, code)), None)
    if not isinstance(method, ast.FunctionDef):
        return False
    plain = [each.arg for each in (*method.args.posonlyargs, *method.args.args)]
    others = [each.arg for each in (method.args.vararg, method.args.kwarg) if each]
    keywords = [each.arg for each in method.args.kwonlyargs]
    rows = frozenset([*plain[_BEFORE_ROWS:], *keywords, *others])
    nodes = list(ast.walk(method))
    model = plain[_BEFORE_ROWS - 1] if len(plain) >= _BEFORE_ROWS else ""
    fits = [
        node for node in nodes if isinstance(node, ast.Call) and _called(node) == (model, "fit")
    ]
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    return (
        bool(fits)
        and all(_trains_on(call, rows) for call in fits)
        and not any(_changes(node, rows | {model}) for node in nodes)
        and not any(_hands_over(node, rows, functions) for node in nodes if node not in fits)
    )


def _is(node: ast.AST, code: CodeType) -> bool:
    return (
        isinstance(node, ast.FunctionDef)
        and node.name == code.co_name
        # The line of the first decorator, if it has one.
        and min([node.lineno, *(each.lineno for each in node.decorator_list)])
        == code.co_firstlineno
    )


def _called(call: ast.Call) -> tuple[str, str]:
    """`model` and `fit` of `model.fit(...)`."""
    function = call.func
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        return function.value.id, function.attr
    return "", ""


def _trains_on(call: ast.Call, rows: frozenset[str]) -> bool:
    """`model.fit(x, y, ...)`, `model.fit(*args, **kwargs)`, `model.fit(x=x, y=y)`."""
    given = [each.value if isinstance(each, ast.Starred) else each for each in call.args]
    given += [word.value for word in call.keywords if word.arg is None or word.arg in _ROWS]
    return bool(given) and all(isinstance(each, ast.Name) and each.id in rows for each in given)


def _hands_over(
    node: ast.AST, rows: frozenset[str], functions: Mapping[str, ast.FunctionDef]
) -> bool:
    """Whether a call may change rows in place."""
    if not isinstance(node, ast.Call):
        return False
    name = last_name(node.func)
    if isinstance(node.func, ast.Attribute) and first_name(node.func) in rows:
        return name not in _READING | _OF_DICTIONARIES
    function = functions.get(name) if isinstance(node.func, ast.Name) else None
    names = [*_parameters(function), *[""] * len(node.args)]
    given = list(zip(names, node.args, strict=False))
    given += [(word.arg or "", word.value) for word in node.keywords]
    taken = [parameter for parameter, value in given if _is_of(value, rows)]
    if not taken or name in _READERS:
        return False
    return function is None or "" in taken or _changes_in_place(function, frozenset(taken))


def _parameters(function: ast.FunctionDef | None) -> list[str]:
    arguments = function.args if function else None
    return [each.arg for each in (*arguments.posonlyargs, *arguments.args)] if arguments else []


def _is_of(value: ast.expr, rows: frozenset[str]) -> bool:
    return first_name(value.value if isinstance(value, ast.Starred) else value) in rows


def _changes_in_place(function: ast.FunctionDef, names: frozenset[str]) -> bool:
    """Whether a function of the template may change these of its arguments. It may give their names
    to something else."""
    return any(
        _hands_over(node, names, {})
        or (isinstance(node, ast.AugAssign) and first_name(node.target) in names)
        or (not isinstance(node, ast.Name) and _changes(node, names))
        for node in ast.walk(function)
    )


def _changes(node: ast.AST, names: frozenset[str]) -> bool:
    """Whether one of them is another, or holds something else, after this."""
    if isinstance(node, ast.Name):
        return node.id in names and not isinstance(node.ctx, ast.Load)
    if isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
        # `kwargs["batch_size"] = ...` leaves the rows alone.
        option = isinstance(node, ast.Subscript) and _is_option(node.slice)
        return first_name(node) in names and not option
    if isinstance(node, ast.Call) and (called := _called(node))[1] in _OF_DICTIONARIES:
        options = all(map(_is_option, node.args[:1])) and not any(
            word.arg is None or word.arg in _ROWS for word in node.keywords
        )
        return called[0] in names and not options
    return False


def _is_option(key: ast.expr) -> bool:
    return isinstance(key, ast.Constant) and isinstance(key.value, str) and key.value not in _ROWS
