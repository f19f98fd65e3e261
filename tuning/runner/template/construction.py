"""How a script makes its tuner: by which class, and with what to build models."""

import ast
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass

from .helpers import methods_of, unmade
from .running import READY_MADE, is_oracle, is_tuner, oracle_names, tuner_classes
from .syntax import DEFINITIONS, calls, defines, first_name, last_name


@dataclass(frozen=True)
class Construction:
    """The call that makes a script's tuner; what a script without one has is None or empty."""

    call: ast.Call | None = None
    # The template's own class of that tuner.
    tuner: str = ""
    # The name of what builds the models, and the expression if it is more than that name.
    builder: str = ""
    given: ast.expr | None = None


def construction_of(body: Sequence[ast.stmt]) -> Construction:
    """One of the script's own classes goes before KerasTuner's; what is in no function before
    what does, where names may be local ones."""
    own = tuner_classes(body)
    known = {node.name for node in body if isinstance(node, DEFINITIONS)} | ready_made_names(body)
    imported = oracle_names(body)
    oracles = {
        name
        for node in body
        for part in ast.walk(node)
        if isinstance(part, ast.Assign) and _is_oracle(part.value, imported)
        for name in defines(part)
    }
    loose = [node for node in body if not isinstance(node, DEFINITIONS)]
    # A tuner that an own class uses inside is not the script's.
    others = [n for n in body if isinstance(n, DEFINITIONS) and n.name not in own]
    found: list[Construction] = []
    classes = [node for node in body if isinstance(node, ast.ClassDef)]
    parts: list[tuple[Sequence[ast.stmt], bool]] = [(loose, False), (others, True)]
    for part, are_local in parts:
        for call in calls(part):
            name = last_name(call.func)
            if name in own or (is_tuner(name) and not is_oracle(call.func, imported)):
                values = list(_candidates(call, oracles, imported, 2 if name in own else 1))
                builder, given = _builder(values, known, are_local)
                if not builder:
                    builder, given = _method(values, classes, are_local)
                found.append(Construction(call, name if name in own else "", builder, given))
    found.sort(key=lambda one: (not one.tuner, not one.builder))
    return found[0] if found else Construction()


def ready_made_names(body: Iterable[ast.stmt]) -> set[str]:
    """What the script calls KerasTuner's own HyperModels."""
    imports = (node for node in body if isinstance(node, ast.ImportFrom))
    aliases = (alias for node in imports for alias in node.names)
    return {*READY_MADE, *(a.asname for a in aliases if a.asname and a.name in READY_MADE)}


def search_of(body: Sequence[ast.stmt]) -> ast.Call | None:
    """The script's `tuner.search(...)`."""
    own = tuner_classes(body)
    outside = [n for n in body if not (isinstance(n, ast.ClassDef) and n.name in own)]
    found = (call for call in calls(outside) if last_name(call.func) == "search")
    return next((call for call in found if first_name(call.func) not in ("re", "regex")), None)


def _builder(
    values: Iterable[ast.expr], known: Container[str], are_local: bool
) -> tuple[str, ast.expr | None]:
    for value in values:
        name = value.id if isinstance(value, ast.Name) else _called(value)
        if are_local:
            if name in known:
                return name, None
        elif isinstance(value, ast.Name):
            return name, None
        elif name in known:
            return name, value
    return "", None


def _method(
    values: Iterable[ast.expr], classes: Sequence[ast.ClassDef], are_local: bool
) -> tuple[str, ast.expr | None]:
    """`experiment.build` of one of the script's classes, or `self.build` within it."""
    for value in values:
        if not (isinstance(value, ast.Attribute) and isinstance(value.value, ast.Name)):
            continue
        for owner in classes:
            if any(method.name == value.attr for method in methods_of(owner)):
                of_object = ast.Attribute(unmade(owner), value.attr, ast.Load())
                return value.attr, ast.copy_location(of_object, value) if are_local else value
    return "", None


def _candidates(
    call: ast.Call, oracles: set[str], imported: Container[str], most: int
) -> Iterator[ast.expr]:
    """What is given as `hypermodel`, or first of all, before or after an oracle."""
    yield from (word.value for word in call.keywords if word.arg == "hypermodel")
    positional = [
        value
        for value in call.args[:2]
        if last_name(value) not in oracles and not _is_oracle(value, imported)
    ]
    yield from positional[:most]


def _is_oracle(value: ast.expr, imported: Container[str]) -> bool:
    return isinstance(value, ast.Call) and is_oracle(value.func, imported)


def _called(value: ast.expr) -> str:
    """`name` in name(...), partial(name, ...) and lambda hp: name(hp, ...)."""
    if isinstance(value, ast.Lambda):
        value = value.body
    if not isinstance(value, ast.Call):
        return ""
    name = last_name(value.func)
    return last_name(value.args[0]) if name == "partial" and value.args else name
