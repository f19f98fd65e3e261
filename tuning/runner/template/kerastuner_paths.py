"""Names of earlier versions of KerasTuner, so that scripts written for them work."""

import ast

_PACKAGES = ("keras_tuner", "kerastuner")
# What `keras_tuner` itself has.
_AT_THE_TOP = frozenset({
    "BayesianOptimization", "GridSearch", "HyperModel", "HyperParameter", "HyperParameters",
    "Hyperband", "Objective", "Oracle", "RandomSearch", "SklearnTuner", "Tuner",
})  # fmt: skip


def restore_old_names() -> None:
    """kt.oracles.BayesianOptimization and the like, which are called ...Oracle today."""
    from keras_tuner import oracles

    for name in ("BayesianOptimization", "Hyperband", "RandomSearch"):
        if not hasattr(oracles, name):
            setattr(oracles, name, getattr(oracles, f"{name}Oracle"))


def from_the_top(node: ast.stmt) -> list[ast.stmt]:
    """`from keras_tuner.engine.objective import Objective` as an import from keras_tuner; any
    other statement as it is. Not the oracles, some of which are called like tuners."""
    if not isinstance(node, ast.ImportFrom) or not node.module or node.level:
        return [node]
    package, _, path = node.module.partition(".")
    if package not in _PACKAGES or path.split(".")[0] not in ("engine", "src"):
        return [node]
    top = [alias for alias in node.names if alias.name in _AT_THE_TOP]
    rest = [alias for alias in node.names if alias.name not in _AT_THE_TOP]
    if not top:
        return [node]
    moved = ast.copy_location(ast.ImportFrom("keras_tuner", top, 0), node)
    kept = ast.copy_location(ast.ImportFrom(node.module, rest, 0), node)
    return [moved, kept] if rest else [moved]
