"""Constants of the template's form: whatever a line of the code says, they hold."""

import ast
import copy
from collections.abc import Collection, Iterable, Iterator

from .syntax import DEFINITIONS, defines, first_name, is_import, last_name

# The name under which a template's module finds the function that gives them.
GIVEN_CONSTANT = "constant_of_the_form"


def with_constants(body: Iterable[ast.stmt], constants: Collection[str]) -> list[ast.stmt]:
    """The statements with the constants in place of what they would bind to these names."""
    return [new for node in body for new in _with(node, frozenset(constants))]


def given_constant(node: ast.stmt) -> str:
    """The constant that a statement of `with_constants` binds, or nothing."""
    value = node.value if isinstance(node, ast.Assign) else None
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
        return next(iter(defines(node))) if value.func.id == GIVEN_CONSTANT else ""
    return ""


def _with(node: ast.stmt, constants: frozenset[str]) -> Iterator[ast.stmt]:
    if isinstance(node, DEFINITIONS):
        yield ast.fix_missing_locations(_InDefinitions(constants).visit(copy.deepcopy(node)))
        return
    bound = sorted(defines(node) & constants)
    if not bound or is_import(node):
        yield node
        return
    # A plain assignment need not run. Others may bind more, or do more.
    if not (isinstance(node, ast.Assign | ast.AnnAssign) and set(bound) == defines(node)):
        yield node
    for name in bound:
        new = ast.Assign([ast.Name(name, ast.Store())], _call(name))
        yield ast.fix_missing_locations(ast.copy_location(new, node))


def _call(name: str) -> ast.Call:
    return ast.Call(ast.Name(GIVEN_CONSTANT, ast.Load()), [ast.Constant(name)], [])


class _InDefinitions(ast.NodeTransformer):
    """Within functions and classes: defaults of arguments, and lines that give a name a value
    which depends on nothing local. `filters = filters * 2` and `units = hp.Int(...)` compute
    something of the function's own, so they stay."""

    def __init__(
        self, constants: frozenset[str], arguments: frozenset[str] = frozenset(),
        local: frozenset[str] = frozenset(),
    ) -> None:  # fmt: skip
        """`arguments` of the function, and all names that are `local` to it."""
        self._constants = constants
        self._arguments = arguments
        self._local = local

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        arguments = node.args
        placed = [*arguments.posonlyargs, *arguments.args]
        first = len(placed) - len(arguments.defaults)
        for index, argument in enumerate(placed[first:]):
            if argument.arg in self._constants:
                arguments.defaults[index] = _call(argument.arg)
        for index, argument in enumerate(arguments.kwonlyargs):
            if argument.arg in self._constants and arguments.kw_defaults[index] is not None:
                arguments.kw_defaults[index] = _call(argument.arg)
        named = {
            a.arg for a in (*placed, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg) if a
        }
        self._visit_body(node, named)
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        self._visit_body(node, set())
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        if len(node.targets) == 1:
            node.value = self._value(node.targets[0], node.value)
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if node.value is not None:
            node.value = self._value(node.target, node.value)
        return node

    def _visit_body(self, node: ast.FunctionDef | ast.ClassDef, arguments: set[str]) -> None:
        assigned = {name for part in node.body for name in defines(part)}
        local = self._local | assigned | arguments
        inner = _InDefinitions(self._constants, frozenset(arguments), local)
        node.body = [inner.visit(part) for part in node.body]

    def _value(self, target: ast.expr, value: ast.expr) -> ast.expr:
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            if len(target.elts) == len(value.elts):
                pairs = zip(target.elts, value.elts, strict=True)
                value.elts = [self._value(part, its_value) for part, its_value in pairs]
            return value
        own = first_name(target) == "self" and isinstance(target, ast.Attribute)
        name = last_name(target) if own or isinstance(target, ast.Name) else ""
        read = {node.id for node in ast.walk(value) if isinstance(node, ast.Name)}
        if name not in self._constants or name in self._arguments or read & self._local:
            return value
        return _call(name)
