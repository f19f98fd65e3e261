"""The project's rows under the names that a script's own data had."""

from collections.abc import Iterable
from typing import Any, Protocol

import numpy as np

from .script_data import Rows
from .targets import as_one_hot


class Parts(Protocol):
    """Rows of "train" or "validation", as `Dataset.rows` gives them."""

    def __call__(self, part: str, /) -> tuple[np.ndarray, np.ndarray]: ...


class StandIn(np.ndarray):
    """An array that also answers what scripts ask a pandas table."""

    names: list[str]

    def __array_finalize__(self, source: Any) -> None:
        self.names = getattr(source, "names", [])

    @property
    def columns(self) -> list[str]:
        return self.names

    def keys(self) -> list[str]:
        return self.names

    @property
    def values(self) -> np.ndarray:
        return np.asarray(self)

    def to_numpy(self) -> np.ndarray:
        return np.asarray(self)

    def unique(self) -> np.ndarray:
        return np.unique(np.asarray(self))

    def nunique(self) -> int:
        return len(self.unique())


def stand_in(rows: Rows, parts: Parts, facts: dict[str, Any]) -> StandIn:
    """The project's inputs or targets of a part. One-hot only where there are classes."""
    x, y = parts(rows.part)
    if rows.what == "x":
        return _named(x, facts.get("feature_names") or map(str, range(x[:1].size)))
    classes = facts.get("num_classes")
    if rows.one_hot and classes:
        y = as_one_hot(y, classes)
    return _named(y, map(str, range(y.shape[1] if y.ndim > 1 else 1)))


def _named(array: np.ndarray, names: Iterable[str]) -> StandIn:
    view: Any = array.view(StandIn)
    view.names = list(names)
    answer: StandIn = view
    return answer
