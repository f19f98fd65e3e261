"""Statements of a script that configure its libraries: `tf.random.set_seed(1)`,
`mixed_precision.set_global_policy("mixed_float16")`. Models are built and trained with them."""

import ast
from collections.abc import Iterable

from .syntax import bound, first_name, last_name

_LIBRARIES = frozenset({
    "keras", "tensorflow", "numpy", "random", "sklearn", "torch", "jax", "keras_tuner",
    "kerastuner",
})  # fmt: skip
_BEGINNINGS = ("set_", "enable_", "disable_")
_OTHERS = frozenset({
    "seed", "manual_seed", "run_functions_eagerly", "experimental_run_functions_eagerly",
})  # fmt: skip
# What belongs to the worker: its devices and threads, which are in use already.
_OF_THE_MACHINE = frozenset({
    "set_visible_devices", "set_memory_growth", "set_logical_device_configuration",
    "set_virtual_device_configuration", "set_intra_op_parallelism_threads",
    "set_inter_op_parallelism_threads", "set_soft_device_placement", "set_session",
    "set_num_threads", "set_num_interop_threads", "set_device", "set_default_device",
})  # fmt: skip


def libraries(body: Iterable[ast.stmt]) -> frozenset[str]:
    """The names by which a script imports such libraries, their modules and their functions."""
    found = set()
    for node in body:
        if isinstance(node, ast.Import):
            parts = [(alias, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            parts = [(alias, node.module or "") for alias in node.names]
        else:
            continue
        found |= {bound(alias, node) for alias, module in parts
                  if module.split(".")[0] in _LIBRARIES}  # fmt: skip
    return frozenset(found)


def configures(node: ast.stmt, names: frozenset[str]) -> bool:
    """Whether a statement does nothing but configure what has these names."""
    if isinstance(node, ast.If | ast.With | ast.Try):
        inside = [*node.body, *getattr(node, "orelse", []), *getattr(node, "finalbody", [])]
        return all(configures(inner, names) for inner in inside)
    if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Call):
        return False
    function = node.value.func
    name = last_name(function)
    if first_name(function) not in names or name in _OF_THE_MACHINE:
        return False
    # What turns TensorFlow into its first version, with which Keras does not work.
    if "compat" in ast.unparse(function).split("."):
        return False
    return name in _OTHERS or name.startswith(_BEGINNINGS)
