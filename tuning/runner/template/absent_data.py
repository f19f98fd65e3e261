"""Data that a script uses and never makes: cells of a notebook are often pasted without those that
load them."""

import ast
import builtins
from collections.abc import Iterator, Sequence

from .script_data import by_name, says_what
from .syntax import bound, uses

# What "loads" them: nothing by that name is ever called.
LOADER = "the_data_of_the_project"


def with_absent_data(tree: ast.Module, body: Sequence[ast.stmt]) -> list[ast.stmt]:
    """The statements, with one in front for each name of data that nothing in the whole file binds,
    as if it loaded them."""
    known = {*_bound(tree), *vars(builtins)}
    first: dict[str, int] = {}
    for node in body:
        for name in sorted(uses(node) - known):
            if by_name(name) and says_what(name):
                first.setdefault(name, node.lineno)
    start = _after_future(body)
    return [*body[:start], *(_loading(name, line) for name, line in first.items()), *body[start:]]


def is_absent(node: ast.stmt) -> bool:
    """Whether it is one of these statements."""
    match node:
        case ast.Assign(value=ast.Call(func=ast.Name(id=name))):
            return name == LOADER
    return False


def _after_future(body: Sequence[ast.stmt]) -> int:
    """The first place behind `from __future__ import ...`, which Python wants at the top."""
    futures = (isinstance(n, ast.ImportFrom) and n.module == "__future__" for n in body)
    return max((place + 1 for place, is_future in enumerate(futures) if is_future), default=0)


def _bound(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.ClassDef(name=name):
                yield name
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                yield from (bound(alias, node) for alias in names)


def _loading(name: str, line: int) -> ast.stmt:
    call = ast.Call(ast.Name(LOADER, ast.Load()), [], [])
    statement = ast.Assign([ast.Name(name, ast.Store())], call, lineno=line, col_offset=0)
    statement.end_lineno, statement.end_col_offset = line, 0
    return ast.fix_missing_locations(statement)
