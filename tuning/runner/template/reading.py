"""Which statements of a script are kept: its builders and what they need, without its data."""

import ast
from collections.abc import Iterable

from .absent_data import is_absent
from .adaptation import Adaptation, data_statement, fit_statements, source_statement
from .configuration import configures, libraries
from .constants import given_constant
from .imports import without_absent
from .kerastuner_paths import from_the_top
from .running import READY_MADE, Running, is_tuner
from .script import Script
from .script_data import Rows, ScriptData
from .sources import Fit, Kind, Source, Sources
from .syntax import DEFINITIONS, changes, defines, is_import, last_name, read_by, uses

# What the first argument of a builder is called.
HP_NAMES = frozenset({"hp", "hps", "hparams", "hyperparameters"})
# The name of what a tuner was given if that is more than a name.
GIVEN = "the_builder_of_the_script"


class Reading:
    """One pass over a script: what is its data, what depends on them, what the builder needs."""

    def __init__(
        self, body: list[ast.stmt], running: Running, absent: dict[str, str],
        adaptation: Adaptation, builder: str, construction: ast.Call | None,
    ) -> None:  # fmt: skip
        """`construction`: of a tuner class of the script's own, which is needed as well."""
        self._body = body
        self._builder = builder
        self._absent = absent
        self._running = running
        self._adaptation = adaptation
        # Names that only running the script would define, and those made from them -> line.
        self._tainted: dict[str, int] = {}
        self._data: dict[ast.stmt, dict[str, Rows]] = {}
        self._sources: dict[ast.stmt, dict[str, Source]] = {}
        self._fits: dict[ast.stmt, list[Fit]] = {}
        # Statements that compute something from the script's data, as `n = len(le.classes_)`.
        self._derived: set[ast.stmt] = set()
        # Names that constants of the form bind, whatever the script's lines say.
        self._constants = {given_constant(node) for node in body} - {""}
        # Statements that are never run as they are.
        self._refused: set[ast.stmt] = set()
        self._one_hot = False
        self._learn()
        # What the tuner's class or its construction need of the script's own making.
        read = read_by(construction) if construction else frozenset()
        known = {name for rows in self._data.values() for name in rows}
        known |= {name for sources in self._sources.values() for name in sources}
        known |= {fit.helper for fits in self._fits.values() for fit in fits}
        self._wanted = {builder} | (read - (self._tainted.keys() - known))

    def script(self) -> Script:
        kept = self._kept()
        needed = self._needed(kept)
        tree: list[ast.stmt] = []
        data: dict[str, Rows] = {}
        for node in self._body:
            if node in kept:
                tree.append(self._adaptation.statement(node, node in self._derived))
                continue
            sources = {n: s for n, s in self._sources.get(node, {}).items() if n in needed}
            tree += [source_statement(name, source, node) for name, source in sources.items()]
            rows = {
                n: r for n, r in self._data.get(node, {}).items() if n in needed - sources.keys()
            }
            tree += [data_statement(name, found, node) for name, found in rows.items()]
            data.update(rows)
            made = {name for part in tree for name in defines(part)}
            for fit in self._fits.get(node, []):
                if fit.helper in needed and (fit.made or fit.helper in made):
                    tree += fit_statements(fit, node)
        defined = {name for node in tree for name in defines(node)}
        left_out = [
            node.lineno
            for node in self._body
            if not isinstance(node, DEFINITIONS)
            and node not in kept and not is_import(node) and not _is_idle(node)
        ]  # fmt: skip
        tree = installed(tree, self._absent)
        return Script(
            ast.fix_missing_locations(ast.Module(tree, [])),
            missing={n: line for n, line in self._tainted.items() if n in needed - defined},
            left_out=left_out,
            data=data,
            one_hot=self._one_hot,
            absent=self._absent,
            kept=kept,
            rows={name: rows for found in self._data.values() for name, rows in found.items()},
        )

    def _of_data(self, node: ast.stmt) -> bool:
        """Whether a statement reads what only running the script would define."""
        return bool(uses(node) & self._tainted.keys())

    def _learn(self) -> None:
        data, sources = ScriptData(), Sources(self._body)
        for node in self._body:
            if isinstance(node, DEFINITIONS) or is_import(node):
                continue
            runs = self._running.runs(node)
            if defines(node) == {GIVEN}:
                continue
            self._fits[node] = sources.fits(node, data.names)
            of_data = runs or bool(uses(node) & (self._tainted.keys() | self._absent.keys()))
            found = data.learn(node, of_data)
            made = sources.learn(node, found)
            self._data[node], self._sources[node] = found, made
            if runs or found or made or uses(node) & self._absent.keys():
                self._refused.add(node)
            if of_data and not found:
                self._derived.add(node)
            if of_data or found or made:
                fitted = {fit.helper for fit in self._fits[node]}
                for name in sorted(defines(node) | made.keys() | fitted):
                    self._tainted.setdefault(name, node.lineno)
            else:
                # Bound again, to something that needs no data.
                for name in defines(node):
                    self._tainted.pop(name, None)
        self._one_hot = any(r.one_hot for rows in self._data.values() for r in rows.values())

    def _kept(self) -> set[ast.stmt]:
        """The builders, what configures the libraries and, over and over, what these need."""
        libs = libraries(self._body)
        chosen = {
            node
            for node in self._body
            if is_builder(node, self._builder)
            or (configures(node, libs) and node not in self._refused and not self._of_data(node))
        }
        sources = {n: s for found in self._sources.values() for n, s in found.items()}
        # Of a Tokenizer nothing is known, so that it is not even made.
        unknown = {name for name, source in sources.items() if source.kind == Kind.UNKNOWN}
        while True:
            needed = self._needed(chosen) - unknown
            own = {n for node in chosen if not is_import(node) for n in defines(node)}
            # Nothing that a script does to its tables changes what takes their place.
            own -= sources.keys()
            more = {
                node
                for node in self._body
                if node not in chosen and node not in self._refused
                and (self._binds(node) & needed or _is_future(node) or changes(node, own))
            }  # fmt: skip
            if not more:
                return chosen
            chosen |= more

    def _needed(self, kept: Iterable[ast.stmt]) -> set[str]:
        """The names that the kept code reads, and those of which its helpers are made."""
        needed = {name for node in kept for name in uses(node)} | self._wanted
        for fit in (fit for fits in self._fits.values() for fit in fits):
            if fit.made and fit.helper in needed:
                needed |= read_by(fit.made)
        return needed

    def _binds(self, node: ast.stmt) -> frozenset[str]:
        """The names for which a statement is needed: a constant of the form has its own."""
        if given_constant(node) or isinstance(node, DEFINITIONS) or is_import(node):
            return defines(node)
        return defines(node) - self._constants


