"""How a script of Optuna's searches: with which objective function, and what it says of its study.

`study.optimize(objective, n_trials=100)` names the function, be it behind a lambda, a partial, an
object with `__call__` or a method; of a loop that asks and tells, `asked_loops.py` makes one. A
file without a study may hold the function alone.
"""

import ast
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from .asked_loops import asks, without_loops
from .construction import Construction
from .helpers import methods_of, unmade
from .openings import opened_function
from .syntax import DEFINITIONS, calls, last_name

TRIAL = "trial"
_CONSTRAINTS = "constraints_func"


@dataclass(frozen=True)
class StudyCalls:
    """The calls of a script about its study; those that it does not have are None or empty."""

    create: ast.Call | None = None
    optimize: ast.Call | None = None
    enqueued: tuple[ast.Call, ...] = ()
    named: ast.Call | None = None
    # The function that a sampler is given for constraints.
    constraints: ast.expr | None = None

    @property
    def all(self) -> list[ast.Call]:
        found = (self.create, self.optimize, self.named, *self.enqueued)
        return [call for call in found if call is not None]


def imports_optuna(body: Iterable[ast.stmt]) -> bool:
    modules: set[str] = set()
    for part in (part for node in body for part in ast.walk(node)):
        if isinstance(part, ast.ImportFrom):
            modules.add(part.module or "")
        elif isinstance(part, ast.Import):
            modules |= {alias.name for alias in part.names}
    return any(module.split(".")[0] == "optuna" for module in modules)


def with_the_study(body: list[ast.stmt]) -> list[ast.stmt]:
    """The statements, with those of the function that optimizes among them. A loop that asks and
    tells a study is one that optimizes."""
    if any(_optimizes(call) for call in calls(body)):
        return _opened_with(body, _optimizes)
    return without_loops(_opened_with(body, asks))


def _opened_with(body: list[ast.stmt], is_it: Callable[[ast.Call], bool]) -> list[ast.stmt]:
    """With the statements of the function that makes such a call, if one does."""
    for node in body:
        if isinstance(node, ast.FunctionDef) and any(map(is_it, calls(node.body))):
            return opened_function(body, node)
    return body


def study_of(body: Sequence[ast.stmt]) -> tuple[StudyCalls, Construction] | None:
    """What a script says of its study, and its objective function as the builder; None if there is
    neither."""
    every = list(calls(body))
    optimize = next((call for call in every if _optimizes(call)), None)
    create = _named(every, "create_study")
    function = _outside(_function_of(optimize), optimize, body) if optimize else _alone(body)
    if function is None:
        return None
    sampler = [word.value for call in every for word in call.keywords if word.arg == _CONSTRAINTS]
    found = StudyCalls(
        create, optimize, tuple(c for c in every if last_name(c.func) == "enqueue_trial"),
        _named(every, "set_metric_names"), sampler[0] if sampler else None,
    )  # fmt: skip
    if isinstance(function, ast.Name):
        return found, Construction(builder=function.id)
    return found, Construction(builder=_shown(function) or "objective", given=function)


def _optimizes(call: ast.Call) -> bool:
    """`study.optimize(f, ...)`, but not scipy's `optimize.minimize` nor `model.optimize()`."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr != "optimize":
        return False
    return _function_of(call) is not None


def _function_of(call: ast.Call) -> ast.expr | None:
    named = [word.value for word in call.keywords if word.arg == "func"]
    return next(iter([*call.args[:1], *named]), None)


def _outside(
    function: ast.expr | None, optimize: ast.Call, body: Sequence[ast.stmt]
) -> ast.expr | None:
    """`Experiment(x).run` for the `self.run` of a method that optimizes: of the object that the
    script makes, else of one without its `__init__`."""
    if not (isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name)):
        return function
    owner = next(
        (n for n in body if isinstance(n, ast.ClassDef) and any(c is optimize for c in calls([n]))),
        None,
    )
    if owner is None or function.attr not in {method.name for method in methods_of(owner)}:
        return function
    loose = [node for node in body if not isinstance(node, DEFINITIONS)]
    made = next((call for call in calls(loose) if last_name(call.func) == owner.name), None)
    of_object = ast.Attribute(made or unmade(owner), function.attr, ast.Load())
    return ast.copy_location(of_object, made or function)


def _named(every: Iterable[ast.Call], name: str) -> ast.Call | None:
    return next((call for call in every if last_name(call.func) == name), None)


def _alone(body: Iterable[ast.stmt]) -> ast.expr | None:
    """The one function of a trial that no other one calls, in a file without a study."""
    functions = [node for node in body if isinstance(node, ast.FunctionDef) and _of_trial(node)]
    called = {last_name(call.func) for node in functions for call in calls(node.body)}
    leaves = [node for node in functions if node.name not in called]
    if len(leaves) == 1:
        return ast.copy_location(ast.Name(leaves[0].name, ast.Load()), leaves[0])
    return None


def _of_trial(node: ast.FunctionDef) -> bool:
    arguments = [*node.args.posonlyargs, *node.args.args]
    return bool(arguments) and arguments[0].arg == TRIAL


def _shown(function: ast.expr) -> str:
    """What people call it: `objective` in a lambda or a partial of it."""
    value = function.body if isinstance(function, ast.Lambda) else function
    while isinstance(value, ast.Call) and isinstance(value.func, ast.Call):
        value = value.func
    if isinstance(value, ast.Call):
        partial = last_name(value.func) == "partial" and value.args
        return last_name(value.args[0] if partial else value.func)
    return last_name(value)
