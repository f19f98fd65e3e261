"""Which statements of a script make the arguments of its calls: of the one that makes its tuner and
of `tuner.search(...)`. The builder may need none of them, so they are not part of its module."""

import ast
from collections.abc import Container, Iterable, Iterator, Sequence

from .running import Running
from .syntax import DEFINITIONS, calls, changes, defines, is_import, last_name, read_by, uses

# How deep one function may call another until one makes the tuner.
_DEPTH = 5
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def statements_for(
    body: Sequence[ast.stmt], wanted: Iterable[ast.Call | None], running: Running
) -> list[ast.stmt]:
    """The statements, in their order, that give the names in the wanted calls their values: those
    of the module, then those of the function that makes the call. None that loads data or trains.
    """
    found: list[ast.stmt] = []
    for call in wanted:
        if call is None:
            continue
        known = _before(body, call, running, _DEPTH)
        names = {name for part in _parts(call) for name in read_by(part)}
        found += [node for node in _needed(known, names) if node not in found]
    return found


def names_of_settings(calls: Iterable[ast.Call | None], data: Container[str]) -> set[str]:
    """The names in the calls' arguments, without those of data that are handed over as they are."""
    arguments = [part for call in calls if call is not None for part in _parts(call)[1:]]
    plain = [_are_data(argument, data) for argument in arguments]
    pairs = zip(arguments, plain, strict=True)
    return {name for argument, is_data in pairs if not is_data for name in read_by(argument)}


def _are_data(argument: ast.expr, data: Container[str]) -> bool:
    """`x_train`, `(x_val, y_val)`"""
    if isinstance(argument, ast.Tuple | ast.List):
        return all(_are_data(part, data) for part in argument.elts)
    return isinstance(argument, ast.Name) and argument.id in data


def _parts(call: ast.Call) -> list[ast.expr]:
    arguments = [a.value if isinstance(a, ast.Starred) else a for a in call.args]
    return [call.func, *arguments, *(word.value for word in call.keywords)]


def _before(
    body: Sequence[ast.stmt], call: ast.Call, running: Running, depth: int
) -> list[ast.stmt]:
    """What is executed before the call, as far as that is known without running it."""
    place = _function_around(body, call)
    if place is None:
        return _opened(_until(body, call), running)
    outside = [node for node in body if not _contains(node, call) or isinstance(node, DEFINITIONS)]
    caller = next((c for c in calls(body) if c is not call and _is_call_of(c, place)), None)
    above = _opened(outside, running)
    if caller is not None and depth:
        above = _before(body, caller, running, depth - 1)
    local = _opened(_until(place.body, call), running)
    return [*above, *_parameters(place, caller), *local]


def _function_around(body: Sequence[ast.stmt], call: ast.Call) -> _Function | None:
    """The innermost function whose body makes the call."""
    functions = [
        part
        for node in body
        for part in ast.walk(node)
        if isinstance(part, _Function) and any(_contains(inner, call) for inner in part.body)
    ]
    # Those inside come later.
    return functions[-1] if functions else None


def _contains(node: ast.AST, call: ast.Call) -> bool:
    return any(part is call for part in ast.walk(node))


def _until(body: Sequence[ast.stmt], call: ast.Call) -> list[ast.stmt]:
    """The statements up to the one with the call. That one too if it is a block: what comes before
    the call in it counts as well."""
    for place, node in enumerate(body):
        if _contains(node, call):
            inside = _until(_block(node), call) if _block(node) else []
            return [*body[:place], *inside]
    return list(body)


def _opened(body: Iterable[ast.stmt], running: Running) -> list[ast.stmt]:
    """The statements that may be executed here. Of a block that runs something, what it holds."""
    found: list[ast.stmt] = []
    for node in body:
        if not running.runs(node):
            found.append(node)
        elif inner := _block(node):
            found += _opened(inner, running)
    return found


def _block(node: ast.stmt) -> list[ast.stmt]:
    """What a statement does in any case, or may do first."""
    return node.body if isinstance(node, ast.With | ast.Try | ast.If | ast.For) else []


def _is_call_of(call: ast.Call, function: _Function) -> bool:
    return last_name(call.func) == function.name


def _parameters(function: _Function, caller: ast.Call | None) -> Iterator[ast.stmt]:
    """A function's parameters as assignments: to what its caller gives, else to their defaults."""
    arguments = [*function.args.posonlyargs, *function.args.args]
    defaults = function.args.defaults
    values = dict(
        zip([a.arg for a in arguments[len(arguments) - len(defaults) :]], defaults, strict=True)
    )
    only = zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
    values |= {a.arg: default for a, default in only if default is not None}
    if caller is not None and not any(isinstance(a, ast.Starred) for a in caller.args):
        values |= {a.arg: value for a, value in zip(arguments, caller.args, strict=False)}
        values |= {word.arg: word.value for word in caller.keywords if word.arg}
    for name, value in values.items():
        if not (isinstance(value, ast.Name) and value.id == name):
            yield ast.copy_location(ast.Assign([_stored(name, value)], value), value)


def _stored(name: str, place: ast.expr) -> ast.Name:
    return ast.copy_location(ast.Name(name, ast.Store()), place)


def _needed(body: Sequence[ast.stmt], names: set[str]) -> list[ast.stmt]:
    """Those that the names depend on, and what changes the things that have these names."""
    chosen: set[int] = set()
    wanted = set(names)
    while True:
        made = {n for place in chosen if not is_import(body[place]) for n in defines(body[place])}
        more = {
            place
            for place, node in enumerate(body)
            if place not in chosen and (defines(node) & wanted or changes(node, made))
        }
        if not more:
            return [node for place, node in enumerate(body) if place in chosen]
        chosen |= more
        wanted |= {name for place in more for name in uses(body[place])}
