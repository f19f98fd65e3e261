"""What a script does by itself and a project does in its place: load data, search, train."""

import ast
from collections.abc import Container, Iterable, Iterator, Sequence

from .absent_data import LOADER
from .helpers import methods_of
from .syntax import DEFINITIONS, calls, is_main, last_name, run_by

# Calls by the last part of a name.
_RUNNING = frozenset({
    "search", "fit", "fit_generator", "evaluate", "predict", "load", "loadtxt", "genfromtxt",
    "get_file", "urlopen", "urlretrieve", "open", "glob", "listdir", "imread", "extractall",
    "image_dataset_from_directory", "text_dataset_from_directory", "flow_from_directory",
    "flow_from_dataframe", "from_tensor_slices", "train_test_split", "make_classification",
    "make_regression", "make_blobs", "make_moons", "make_circles", "get_best_models",
    "get_best_hyperparameters", "results_summary", "search_space_summary", "get_ipython",
    "get_data", "get_dataset", "get_datasets", "prepare_data", "input", LOADER,
    "create_study", "optimize", "enqueue_trial",
})  # fmt: skip
_LOADING = ("load_", "read_", "fetch_", "download_")
_TUNERS = frozenset({
    "RandomSearch", "Hyperband", "BayesianOptimization", "GridSearch",
})  # fmt: skip
# KerasTuner's own HyperModels, which need no builder of the script.
READY_MADE = frozenset({
    "HyperEfficientNet", "HyperImageAugment", "HyperResNet", "HyperXception",
})  # fmt: skip


def is_tuner(name: str) -> bool:
    return name in _TUNERS or name.endswith("Tuner")


def oracle_names(body: Iterable[ast.stmt]) -> frozenset[str]:
    """What the script calls oracles that it imports: some of them are called like tuners."""
    imports = (part for node in body for part in ast.walk(node) if isinstance(part, ast.ImportFrom))
    return frozenset(
        alias.asname or alias.name
        for node in imports
        if "oracles" in (node.module or "").split(".")
        for alias in node.names
    )


def is_oracle(function: ast.expr, names: Container[str] = ()) -> bool:
    """Whether a call of `function` makes an oracle. `names`: see `oracle_names`."""
    if isinstance(function, ast.Name):
        return function.id in names or "Oracle" in function.id
    path = list(_path(function))
    return "oracles" in path[1:] or "Oracle" in path[0] or path[-1] in names


def _path(node: ast.expr) -> Iterator[str]:
    """c, b, a of `a.b.c`."""
    while isinstance(node, ast.Attribute):
        yield node.attr
        node = node.value
    yield node.id if isinstance(node, ast.Name) else ""


def tuner_classes(body: Iterable[ast.stmt]) -> set[str]:
    """The script's own classes of tuners, those that extend another one of them too."""
    found: set[str] = set()
    for node in body:
        if isinstance(node, ast.ClassDef):
            bases = {last_name(base) for base in node.bases}
            if bases & found or any(is_tuner(base) for base in bases):
                found.add(node.name)
    return found


class Running:
    """Which statements of a script do such a thing, directly or by a function that they call, or by
    making a tuner of its own."""

    def __init__(self, body: Sequence[ast.stmt]) -> None:
        functions = [node for node in body if isinstance(node, ast.FunctionDef)]
        self._callables = tuner_classes(body)
        self._oracles = oracle_names(body)
        classes = [node for node in body if isinstance(node, ast.ClassDef)]
        self._callables |= {node.name for node in classes if self._makes_a_tuner(node)}
        while True:
            more = {
                function.name
                for function in functions
                if function.name not in self._callables
                and any(self.runs(node) for node in function.body)
            }
            if not more:
                break
            self._callables |= more

    def runs(self, node: ast.stmt) -> bool:
        """What is in the bodies of functions is not done by defining them."""
        if isinstance(node, DEFINITIONS):
            return False
        calls = (n.func for n in run_by(node) if isinstance(n, ast.Call))
        return is_main(node) or any(self._is_running(function) for function in calls)

    def _makes_a_tuner(self, owner: ast.ClassDef) -> bool:
        """Whether one of a helper class's methods does: what it is made for is to search."""
        return any(
            is_tuner(last_name(call.func)) and not is_oracle(call.func, self._oracles)
            for call in calls(methods_of(owner))
        )

    def _is_running(self, function: ast.expr) -> bool:
        name = last_name(function)
        if isinstance(function, ast.Name) and name in self._callables:
            return True
        if is_oracle(function, self._oracles):
            return False
        return name in _RUNNING or name.startswith(_LOADING) or is_tuner(name)
