"""What TensorFlow remembers of graphs for ever: gradient functions, each of which holds its graph,
megabytes for every model. Here they are forgotten together with their graphs."""

import weakref
from collections.abc import Callable
from typing import Any

import keras

# Written into a graph by `tf.custom_gradient`, which Keras's layers and losses use.
_OF_GRAPHS = "CustomGradient-"


def forget_gradients_with_graphs() -> None:
    """From now on a gradient function lives as long as the graph whose operation names it, or one
    around that graph. Nothing else looks it up, so it is safe for a template's own code, too."""
    if keras.backend.backend() != "tensorflow":
        return
    from tensorflow.python.framework import ops

    registry: Any = getattr(ops, "gradient_registry", None)
    known = getattr(registry, "_registry", None)
    # Another version may have moved it.
    if isinstance(known, dict) and not isinstance(known, _Gradients):
        registry._registry = _Gradients(known, ops.get_default_graph)


class _Gradients(dict[str, Any]):
    """TensorFlow's entries by name; weak references where a function belongs to a graph."""

    def __init__(self, known: dict[str, Any], current_graph: Callable[[], Any]) -> None:
        super().__init__(known)
        self._current_graph = current_graph

    def __setitem__(self, name: str, entry: Any) -> None:
        if name.startswith(_OF_GRAPHS) and isinstance(entry, dict):
            entry = {key: self._let_go(name, value) for key, value in entry.items()}
        super().__setitem__(name, entry)

    def _let_go(self, name: str, value: Any) -> Any:
        graphs = _graphs_around(self._current_graph())
        if not graphs or not callable(value):
            return value
        for graph in graphs:
            graph._gradient_functions = [*getattr(graph, "_gradient_functions", ()), value]
        # Whoever calls it has an operation of its graph, so that it is still there.
        found: Callable[[], Any] = weakref.ref(value)
        weakref.finalize(value, self.pop, name, None).atexit = False
        return lambda *arguments: found()(*arguments)


def _graphs_around(graph: Any) -> list[Any]:
    """That of the function that is being traced, and those of the functions that trace it."""
    found = []
    while hasattr(graph, "outer_graph"):
        found.append(graph)
        graph = graph.outer_graph
    return found
