"""Where scikit-learn tells us what a template's own Tuner class fits with it."""

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sklearn import model_selection
from sklearn.base import BaseEstimator

from .watch import Watch

_FITS = ("fit", "partial_fit", "fit_transform")
# These fit copies of the estimator that they are given.
_CROSS_VALIDATIONS = ("cross_validate", "cross_val_predict")


@contextmanager
def watched_sklearn(watch: Watch) -> Iterator[None]:
    """In here the watch is told of each fit of an estimator and of each cross-validation, but not
    of those that another one makes inside."""
    fits = _Fits(watch)
    for kind in _all_below(BaseEstimator):
        fits.observe(kind)
    # Modules that the template imports only now define further ones.
    BaseEstimator.__init_subclass__ = classmethod(fits.defined)
    originals = {name: getattr(model_selection, name) for name in _CROSS_VALIDATIONS}
    observed = {name: fits.observed_validation(call) for name, call in originals.items()}
    _replace(originals, observed)
    try:
        yield
    finally:
        del BaseEstimator.__init_subclass__
        fits.forget()
        _replace(observed, originals)


class _Fits:
    """The methods that were replaced, and how deep in calls of each other they are."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        # For all threads together: a search within an estimator fits in several.
        self._depth = 0
        self._originals: list[tuple[type, str, Any]] = []

    def observe(self, kind: type) -> None:
        for name in _FITS:
            method = vars(kind).get(name)
            if callable(method) and hasattr(method, "__code__"):
                self._originals.append((kind, name, method))
                setattr(kind, name, self._observed(method))

    def defined(self, kind: Any, **kwargs: Any) -> None:
        """In place of BaseEstimator's own hook for new classes."""
        super(BaseEstimator, kind).__init_subclass__(**kwargs)
        self.observe(kind)

    def forget(self) -> None:
        for kind, name, method in self._originals:
            setattr(kind, name, method)

    def observed_validation(self, call: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(call)
        def observed(*args: Any, **kwargs: Any) -> Any:
            with self._inside() as outermost:
                results = call(*args, **kwargs)
            names = ("estimator", "X", "y")
            given = {**dict(zip(names, args, strict=False)), **kwargs}
            if outermost and isinstance(given.get("estimator"), BaseEstimator):
                self._watch.cross_validated(given["estimator"], given.get("X"), given.get("y"))
            return results

        return observed

    def _observed(self, method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def observed(estimator: Any, *args: Any, **kwargs: Any) -> Any:
            with self._inside() as outermost:
                results = method(estimator, *args, **kwargs)
            if outermost:
                self._watch.estimator_fitted(estimator, args[0] if args else kwargs.get("X"))
            return results

        return observed

    @contextmanager
    def _inside(self) -> Iterator[bool]:
        self._depth += 1
        try:
            yield self._depth == 1
        finally:
            self._depth -= 1


def _all_below(kind: type) -> set[type]:
    """All classes that derive from it."""
    found: set[type] = set()
    waiting = [kind]
    while waiting:
        new: set[type] = set(waiting.pop().__subclasses__()) - found
        found |= new
        waiting += new
    return found


def _replace(old: dict[str, Any], new: dict[str, Any]) -> None:
    """In every module that has such a function under its name, the template's among them."""
    for module in list(sys.modules.values()):
        for name, function in old.items():
            if getattr(module, "__dict__", {}).get(name) is function:
                setattr(module, name, new[name])
