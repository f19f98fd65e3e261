"""KerasTuner's ready-made HyperModels of images, which a script makes for a shape of its own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any

from keras_tuner import HyperModel, applications

from tuning.runner.failures import TemplateError

from .running import READY_MADE

_KINDS = tuple(getattr(applications, name) for name in sorted(READY_MADE))
# Built on a network that was trained on colour images.
_COLOUR = applications.HyperEfficientNet


_Changed = dict[str, tuple[Any, Any]]
# The facts of the project for which models are built right now, and where changes are noted.
_project: ContextVar[tuple[dict[str, Any], _Changed] | None] = ContextVar("project", default=None)


@contextmanager
def fitting_ready_made(facts: dict[str, Any], changed: _Changed) -> Iterator[None]:
    """Within it, ready-made HyperModels build for the project's shape and classes, however and
    wherever they were made. `changed` learns what was given to them instead."""
    token = _project.set((facts, changed))
    try:
        yield
    finally:
        _project.reset(token)


def _hooked(build: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(build)
    def build_fitted(self: HyperModel, hp: Any) -> Any:
        project = _project.get()
        if project is not None:
            _fit(self, *project)
        return build(self, hp)

    return build_fitted


# Once and for all: each object keeps the `build` that its class had when it was made.
for _kind in _KINDS:
    _kind.build = _hooked(_kind.build)


def _fit(hypermodel: Any, facts: dict[str, Any], changed: _Changed) -> None:
    name = next(kind.__name__ for kind in _KINDS if isinstance(hypermodel, kind))
    shape, classes = tuple(facts["input_shape"]), facts.get("num_classes")
    if len(shape) != 3:
        raise TemplateError(
            f"{name} takes images of shape (height, width, channels), but the dataset's inputs "
            f"have shape {shape}."
        )
    if isinstance(hypermodel, _COLOUR) and shape[2] != 3:
        raise TemplateError(
            f"{name} takes colour images with 3 channels, but the dataset's images have {shape[2]}."
        )
    if hypermodel.input_tensor is not None:
        own = tuple(hypermodel.input_tensor.shape[1:])
        if own != shape:
            hypermodel.input_tensor = None
    else:
        own = tuple(hypermodel.input_shape)
    if own != shape:
        changed["input_shape"] = (shape, own)
        hypermodel.input_shape = shape
    if not getattr(hypermodel, "classes", None):
        return
    if not classes:
        raise TemplateError(
            f"{name} predicts classes, but the dataset's targets are numbers to predict."
        )
    if hypermodel.classes != classes:
        changed["classes"] = (classes, hypermodel.classes)
        hypermodel.classes = classes
