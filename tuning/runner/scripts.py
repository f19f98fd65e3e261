"""Tutorial-style scripts: the part that defines the models, without the part that runs a search.

Only a script is touched: code that, outside of functions and classes, loads data, makes a tuner,
trains, or uses what is not installed. Any other template runs as it stands.
"""

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field

from tuning.protocol.notebooks import without_commands

from .imports import absence, absent_imports, without_absent
from .openings import opened
from .own_values import adapted, adapted_call, data_statement
from .running import Running, is_tuner
from .script_data import Rows, ScriptData
from .syntax import DEFINITIONS, defines, first_name, is_import, last_name, uses

# What the first argument of a builder is called.
HP_NAMES = frozenset({"hp", "hps", "hparams", "hyperparameters"})
# The name of what a tuner was given if that is more than a name.
_GIVEN = "the_builder_of_the_script"


@dataclass
class Script:
    """What of a template is executed. `builder` is the name that its tuner was given."""

    tree: ast.Module
    builder: str = ""
    # Where `builder`'s object is found, if not under that name.
    entry: str = ""
    # Names that the kept code uses and only left-out statements would define -> their line.
    missing: dict[str, int] = field(default_factory=dict)
    left_out: list[int] = field(default_factory=list)
    # Names of its data that stand for the project's.
    data: dict[str, Rows] = field(default_factory=dict)
    # Whether it made its own targets one-hot.
    one_hot: bool = False
    # Name -> module, of imports that are not installed here.
    absent: dict[str, str] = field(default_factory=dict)
    commands: list[int] = field(default_factory=list)

    @property
    def note(self) -> str:
        """Sentences about what was not run or is not the script's own, or nothing."""
        return " ".join(filter(None, (self._script_note(), self._data_note(), *self._others())))

    def _script_note(self) -> str:
        if not self.left_out:
            return ""
        name = f" Its builder {self.builder} is used." if self.builder else ""
        return (
            f"The code is a script.{name} Its own data loading, tuner and search "
            f"({_lines(self.left_out)}, as far as the builder does not need them) are not run: the "
            "project supplies the data and the search."
        )

    def _data_note(self) -> str:
        if not self.data:
            return ""
        parts = {"train": "training", "validation": "validation"}
        told = (
            f"{_listed([n for n, rows in self.data.items() if rows.part == part])} "
            f"for its {word} rows"
            for part, word in parts.items()
            if any(rows.part == part for rows in self.data.values())
        )
        return (
            f"In the script's place the project's data are used: {' and '.join(told)}. What the "
            "script does to its own data (scaling, reshaping) is not applied to them."
        )

    def _others(self) -> Iterable[str]:
        if self.commands:
            yield f"Commands of a notebook ({_lines(self.commands)}) are left out."
        for package in dict.fromkeys(module.split(".")[0] for module in self.absent.values()):
            yield f"{absence(package)[:-1]}; the builder does not need it."


def read_script(code: str, filename: str) -> Script:
    """The code as a tree, without what a project does in its place. Raises SyntaxError."""
    code, commands = without_commands(code)
    tree = ast.parse(code, filename)
    body = opened(tree.body, lambda nodes: any(_is_builder(node, "") for node in nodes))
    absent = absent_imports(body)
    running = Running(body)
    loose = [node for node in body if not isinstance(node, DEFINITIONS)]
    builder, given = _given_to_a_tuner(loose, tree.body)
    is_script = body != tree.body or any(
        running.runs(node) or (not is_import(node) and uses(node) & absent.keys()) for node in loose
    )
    if not is_script or not (builder or any(_is_builder(node, "") for node in body)):
        tree.body = [adapted(node) for node in _without_absent(tree.body, absent)]
        entry = builder if builder in {name for node in tree.body for name in defines(node)} else ""
        return Script(ast.fix_missing_locations(tree), entry, absent=absent, commands=commands)
    if given is not None:
        names = {node.name: node for node in body if isinstance(node, DEFINITIONS)}
        statement = ast.Assign([ast.Name(_GIVEN, ast.Store())], adapted_call(given, names))
        statement = ast.fix_missing_locations(ast.copy_location(statement, given))
        body = [*body, statement]
    script = _Reading(body, running, absent, _GIVEN if given is not None else builder).script()
    script.builder, script.commands = builder, commands
    script.entry = _GIVEN if given is not None else ""
    return script


