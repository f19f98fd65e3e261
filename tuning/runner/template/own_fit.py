"""What a template's own `fit` does to its rows, as far as its statements show it."""

import ast
from types import CodeType

from .syntax import first_name

# What `fit` is given before its rows: itself, the hyperparameters and the model.
_BEFORE_ROWS = 3
# What of its keyword arguments holds rows.
_ROWS = frozenset({"x", "y"})
_OF_DICTIONARIES = frozenset({"update", "pop", "setdefault", "clear", "popitem"})


def keeps_rows(tree: ast.Module, code: CodeType) -> bool:
    """Whether `fit`, whose code this is, trains the model on its rows as they came. In doubt, no.
    That a function which it calls changes them in place is not seen; rows are read-only."""
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
    return (
        bool(fits)
        and all(_trains_on(call, rows) for call in fits)
        and not any(_changes(node, rows | {model}) for node in nodes)
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
