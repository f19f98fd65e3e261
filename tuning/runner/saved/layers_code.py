"""The part of a template's code that its saved model needs: classes and functions that are
registered with Keras, and what they use."""

import ast
import textwrap
from typing import Any

from tuning.runner.failures import CannotSave
from tuning.runner.template.code import Template
from tuning.runner.template.syntax import DEFINITIONS, defines, is_import, uses

_HEAD = """\
# Code of the model template that its saved model refers to. Import this module before the model
# is loaded: that registers the code with Keras.
"""


def layers_code(template: Template, registered: dict[str, Any]) -> str:
    """A module that registers these objects (by the names under which Keras knows them), as text.
    Raises CannotSave for what is defined inside a function."""
    wanted = {_top_level_name(item) for item in registered.values()}
    chosen: set[ast.stmt] = set()
    body = template.script.tree.body
    while True:
        needed = wanted | {name for node in chosen for name in uses(node)}
        more = {node for node in body if node not in chosen and defines(node) & needed}
        if not more:
            break
        chosen |= more
    text = [_text(node, template) for node in body if node in chosen]
    return "\n\n".join([_HEAD.rstrip("\n"), *text, *_registrations(registered, chosen)]) + "\n"


def _top_level_name(item: Any) -> str:
    name: str = getattr(item, "__qualname__", type(item).__qualname__)
    if "<locals>" in name:
        raise CannotSave(
            f"Trained models of this template cannot be downloaded as they are: "
            f"{item.__name__} is defined inside a function. Move it to the top level of the code."
        )
    return name.partition(".")[0]


def _text(node: ast.stmt, template: Template) -> str:
    """A statement's own lines; a constant with the value that it has in this project."""
    [name, *others] = sorted(defines(node))
    if isinstance(node, ast.Assign | ast.AnnAssign) and not others:
        value = vars(template.module).get(name)
        if _is_literal(value):
            return f"{name} = {value!r}"
    if is_import(node):
        return ast.unparse(node)
    first = node.lineno
    if isinstance(node, DEFINITIONS):
        first = min([first, *(decorator.lineno for decorator in node.decorator_list)])
    lines = template.code.split("\n")[first - 1 : node.end_lineno]
    return textwrap.dedent("\n".join(line.rstrip() for line in lines))


def _is_literal(value: Any) -> bool:
    if not isinstance(value, bool | int | float | str | list | tuple | dict):
        return False
    try:
        return bool(ast.literal_eval(repr(value)) == value)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return False


def _registrations(registered: dict[str, Any], chosen: set[ast.stmt]) -> list[str]:
    """Lines for what the template registers without a decorator."""
    decorated = {
        node.name
        for node in chosen
        if isinstance(node, DEFINITIONS)
        and any("register_keras_serializable" in ast.unparse(d) for d in node.decorator_list)
    }
    loose = {key: _top_level_name(item) for key, item in registered.items()}
    lines = [
        f"keras.saving.get_custom_objects()[{key!r}] = {name}"
        for key, name in loose.items()
        if name not in decorated
    ]
    return ["\n".join(["import keras", "", *lines])] if lines else []
