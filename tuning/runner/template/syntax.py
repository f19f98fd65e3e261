"""Questions about a template's statements, answered without running them."""

import ast
import dis
from collections.abc import Iterable, Iterator
from functools import cache
from types import CodeType

DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@cache
def uses(node: ast.stmt) -> frozenset[str]:
    """The global names that a statement reads, in the bodies that it defines too."""
    return frozenset(_loaded(compile(ast.Module([node], []), "<template>", "exec")))


def _loaded(code: CodeType) -> Iterator[str]:
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield instruction.argval
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _loaded(constant)


@cache
def defines(node: ast.stmt) -> frozenset[str]:
    """The names that a top-level statement binds."""
    found: set[str] = set()
    for part in run_by(node):
        if isinstance(part, DEFINITIONS):
            found.add(part.name)
        elif isinstance(part, ast.Import | ast.ImportFrom):
            found |= {bound(alias, part) for alias in part.names}
        elif isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            found.add(part.id)
    return frozenset(found)


def bound(alias: ast.alias, node: ast.Import | ast.ImportFrom) -> str:
    """The name that one part of an import binds."""
    if alias.asname or isinstance(node, ast.ImportFrom):
        return alias.asname or alias.name
    return alias.name.split(".")[0]


def run_by(node: ast.AST) -> Iterator[ast.AST]:
    """A node and all below it that run when it runs."""
    yield node
    if isinstance(node, (*DEFINITIONS, ast.Lambda)):
        return
    for child in ast.iter_child_nodes(node):
        yield from run_by(child)


def is_none(node: ast.expr) -> bool:
    """Whether `None` is written there."""
    return isinstance(node, ast.Constant) and node.value is None


def calls(nodes: Iterable[ast.stmt]) -> Iterator[ast.Call]:
    """All calls in the statements, in the bodies that they define too."""
    for node in nodes:
        yield from (part for part in ast.walk(node) if isinstance(part, ast.Call))


def read_by(value: ast.expr) -> frozenset[str]:
    """The global names that an expression reads."""
    return uses(ast.copy_location(ast.Expr(value), value))


def last_name(node: ast.AST | None) -> str:
    """`c` of `a.b.c`, or nothing."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def first_name(node: ast.AST | None) -> str:
    """`a` of `a.b[0].c`, or nothing."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def _unpacked(target: ast.expr) -> Iterator[ast.expr]:
    """`a` and `b.c` of `a, b.c = ...`."""
    if isinstance(target, ast.Tuple | ast.List):
        for part in target.elts:
            yield from _unpacked(part)
    else:
        yield target


def is_import(node: ast.AST) -> bool:
    return isinstance(node, ast.Import | ast.ImportFrom)


def is_main(node: ast.stmt) -> bool:
    """`if __name__ == "__main__":`, which is never true of a template."""
    return isinstance(node, ast.If) and any(
        isinstance(n, ast.Name) and n.id == "__name__" for n in ast.walk(node.test)
    )


def changes(node: ast.stmt, names: set[str]) -> bool:
    """Whether a loose statement does something to one of the names, as `layer.adapt(x)`,
    `base.trainable = False` or a loop over `base.layers`."""
    if isinstance(node, DEFINITIONS) or is_import(node):
        return False
    if isinstance(node, ast.Expr):
        call = node.value
        return (
            isinstance(call, ast.Call)
            and isinstance(call.func, ast.Attribute)
            and first_name(call.func) in names
        )
    if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return any(
            not isinstance(part, ast.Name) and first_name(part) in names
            for target in targets
            for part in _unpacked(target)
        )
    if isinstance(node, ast.For | ast.With | ast.If):
        within = set(names)
        if (
            isinstance(node, ast.For)
            and {n.id for n in ast.walk(node.iter) if isinstance(n, ast.Name)} & names
        ):
            within |= {n.id for n in ast.walk(node.target) if isinstance(n, ast.Name)}
        return any(changes(inner, within) for inner in [*node.body, *getattr(node, "orelse", [])])
    return False
