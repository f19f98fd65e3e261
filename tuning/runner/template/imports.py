"""Imports of what is not installed here: they fail where they are used, and only there."""

import ast
import importlib.util
from collections.abc import Iterable
from typing import Any, NoReturn

from tuning.runner.failures import TemplateError

from .removed_names import removed_module
from .syntax import bound


def absent_imports(body: Iterable[ast.stmt]) -> dict[str, str]:
    """Name -> module, of the top-level imports of packages that are not installed."""
    return {
        bound(alias, node): module
        for node in body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
        if (module := _module(node, alias)) and not _is_installed(module)
    }


def _module(node: ast.Import | ast.ImportFrom, alias: ast.alias) -> str:
    if isinstance(node, ast.Import):
        # `import keras.old` binds keras, which is here.
        return alias.name if alias.asname else alias.name.split(".")[0]
    return "" if node.level else node.module or ""


def _is_installed(module: str) -> bool:
    """Of Keras's own modules, which it makes as it is imported, only old ones are known to miss."""
    if removed_module(module):
        return False
    package = module.split(".")[0]
    try:
        return importlib.util.find_spec(package) is not None
    except ValueError:  # One without a spec, as `__main__`.
        return True


def without_absent(node: ast.stmt, absent: dict[str, str]) -> ast.stmt | None:
    """The import without names that are in `absent`; None if nothing is left of it."""
    if not isinstance(node, ast.Import | ast.ImportFrom):
        return node
    kept = [alias for alias in node.names if bound(alias, node) not in absent]
    if len(kept) == len(node.names):
        return node
    if not kept:
        return None
    if isinstance(node, ast.Import):
        return ast.copy_location(ast.Import(kept), node)
    return ast.copy_location(ast.ImportFrom(node.module, kept, node.level), node)


class Absent:
    """In the place of a module, or of something in it, that is not installed on this worker."""

    def __init__(self, module: str) -> None:
        # No attribute of its own has a name that a template would ask for.
        self.__dict__["_module"] = module

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            # Asked by Python itself, as of `__wrapped__`.
            raise AttributeError(name)
        self._refuse()

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        self._refuse()

    def __mro_entries__(self, bases: tuple[Any, ...]) -> NoReturn:
        self._refuse()

    def _refuse(self) -> NoReturn:
        module = self.__dict__["_module"]
        raise TemplateError(removed_module(module) or absence(module))


def absence(module: str) -> str:
    return f"The template imports {module}, which is not installed on this worker."