class _Reading:
    """One pass over a script: what is its data, what depends on them, what the builder needs."""

    def __init__(
        self, body: list[ast.stmt], running: Running, absent: dict[str, str], builder: str
    ) -> None:
        self._body = body
        self._builder = builder
        self._absent = absent
        self._running = running
        self._names = {n.name: n for n in body if isinstance(n, DEFINITIONS)}
        # Names that only running the script would define, and those made from them -> line.
        self._tainted: dict[str, int] = {}
        self._data: dict[ast.stmt, dict[str, Rows]] = {}
        # Statements that are never run.
        self._refused: set[ast.stmt] = set()
        self._one_hot = False
        self._learn()

    def script(self) -> Script:
        kept = self._kept()
        needed = {name for node in kept for name in uses(node)}
        tree: list[ast.stmt] = []
        data: dict[str, Rows] = {}
        for node in self._body:
            if node in kept:
                tree.append(adapted(node, self._names))
            elif wanted := {n: r for n, r in self._data.get(node, {}).items() if n in needed}:
                tree += [data_statement(name, rows, node) for name, rows in wanted.items()]
                data.update(wanted)
        defined = {name for node in tree for name in defines(node)}
        left_out = [
            node.lineno
            for node in self._body
            if not isinstance(node, DEFINITIONS)
            and node not in kept and not is_import(node) and not _is_idle(node)
        ]  # fmt: skip
        tree = _without_absent(tree, self._absent)
        return Script(
            ast.fix_missing_locations(ast.Module(tree, [])),
            missing={n: line for n, line in self._tainted.items() if n in needed - defined},
            left_out=left_out,
            data=data,
            one_hot=self._one_hot,
            absent=self._absent,
        )

    def _learn(self) -> None:
        data = ScriptData()
        for node in self._body:
            if isinstance(node, DEFINITIONS) or is_import(node):
                continue
            runs = self._running.runs(node)
            if defines(node) == {_GIVEN}:
                continue
            of_data = runs or bool(uses(node) & (self._tainted.keys() | self._absent.keys()))
            found = data.learn(node, of_data)
            if found:
                self._data[node] = found
            if runs or found or uses(node) & self._absent.keys():
                self._refused.add(node)
            if of_data or found:
                for name in sorted(defines(node)):
                    self._tainted.setdefault(name, node.lineno)
            else:
                # Bound anew, to something that needs no data.
                for name in defines(node):
                    self._tainted.pop(name, None)
        self._one_hot = any(r.one_hot for rows in self._data.values() for r in rows.values())

    def _kept(self) -> set[ast.stmt]:
        """The builders and, over and over, what the kept code needs."""
        chosen = {node for node in self._body if _is_builder(node, self._builder)}
        while True:
            needed = {name for node in chosen for name in uses(node)} | {self._builder}
            own = {n for node in chosen if not is_import(node) for n in defines(node)}
            more = {
                node
                for node in self._body
                if node not in chosen and node not in self._refused
                and (defines(node) & needed or _is_future(node) or _changes(node, own))
            }  # fmt: skip
            if not more:
                return chosen
            chosen |= more


