"""Scripts that are in a function or under `if __name__ == "__main__":`, as if they did not."""

import ast
from collections.abc import Callable, Sequence

from .syntax import is_main

HasBuilder = Callable[[Sequence[ast.stmt]], bool]


def opened(body: list[ast.stmt], has_builder: HasBuilder) -> list[ast.stmt]:
    """The top-level statements, with those of a main block among them; without any builder also
    those of the function that holds one. The same list if there is nothing to open."""
    if any(is_main(node) for node in body):
        body = [inner for node in body for inner in _of_main(node)]
    if has_builder(body):
        return body
    for node in body:
        if (
            isinstance(node, ast.FunctionDef)
            and has_builder(node.body)
            and not _gives_a_function(node)
        ):
            return opened_function(body, node)
    return body


def opened_function(body: Sequence[ast.stmt], function: ast.FunctionDef) -> list[ast.stmt]:
    """The statements, with those of the function in its place."""
    inside = [*_parameters(function), *(n for n in function.body if not _leaves(n))]
    return [inner for node in body for inner in (inside if node is function else [node])]


def _of_main(node: ast.stmt) -> list[ast.stmt]:
    return node.body if isinstance(node, ast.If) and is_main(node) else [node]


def _parameters(function: ast.FunctionDef) -> list[ast.stmt]:
    """What its defaults are, as assignments."""
    arguments = [*function.args.posonlyargs, *function.args.args]
    defaults = function.args.defaults
    return [
        ast.copy_location(ast.Assign([_stored(argument, default)], default), default)
        for argument, default in zip(
            arguments[len(arguments) - len(defaults) :], defaults, strict=True
        )
    ]


def _stored(argument: ast.arg, place: ast.expr) -> ast.Name:
    return ast.copy_location(ast.Name(argument.arg, ast.Store()), place)


def _gives_a_function(function: ast.FunctionDef) -> bool:
    """Whether it makes a builder for a person who calls it, rather than using it."""
    made = {node.name for node in function.body if isinstance(node, ast.FunctionDef)}
    returned = (n.value for n in function.body if isinstance(n, ast.Return))
    return any(isinstance(value, ast.Name) and value.id in made for value in returned)


def _leaves(node: ast.stmt) -> bool:
    """Whether a statement of the function cannot stand outside of one."""
    return not isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef) and any(
        isinstance(n, ast.Return | ast.Yield | ast.YieldFrom | ast.Await | ast.Nonlocal)
        for n in ast.walk(node)
    )
