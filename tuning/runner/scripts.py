"""Tutorial-style scripts: the part that defines the models, without the part that runs a search.

Only a script is touched: code that, outside of functions and classes, loads data, makes a tuner or
trains. Any other template runs as it stands.
"""

import ast
import dis
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from types import CodeType

# What a script does by itself and a project does in its place. Calls by the last part of a name.
_RUNNING = frozenset({
    "search", "fit", "evaluate", "predict", "load_data", "get_file", "read_csv", "read_parquet",
    "read_table", "read_excel", "loadtxt", "genfromtxt", "urlopen", "urlretrieve",
    "fetch_openml", "image_dataset_from_directory", "text_dataset_from_directory",
    "flow_from_directory", "train_test_split", "get_best_models", "get_best_hyperparameters",
    "results_summary", "search_space_summary", "load_iris", "load_digits", "load_wine",
    "load_breast_cancer", "load_diabetes", "fetch_california_housing", "load_model",
})  # fmt: skip
_TUNERS = frozenset({
    "RandomSearch", "Hyperband", "BayesianOptimization", "GridSearch",
})  # fmt: skip
# What the first argument of a builder is called.
HP_NAMES = frozenset({"hp", "hps", "hparams", "hyperparameters"})
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass
class Script:
    """What of a template is executed. `builder` is the name that its tuner was given, `tuner` the
    template's own class of that tuner, if it has one; `construction` and `search` are the calls."""

    tree: ast.Module
    builder: str = ""
    tuner: str = ""
    construction: ast.Call | None = None
    search: ast.Call | None = None
    # Names that the kept code uses and only left-out statements would define -> their line.
    missing: dict[str, int] = field(default_factory=dict)
    left_out: list[int] = field(default_factory=list)

    @property
    def note(self) -> str:
        """A sentence about what was not run, or nothing."""
        if not self.left_out:
            return ""
        first, last = min(self.left_out), max(self.left_out)
        lines = f"line {first}" if first == last else f"lines {first} to {last}"
        names = [("builder", self.builder), ("class", self.tuner)]
        name = "".join(f" Its {kind} {name} is used." for kind, name in names if name)
        return (
            f"The code is a script.{name} Its own data loading, tuner and search ({lines}, as far "
            "as the builder does not need them) are not run: the project supplies the data and "
            "the search."
        )

    @property
    def wants_builder(self) -> bool:
        """Whether the template's own tuner class leaves building, or training too, to others."""
        calls = {_last_name(n.func) for n in ast.walk(self.tree) if isinstance(n, ast.Call)}
        nodes = list(ast.walk(self.tree))
        defined = {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
        asked = any(isinstance(n, ast.Attribute) and n.attr == "hypermodel" for n in nodes)
        return bool(self.builder) or asked or "run_trial" in calls or "run_trial" not in defined


def read_script(code: str, filename: str) -> Script:
    """The code as a tree, without what a project does in its place. Raises SyntaxError."""
    tree = ast.parse(code, filename)
    loose = [node for node in tree.body if not isinstance(node, _DEFINITIONS)]
    tuners = _tuner_classes(tree.body)
    construction = _construction(loose, tree.body, tuners)
    tuner = _last_name(construction.func) if construction else ""
    tuner = tuner if tuner in tuners else ""
    if not any(_runs(node) for node in loose):
        return Script(tree, "", tuner, construction)
    classes = {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
    builder = _given_to_a_tuner(construction, classes, tree.body)
    if not builder and not any(_is_builder(node, builder) for node in tree.body):
        return Script(tree)
    tainted = _tainted(tree.body)
    # What the tuner's own class, and what its construction is given, need as well.
    also = _read_by(construction) if construction and tuner else frozenset()
    kept = _kept(tree.body, builder, tainted, also)
    left_out = [
        node.lineno
        for node in loose
        if node not in kept and not _is_import(node) and not _is_text(node)
    ]
    defined = {name for node in kept for name in _defines(node)}
    needed = {name for node in kept for name in _uses(node)}
    missing = {name: line for name, line in tainted.items() if name in needed - defined}
    search = next((call for call in _calls(loose) if _last_name(call.func) == "search"), None)
    kept_tree = ast.Module(kept, [])
    return Script(kept_tree, builder, tuner, construction, search, missing, left_out)


def _tainted(body: list[ast.stmt]) -> dict[str, int]:
    """Names that only running the script would define, and those made from them -> line."""
    tainted: dict[str, int] = {}
    for node in body:
        if isinstance(node, _DEFINITIONS) or _is_import(node):
            continue
        if _runs(node) or any(name in tainted for name in _uses(node)):
            for name in _defines(node):
                tainted.setdefault(name, node.lineno)
    return tainted


def _kept(
    body: list[ast.stmt], builder: str, tainted: dict[str, int], also: frozenset[str]
) -> list[ast.stmt]:
    """The builders and, over and over, what the kept code needs, in the script's order."""
    chosen = {node for node in body if _is_builder(node, builder)}
    while True:
        needed = {name for node in chosen for name in _uses(node)} | {builder} | also
        more = {
            node
            for node in body
            if node not in chosen and _may_be_kept(node, tainted) and _defines(node) & needed
        }
        if not more:
            return [node for node in body if node in chosen or _is_future(node)]
        chosen |= more


def _may_be_kept(node: ast.stmt, tainted: dict[str, int]) -> bool:
    if isinstance(node, _DEFINITIONS) or _is_import(node):
        return True
    return not _is_main(node) and not any(name in tainted for name in _defines(node))


def _is_builder(node: ast.stmt, builder: str) -> bool:
    if isinstance(node, ast.ClassDef):
        names = [_last_name(base) for base in node.bases]
        return any(name == "HyperModel" or _is_tuner(name) for name in names)
    if not isinstance(node, ast.FunctionDef):
        return False
    if builder:
        return node.name == builder
    return node.name in ("build_model", "build") or _takes_hyperparameters(node)


def _takes_hyperparameters(node: ast.FunctionDef) -> bool:
    """Whether a function's first argument is called as KerasTuner's guides call it."""
    arguments = [*node.args.posonlyargs, *node.args.args]
    return bool(arguments) and arguments[0].arg in HP_NAMES


def _tuner_classes(body: list[ast.stmt]) -> set[str]:
    """The script's own classes of tuners, those that extend another one of them too."""
    found: set[str] = set()
    for node in body:
        if isinstance(node, ast.ClassDef):
            bases = {_last_name(base) for base in node.bases}
            if bases & found or any(_is_tuner(base) for base in bases):
                found.add(node.name)
    return found


def _construction(loose: list[ast.stmt], body: list[ast.stmt], own: set[str]) -> ast.Call | None:
    """The call that makes the script's tuner, one of its own classes before KerasTuner's. That of
    an own class often stands in a main()."""
    made = [call for call in _calls([*loose, *body]) if _last_name(call.func) in own]
    made += [call for call in _calls(loose) if _is_tuner(_last_name(call.func))]
    return made[0] if made else None


def _calls(nodes: list[ast.stmt]) -> Iterator[ast.Call]:
    for node in nodes:
        yield from (part for part in ast.walk(node) if isinstance(part, ast.Call))


def _given_to_a_tuner(call: ast.Call | None, classes: set[str], body: list[ast.stmt]) -> str:
    """The name in RandomSearch(name, ...), RandomSearch(hypermodel=name, ...) or, of a class, in
    RandomSearch(Name(...), ...); or nothing. An oracle may come first."""
    if call is None:
        return ""
    oracles = {name for node in body for name in _defines(node) if _makes_oracle(node)}
    named = [word.value for word in call.keywords if word.arg == "hypermodel"]
    for value in [*named, *call.args[:2]]:
        if isinstance(value, ast.Name) and value.id not in oracles:
            return value.id
        if isinstance(value, ast.Call) and _last_name(value.func) in classes:
            return _last_name(value.func)
    return ""


def _makes_oracle(node: ast.stmt) -> bool:
    value = node.value if isinstance(node, ast.Assign) else None
    return isinstance(value, ast.Call) and "Oracle" in _last_name(value.func)


def _runs(node: ast.stmt) -> bool:
    """Whether a statement does something that a project does in its place. What stands in the
    bodies of functions is not done by defining them."""
    calls = (_last_name(n.func) for n in _run_by(node) if isinstance(n, ast.Call))
    return _is_main(node) or any(name in _RUNNING or _is_tuner(name) for name in calls)


def _is_tuner(name: str) -> bool:
    return name in _TUNERS or name.endswith("Tuner")


@cache
def _uses(node: ast.stmt) -> frozenset[str]:
    """The global names that a statement reads, in the bodies that it defines too."""
    return frozenset(_loaded(compile(ast.Module([node], []), "<template>", "exec")))


def _read_by(call: ast.Call) -> frozenset[str]:
    return _uses(ast.fix_missing_locations(ast.copy_location(ast.Expr(call), call)))


def _loaded(code: CodeType) -> Iterator[str]:
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield instruction.argval
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _loaded(constant)


def _defines(node: ast.stmt) -> set[str]:
    """The names that a top-level statement binds."""
    found: set[str] = set()
    for part in _run_by(node):
        if isinstance(part, _DEFINITIONS):
            found.add(part.name)
        elif isinstance(part, ast.Import):
            found |= {alias.asname or alias.name.split(".")[0] for alias in part.names}
        elif isinstance(part, ast.ImportFrom):
            found |= {alias.asname or alias.name for alias in part.names}
        elif isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            found.add(part.id)
    return found


def _run_by(node: ast.AST) -> Iterator[ast.AST]:
    """A node and all below it that run when it runs."""
    yield node
    if isinstance(node, (*_DEFINITIONS, ast.Lambda)):
        return
    for child in ast.iter_child_nodes(node):
        yield from _run_by(child)


def _last_name(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _is_import(node: ast.stmt) -> bool:
    return isinstance(node, ast.Import | ast.ImportFrom)


def _is_future(node: ast.stmt) -> bool:
    """Kept whatever needs it: imports with a star may define anything."""
    if not isinstance(node, ast.ImportFrom):
        return False
    return node.module == "__future__" or any(alias.name == "*" for alias in node.names)


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_main(node: ast.stmt) -> bool:
    """`if __name__ == "__main__":`, which is never true of a template."""
    return isinstance(node, ast.If) and any(
        isinstance(n, ast.Name) and n.id == "__name__" for n in ast.walk(node.test)
    )
