"""What TensorFlow remembers of graphs for ever."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras

_CUSTOM = "CustomGradient-"


@contextmanager
def forgotten_gradients() -> Iterator[None]:
    """Forget the gradient functions that a training registers, each of which holds its whole graph:
    megabytes for every trial. Only for a model without functions of a template's own, which later
    graphs may call."""
    registry = _registry()
    before = set(registry)
    try:
        yield
    finally:
        for name in registry.keys() - before:
            if name.startswith(_CUSTOM):
                del registry[name]


def _registry() -> dict[str, Any]:
    """Empty where there is none: with another backend, or a version that has moved it."""
    if keras.backend.backend() != "tensorflow":
        return {}
    from tensorflow.python.framework import ops

    return getattr(getattr(ops, "gradient_registry", None), "_registry", {})