def is_builder(node: ast.stmt, builder: str) -> bool:
    """Whether a statement defines the builder of that name; without a name, whether it defines
    anything that may build models or run trials."""
    if builder and not isinstance(node, DEFINITIONS):
        return builder in defines(node)
    if isinstance(node, ast.ClassDef):
        if builder:
            return node.name == builder
        return any(name == "HyperModel" or is_tuner(name) for name in map(last_name, node.bases))
    if isinstance(node, ast.Assign):
        value = node.value
        return isinstance(value, ast.Call) and last_name(value.func) in READY_MADE
    if not isinstance(node, ast.FunctionDef):
        return False
    if builder:
        return node.name == builder
    return node.name in ("build_model", "build") or _takes_hyperparameters(node)


def _takes_hyperparameters(node: ast.FunctionDef) -> bool:
    """Whether a function's first argument is called as KerasTuner's guides call it."""
    arguments = [*node.args.posonlyargs, *node.args.args]
    return bool(arguments) and arguments[0].arg in HP_NAMES


def installed(body: Iterable[ast.stmt], absent: dict[str, str]) -> list[ast.stmt]:
    """The statements without imports of what is not installed here."""
    found = (without_absent(part, absent) for node in body for part in from_the_top(node))
    return [node for node in found if node is not None]


def _is_future(node: ast.stmt) -> bool:
    """Kept whatever needs it: imports with a star may define anything."""
    if not isinstance(node, ast.ImportFrom):
        return False
    return node.module == "__future__" or any(alias.name == "*" for alias in node.names)


def _is_idle(node: ast.stmt) -> bool:
    """A text, or what is in the place of a notebook's command."""
    text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    added = defines(node) == {GIVEN} or is_absent(node)
    return text or isinstance(node, ast.Pass) or added
