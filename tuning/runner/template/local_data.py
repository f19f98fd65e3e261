"""Data that functions load by themselves, as objective functions of Optuna's examples do.

Within a function a statement that loads data or divides them (`load_iris()`, `mnist.load_data()`,
`train_test_split(x, y)`) gives the project's rows. What the function does to them afterwards is its
own: it may be tuned.
"""

import ast
import copy
from collections.abc import Iterable, Iterator, Mapping, Set

from .adaptation import data_statement, source_statement
from .running import Running
from .script_data import Rows, ScriptData
from .sources import Sources
from .syntax import defines, last_name, run_by

# What a model does, and no loader.
_OF_MODELS = frozenset({
    "fit", "fit_generator", "partial_fit", "fit_predict", "fit_transform", "fit_resample",
    "predict", "predict_proba", "evaluate", "score", "search", "optimize",
})  # fmt: skip
# A reshape to so many rows means all of them.
_MANY = 1_000


def with_local_data(
    body: Iterable[ast.stmt], running: Running, known: Mapping[str, Rows]
) -> list[ast.stmt]:
    """The statements, with the project's rows where functions and methods load data. `known`: what
    names outside of functions stand for."""
    return [_Local(running, known).visit(copy.deepcopy(node)) for node in body]


class _Local(ast.NodeTransformer):
    def __init__(self, running: Running, known: Mapping[str, Rows]) -> None:
        self._running, self._known = running, known

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        data, sources = ScriptData(), Sources(node.body)
        data.names.update(self._known)
        # Names that the function has changed, as by a scaler.
        changed: set[str] = set()
        body: list[ast.stmt] = []
        for part in node.body:
            if isinstance(part, ast.Assign) and _changes_data(part):
                changed |= defines(part)
            body += self._statement(part, data, sources, changed)
        node.body = body
        self.generic_visit(node)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """`x.reshape(60000, 784)` is of all rows, however many the project has."""
        self.generic_visit(node)
        if isinstance(node.func, ast.Attribute) and node.func.attr == "reshape" and node.args:
            first = node.args[0]
            if isinstance(first, ast.Tuple) and first.elts:
                first = first.elts[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, int):
                first.value = -1 if first.value >= _MANY else first.value
        return node

    def _statement(
        self, node: ast.stmt, data: ScriptData, sources: Sources, changed: Set[str]
    ) -> Iterator[ast.stmt]:
        read = _read_by(node)
        loads = isinstance(node, ast.Assign | ast.AnnAssign) and self._loads(node)
        # What it has made of the rows it divides by itself.
        loads = loads and not read & changed
        found = data.learn(node, loads or bool(read & data.names.keys()))
        made = sources.learn(node, found) if loads else {}
        if not (loads and (found or made)):
            yield node
            return
        for name, source in made.items():
            yield ast.fix_missing_locations(source_statement(name, source, node))
        for name, rows in found.items():
            if name not in made:
                yield ast.fix_missing_locations(data_statement(name, rows, node))

    def _loads(self, node: ast.stmt) -> bool:
        if not self._running.runs(node):
            return False
        called = {last_name(part.func) for part in run_by(node) if isinstance(part, ast.Call)}
        return not called & _OF_MODELS


def _read_by(node: ast.stmt) -> set[str]:
    """The names that a statement reads."""
    names = (part for part in ast.walk(node) if isinstance(part, ast.Name))
    return {name.id for name in names if isinstance(name.ctx, ast.Load)}


def _changes_data(node: ast.Assign) -> bool:
    """Whether a statement computes something, rather than taking it out: `x = data["x"]`."""
    made = any(isinstance(part, ast.Call | ast.BinOp) for part in ast.walk(node.value))
    return made and not any(_divides(part) for part in ast.walk(node.value))


def _divides(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    name = last_name(node.func)
    return name == "train_test_split" or name.startswith(("load", "fetch_", "read_", "get_"))
