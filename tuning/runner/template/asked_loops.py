"""Scripts that ask a study for trials and tell it their values, as if they gave it a function.

A loop around `trial = study.ask()` and `study.tell(trial, value)` becomes an objective function and
`study.optimize(objective, n_trials=…)`: its statements run unchanged, and what it would tell is
what the function returns.
"""

import ast
from collections.abc import Iterable, Sequence

from .syntax import DEFINITIONS, is_none, last_name

_LOOPS = (ast.For, ast.While)
# Arguments of `study.tell` by position.
_TOLD = ("trial", "values", "state")


def asks(call: ast.Call) -> bool:
    """`study.ask()`."""
    return isinstance(call.func, ast.Attribute) and call.func.attr == "ask"


def without_loops(body: Sequence[ast.stmt]) -> list[ast.stmt]:
    """The statements, with a function and `study.optimize` in the place of such a loop."""
    taken = {node.name for node in body if isinstance(node, DEFINITIONS)}
    name = "objective" if "objective" not in taken else "objective_of_the_loop"
    found: list[ast.stmt] = []
    for node in body:
        found += (_optimized(node, name) if isinstance(node, _LOOPS) else None) or [node]
    return found


def _optimized(loop: ast.For | ast.While, name: str) -> list[ast.stmt] | None:
    """What stands for the loop; None if it does not ask and tell, or counts something else."""
    asked = next((node for node in loop.body if _asked(node) is not None), None)
    call = _asked(asked) if asked is not None else None
    count = _count(loop)
    if call is None or not isinstance(asked, ast.Assign) or count is None:
        return None
    trial = last_name(asked.targets[0])
    returning = _Returning(trial)
    place = loop.body.index(asked)
    inside = [*loop.body[:place], *_drawn(call, trial), *loop.body[place + 1 :]]
    inside = [*_counter(loop, trial), *(returning.visit(node) for node in inside)]
    if not returning.tells:
        return None
    study = ast.unparse(call.func.value)  # type: ignore[attr-defined]
    several = f", n_trials={ast.unparse(count[0])}" if count else ""
    alone = _alone(inside, trial)
    if alone is not None:
        return _placed(f"{study}.optimize(lambda {trial}: {alone}{several})", loop)
    made = _placed(f"def {name}({trial}): pass\n{study}.optimize({name}{several})", loop)
    assert isinstance(made[0], ast.FunctionDef)
    made[0].body = inside
    return made


def _asked(node: ast.stmt) -> ast.Call | None:
    """The call in `trial = study.ask()`."""
    if not (isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)):
        return None
    named = len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)
    return node.value if named and asks(node.value) else None


def _count(loop: ast.For | ast.While) -> list[ast.expr] | None:
    """How many trials it asks for, if it says so; None if it counts anything else."""
    if isinstance(loop, ast.While):
        return []
    over = loop.iter
    # Progress bars are around it, as in `for _ in tqdm(range(20))`.
    while isinstance(over, ast.Call) and last_name(over.func) != "range" and over.args:
        over = over.args[0]
    is_range = isinstance(over, ast.Call) and len(over.args) == 1
    return [over.args[0]] if is_range and isinstance(over, ast.Call) else None


def _counter(loop: ast.For | ast.While, trial: str) -> list[ast.stmt]:
    if isinstance(loop, ast.For) and isinstance(loop.target, ast.Name):
        return _placed(f"{loop.target.id} = {trial}.number", loop)
    return []


def _drawn(call: ast.Call, trial: str) -> list[ast.stmt]:
    """What `study.ask(distributions)` draws at once."""
    given = [*call.args, *(word.value for word in call.keywords)]
    if not given:
        return []
    drawn = f"[{trial}._suggest(*item) for item in ({ast.unparse(given[0])}).items()]"
    return _placed(drawn, call)


def _alone(inside: Sequence[ast.stmt], trial: str) -> str | None:
    """A function of the script that alone makes the value: `f(trial)`."""
    last = inside[-1]
    rest = [node for node in inside[:-1] if not _names_only(node)]
    if rest or not (isinstance(last, ast.Return) and isinstance(last.value, ast.Call)):
        return None
    first = next(iter(last.value.args), None)
    return ast.unparse(last.value) if last_name(first) == trial else None


def _names_only(node: ast.stmt) -> bool:
    """The counter of the loop."""
    return isinstance(node, ast.Assign) and last_name(node.value) == "number"


class _Returning(ast.NodeTransformer):
    """`study.tell(trial, value)` returns the value, or ends the trial as the state says."""

    def __init__(self, trial: str, is_inner: bool = False) -> None:
        """`is_inner`: in a loop within, which keeps its own `break` and `continue`."""
        self._trial, self._is_inner = trial, is_inner
        self.tells = False

    def visit_Expr(self, node: ast.Expr) -> ast.stmt:
        call = node.value
        if not isinstance(call, ast.Call) or last_name(call.func) != "tell":
            return node
        given = dict(zip(_TOLD, call.args, strict=False))
        given |= {word.arg: word.value for word in call.keywords if word.arg}
        if "trial" not in given or not self._is_of_it(given["trial"]):
            return node
        self.tells = True
        value = given.get("values")
        if value is not None and not is_none(value):
            return ast.copy_location(ast.Return(value), node)
        state = ast.unparse(given["state"]) if "state" in given else ""
        error = "TrialPruned()" if "PRUNED" in state else "exceptions.OptunaError('told as failed')"
        return _placed(f"raise __import__('optuna').{error}", node)[0]

    def _is_of_it(self, told: ast.expr) -> bool:
        """Whether that is the trial, or its number."""
        names = (part.id for part in ast.walk(told) if isinstance(part, ast.Name))
        return self._trial in names

    def visit_Break(self, node: ast.Break) -> ast.stmt:
        return node if self._is_inner else ast.copy_location(ast.Return(None), node)

    def visit_Continue(self, node: ast.Continue) -> ast.stmt:
        return node if self._is_inner else ast.copy_location(ast.Return(None), node)

    def visit_For(self, node: ast.For) -> ast.stmt:
        return self._inner(node)

    def visit_While(self, node: ast.While) -> ast.stmt:
        return self._inner(node)

    def _inner(self, node: ast.For | ast.While) -> ast.stmt:
        inner = _Returning(self._trial, is_inner=True)
        node.body = [inner.visit(part) for part in node.body]
        node.orelse = [self.visit(part) for part in node.orelse]
        self.tells = self.tells or inner.tells
        return node


def _placed(code: str, where: ast.AST) -> list[ast.stmt]:
    """Statements in the place of a node."""
    made: Iterable[ast.stmt] = ast.parse(code).body
    for node in made:
        for part in ast.walk(node):
            if "lineno" in part._attributes:
                ast.copy_location(part, where)
    return list(made)
