"""What a template's code is made for, read from its own calls. Parses the code and executes
nothing."""

import ast
import re
import warnings

from .notebooks import without_commands
from .tasks import Task

# Calls that are given inputs and targets.
_SEARCH, _FIT, _PAIRS = "search", "fit", "from_tensor_slices"
# Parts of names of inputs that were damaged on purpose: the target is the same without.
_DAMAGED = re.compile(
    r"(?<![a-z])({0})_|_?({0})(?![a-z])".format("noisy|noise|noised|corrupted|masked"), re.I
)


def task_of_code(code: str) -> str:
    """RECONSTRUCTION of code that gives its inputs as targets, as in `tuner.search(x, x)` or
    `model.fit(x_noisy, x)`; empty if it does not say."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(without_commands(code)[0])
    except (SyntaxError, RecursionError, MemoryError, ValueError):
        return ""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    pairs = {name: [pair for call in calls if _name(call) == name and (pair := _pair(call))]
             for name in (_SEARCH, _FIT, _PAIRS)}  # fmt: skip
    # What a tuner searches with says more than how some other model is fitted.
    asked = pairs[_SEARCH] or [*pairs[_FIT], *pairs[_PAIRS]]
    return str(Task.RECONSTRUCTION) if any(_alike(*pair) for pair in asked) else ""


def _name(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else ""


def _pair(call: ast.Call) -> tuple[ast.expr, ast.expr] | None:
    """The inputs and targets of a call."""
    named = {word.arg: word.value for word in call.keywords if word.arg}
    given = list(call.args)
    if _name(call) == _PAIRS:
        first = given[0] if given else None
        given = first.elts if isinstance(first, ast.Tuple) else []
    x = given[0] if given else named.get("x")
    y = given[1] if len(given) > 1 else named.get("y")
    starred = isinstance(x, ast.Starred) or isinstance(y, ast.Starred)
    return None if x is None or y is None or starred else (x, y)


def _alike(x: ast.expr, y: ast.expr) -> bool:
    x_text, y_text = ast.unparse(x), ast.unparse(y)
    return x_text == y_text or _DAMAGED.sub("", x_text) == y_text
