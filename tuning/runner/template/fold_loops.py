"""A script's own cross-validation: a loop over the folds of scikit-learn's around `search()`."""

import ast
from collections.abc import Iterator
from typing import TypeGuard

from .syntax import calls, last_name

_DIVIDERS = frozenset({
    "KFold", "StratifiedKFold", "GroupKFold", "StratifiedGroupKFold", "TimeSeriesSplit",
    "MultilabelStratifiedKFold",
})  # fmt: skip
# What scikit-learn makes of no number.
_DEFAULT = 5


def fold_loop(tree: ast.Module) -> ast.Call | None:
    """The call that makes the folds of `for train, test in KFold(5).split(x): ... tuner.search()`,
    whether it has a name or not; None without such a loop."""
    named = _named(tree)
    for loop in ast.walk(tree):
        if isinstance(loop, ast.For) and _searches(loop):
            for call in ast.walk(loop.iter):
                method = call.func if isinstance(call, ast.Call) else None
                if isinstance(method, ast.Attribute) and method.attr == "split":
                    made = named.get(last_name(method.value), method.value)
                    if _divides(made):
                        return made
    return None


def fold_count(made: ast.Call, tree: ast.Module) -> int | None:
    """How many folds such a call makes; None if the script computes it."""
    given = [*made.args[:1], *(word.value for word in made.keywords if word.arg == "n_splits")]
    if not given:
        return _DEFAULT
    found = _named(tree).get(last_name(given[0]), given[0])
    value = found.value if isinstance(found, ast.Constant) else None
    return value if type(value) is int else None


def _searches(loop: ast.For) -> bool:
    return any(last_name(call.func) == "search" for call in calls(loop.body))


def _divides(node: ast.AST) -> TypeGuard[ast.Call]:
    return isinstance(node, ast.Call) and last_name(node.func) in _DIVIDERS


def _named(tree: ast.Module) -> dict[str, ast.expr]:
    """What names stand for, as far as they are given once."""
    found: dict[str, list[ast.expr]] = {}
    for name, value in _assigned(tree):
        found.setdefault(name, []).append(value)
    return {name: values[0] for name, values in found.items() if len(values) == 1}


def _assigned(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target = node.targets[0]
            if isinstance(target, ast.Name):
                yield target.id, node.value
