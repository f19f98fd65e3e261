"""Running a template's code as a module. There is no file of it."""

import ast
import linecache
import sys
from types import ModuleType
from typing import Any

from tuning.runner.failures import TEMPLATE_FILE

_MODULE = "template"


class _Source:
    """Where Python finds a template's text: there is no file."""

    def __init__(self, code: str) -> None:
        self._code = code

    def get_source(self, name: str) -> str:
        return self._code


def execute(code: str, tree: ast.Module, given: dict[str, Any]) -> ModuleType:
    """Run the code as a module. Its lines appear in tracebacks although there is no file."""
    # A modification time of None keeps the entry when linecache looks for changed files.
    lines = code.splitlines(keepends=True)
    linecache.cache[TEMPLATE_FILE] = (len(code), None, lines, TEMPLATE_FILE)
    module = ModuleType(_MODULE)
    module.__file__ = TEMPLATE_FILE
    # TensorFlow's AutoGraph, which turns the `if` of a tf.function into a graph, has it read again.
    module.__loader__ = _Source(code)  # type: ignore[assignment]
    module.__dict__.update(given)
    # Importable by name: dataclasses and Keras's serialisation look a class's module up.
    sys.modules[_MODULE] = module
    # A script that reads its arguments gets none, so that its own defaults hold.
    sys.argv = [TEMPLATE_FILE]
    exec(compile(tree, TEMPLATE_FILE, "exec"), module.__dict__)  # noqa: S102
    return module
