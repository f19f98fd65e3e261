"""Which statements of a script make the arguments of its calls: of the one that makes its tuner and
of `tuner.search(...)`. The builder may need none of them, so they are not part of its module."""

import ast
from collections.abc import Container, Iterable, Iterator, Sequence
from functools import cache

from .helpers import Function, constructor_of, methods_of, owner_of, unmade
from .reading import GIVEN
from .running import Running
from .syntax import DEFINITIONS, calls, changes, defines, is_import, last_name, read_by, uses

# How deep one function may call another until one makes the tuner.
_DEPTH = 5


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
    owner = owner_of(body, place)
    caller = _caller(body, place, owner)
    above = _opened(outside, running)
    if caller is not None and depth:
        above = _before(body, caller, running, depth - 1)
    for one in filter(None, (owner, _owner_of_builder(body))):
        above += _instance(body, one, place, running, depth)
    local = _opened(_until(place.body, call), running)
    return [*above, *_parameters(place, caller, owner is not None), *local]


def _instance(
    body: Sequence[ast.stmt], owner: ast.ClassDef, place: Function, running: Running, depth: int
) -> list[ast.stmt]:
    """What makes the object that a method calls `self`, as far as it needs no data."""
    constructor = constructor_of(owner)
    caller = next((c for c in calls(body) if last_name(c.func) == owner.name), None)
    shared = owner is _owner_of_builder(body)
    given = caller if constructor is None else None
    made = [_made(owner, name, given, shared) for name in _selves(owner, constructor, place)]
    if constructor is None or constructor is place:
        return made
    before = _before(body, caller, running, depth - 1) if caller is not None and depth else []
    inside = _opened(constructor.body, running)
    return [*before, *made, *_parameters(constructor, caller, is_method=True), *inside]


def _selves(owner: ast.ClassDef, constructor: Function | None, place: Function) -> Iterator[str]:
    """What its constructor and the method call the object."""
    found = {constructor, place} & {*methods_of(owner)}
    names = {one.args.args[0].arg for one in found if one and one.args.args}
    yield from sorted(names)


def _owner_of_builder(body: Sequence[ast.stmt]) -> ast.ClassDef | None:
    """The class with whose method the template builds, of an object that nothing has made."""
    used = {name for node in body if GIVEN in defines(node) for name in uses(node)}
    if "object" not in used:
        return None
    classes = (node for node in body if isinstance(node, ast.ClassDef))
    return next((node for node in classes if node.name in used), None)


@cache
def _made(owner: ast.ClassDef, name: str, call: ast.Call | None, shared: bool) -> ast.stmt:
    """`self = ...`; always the same statement, so that it is executed once. `shared`: the template
    builds with a method of this object."""
    value: ast.expr = call or unmade(owner)
    if shared:
        value = ast.Attribute(ast.Name(GIVEN, ast.Load()), "__self__", ast.Load())
    statement = ast.Assign([_stored(name, owner)], ast.copy_location(value, owner))
    return ast.fix_missing_locations(ast.copy_location(statement, owner))


def _caller(
    body: Sequence[ast.stmt], place: Function, owner: ast.ClassDef | None
) -> ast.Call | None:
    """A call of the function, or of the class whose constructor it is, from elsewhere."""
    is_constructor = owner is not None and place.name == "__init__"
    name = owner.name if owner is not None and is_constructor else place.name
    within = {part for part in ast.walk(place) if isinstance(part, ast.Call)}
    found = (c for c in calls(body) if c not in within and last_name(c.func) == name)
    return next(found, None)


def _function_around(body: Sequence[ast.stmt], call: ast.Call) -> Function | None:
    """The innermost function whose body makes the call."""
    functions = [
        part
        for node in body
        for part in ast.walk(node)
        if isinstance(part, Function) and any(_contains(inner, call) for inner in part.body)
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


def _parameters(
    function: Function, caller: ast.Call | None, is_method: bool = False
) -> Iterator[ast.stmt]:
    """A function's parameters as assignments: to what its caller gives, else to their defaults."""
    arguments = [*function.args.posonlyargs, *function.args.args]
    plain = arguments[1:] if is_method else arguments
    defaults = function.args.defaults
    values = dict(
        zip([a.arg for a in arguments[len(arguments) - len(defaults) :]], defaults, strict=True)
    )
    only = zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
    values |= {a.arg: default for a, default in only if default is not None}
    if caller is not None and not any(isinstance(a, ast.Starred) for a in caller.args):
        values |= {a.arg: value for a, value in zip(plain, caller.args, strict=False)}
        known = {a.arg for a in (*arguments, *function.args.kwonlyargs)}
        values |= {word.arg: word.value for word in caller.keywords if word.arg in known}
        if function.args.vararg:
            rest = ast.Tuple(caller.args[len(plain) :], ast.Load())
            values[function.args.vararg.arg] = _placed(rest, caller)
        if function.args.kwarg:
            words = [word for word in caller.keywords if word.arg not in known]
            keys: list[ast.expr | None] = [
                ast.Constant(word.arg) if word.arg else None for word in words
            ]
            named = ast.Dict(keys, [word.value for word in words])
            values[function.args.kwarg.arg] = _placed(named, caller)
    for name, value in values.items():
        if not (isinstance(value, ast.Name) and value.id == name):
            yield ast.copy_location(ast.Assign([_stored(name, value)], value), value)


def _placed(value: ast.expr, place: ast.expr) -> ast.expr:
    return ast.fix_missing_locations(ast.copy_location(value, place))


def _stored(name: str, place: ast.expr | ast.stmt) -> ast.Name:
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
