"""Classes of a script that make its tuner in one of their methods, or have its builder as one."""

import ast
from collections.abc import Iterable

Function = ast.FunctionDef | ast.AsyncFunctionDef


def methods_of(owner: ast.ClassDef) -> list[Function]:
    return [node for node in owner.body if isinstance(node, Function)]


def constructor_of(owner: ast.ClassDef) -> Function | None:
    return next((node for node in methods_of(owner) if node.name == "__init__"), None)


def owner_of(body: Iterable[ast.stmt], function: Function) -> ast.ClassDef | None:
    """The class at the top level whose method the function is."""
    classes = (node for node in body if isinstance(node, ast.ClassDef))
    return next((node for node in classes if function in node.body), None)


def unmade(owner: ast.ClassDef) -> ast.expr:
    """An object of the class whose constructor has not run: it may load data and train."""
    return ast.parse(f"object.__new__({owner.name})", mode="eval").body