def _changes(node: ast.stmt, names: set[str]) -> bool:
    """Whether a loose statement does something to one of the names, as `layer.adapt(x)`,
    `base.trainable = False` or a loop over `base.layers`."""
    if isinstance(node, DEFINITIONS) or is_import(node):
        return False
    if isinstance(node, ast.Expr):
        call = node.value
        return (
            isinstance(call, ast.Call)
            and isinstance(call.func, ast.Attribute)
            and first_name(call.func) in names
        )
    if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return any(
            not isinstance(target, ast.Name | ast.Tuple | ast.List) and first_name(target) in names
            for target in targets
        )
    if isinstance(node, ast.For | ast.With | ast.If):
        within = set(names)
        if (
            isinstance(node, ast.For)
            and {n.id for n in ast.walk(node.iter) if isinstance(n, ast.Name)} & names
        ):
            within |= {n.id for n in ast.walk(node.target) if isinstance(n, ast.Name)}
        return any(_changes(inner, within) for inner in [*node.body, *getattr(node, "orelse", [])])
    return False


def _is_builder(node: ast.stmt, builder: str) -> bool:
    if builder and not isinstance(node, DEFINITIONS):
        return builder in defines(node)
    if isinstance(node, ast.ClassDef):
        if builder:
            return node.name == builder
        return any(last_name(base) == "HyperModel" for base in node.bases)
    if not isinstance(node, ast.FunctionDef):
        return False
    if builder:
        return node.name == builder
    return node.name in ("build_model", "build") or _takes_hyperparameters(node)


def _takes_hyperparameters(node: ast.FunctionDef) -> bool:
    """Whether a function's first argument is called as KerasTuner's guides call it."""
    arguments = [*node.args.posonlyargs, *node.args.args]
    return bool(arguments) and arguments[0].arg in HP_NAMES


def _given_to_a_tuner(loose: list[ast.stmt], body: list[ast.stmt]) -> tuple[str, ast.expr | None]:
    """What stands in RandomSearch(name, ...) or RandomSearch(hypermodel=name, ...): its name, and
    the expression if it is more than a name, as Name(...) or a lambda; or nothing."""
    known = {node.name for node in body if isinstance(node, DEFINITIONS)}
    for value in _first_arguments(loose):
        if isinstance(value, ast.Name):
            return value.id, None
        called = _called(value)
        if called in known:
            return called, value
    # In functions the names may be local ones.
    for value in _first_arguments(node for node in body if isinstance(node, DEFINITIONS)):
        name = value.id if isinstance(value, ast.Name) else _called(value)
        if name in known:
            return name, None
    return "", None


def _first_arguments(nodes: Iterable[ast.stmt]) -> Iterable[ast.expr]:
    for node in nodes:
        for call in ast.walk(node):
            if isinstance(call, ast.Call) and is_tuner(last_name(call.func)):
                yield from (word.value for word in call.keywords if word.arg == "hypermodel")
                yield from call.args[:1]


def _called(value: ast.expr) -> str:
    """`name` in name(...), partial(name, ...) and lambda hp: name(hp, ...)."""
    if isinstance(value, ast.Lambda):
        value = value.body
    if not isinstance(value, ast.Call):
        return ""
    name = last_name(value.func)
    return last_name(value.args[0]) if name == "partial" and value.args else name


def _without_absent(body: Iterable[ast.stmt], absent: dict[str, str]) -> list[ast.stmt]:
    found = (without_absent(node, absent) for node in body)
    return [node for node in found if node is not None]


def _is_future(node: ast.stmt) -> bool:
    """Kept whatever needs it: imports with a star may define anything."""
    if not isinstance(node, ast.ImportFrom):
        return False
    return node.module == "__future__" or any(alias.name == "*" for alias in node.names)


def _is_idle(node: ast.stmt) -> bool:
    """A text, or what stands in the place of a notebook's command."""
    text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return text or isinstance(node, ast.Pass) or defines(node) == {_GIVEN}


def _lines(numbers: list[int]) -> str:
    first, last = min(numbers), max(numbers)
    return f"line {first}" if first == last else f"lines {first} to {last}"


def _listed(names: list[str]) -> str:
    return ", ".join(names) + (" stands" if len(names) == 1 else " stand")
