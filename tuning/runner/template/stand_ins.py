"""The project's rows under the names that a script's own data had."""

from collections.abc import Iterable
from typing import Any, Protocol

import numpy as np

from tuning.protocol.tasks import target_names

from .script_data import Rows
from .targets import as_one_hot


class Parts(Protocol):
    """Rows of "train" or "validation", as `Dataset.rows` gives them."""

    def __call__(self, part: str, /) -> tuple[np.ndarray, np.ndarray]: ...


class Columns(list[str]):
    """Names of columns, with what scripts ask an index of pandas."""

    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        return Columns(found) if isinstance(key, slice) else found

    def drop(self, labels: Any) -> "Columns":
        left_out = [labels] if isinstance(labels, str) else list(labels)
        return Columns(name for name in self if name not in left_out)

    difference = drop

    def tolist(self) -> list[str]:
        return list(self)

    to_list = tolist

    @property
    def values(self) -> np.ndarray:
        return np.array(self)

    @property
    def size(self) -> int:
        return len(self)


class StandIn(np.ndarray):
    """An array that also answers what scripts ask a pandas table. Class numbers tell of all
    classes of the project, those too of which these rows have none."""

    names: list[str]
    # How many classes these targets have; None of everything else, and of what is made of them.
    classes: int | None

    def __array_finalize__(self, source: Any) -> None:
        self.names = getattr(source, "names", [])
        self.classes = None

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        first = args[0] if args else None
        if isinstance(first, StandIn) and first.classes and len(args) == 1:
            if func is np.unique and kwargs.keys() <= {"return_counts", "axis"}:
                found = first.unique()
                return (found, first.value_counts()) if kwargs.get("return_counts") else found
            if func is np.bincount:
                kwargs = {"minlength": first.classes, **kwargs}
        return super().__array_function__(func, types, args, kwargs)

    def max(self, *args: Any, **kwargs: Any) -> Any:
        found = super().max(*args, **kwargs)
        return self.dtype.type(self.classes - 1) if self.classes and not found.ndim else found

    @property
    def columns(self) -> Columns:
        return Columns(self.names)

    def keys(self) -> Columns:
        return self.columns

    @property
    def values(self) -> np.ndarray:
        return np.asarray(self)

    def to_numpy(self) -> np.ndarray:
        return np.asarray(self)

    @property
    def iloc(self) -> "StandIn":
        """By places, as an array is indexed anyway."""
        return self

    def reset_index(self, *_: Any, **__: Any) -> "StandIn":
        return self

    def unique(self) -> np.ndarray:
        if self.classes:
            return np.arange(self.classes, dtype=self.dtype)
        return np.unique(np.asarray(self))

    def nunique(self) -> int:
        return len(self.unique())

    def value_counts(self) -> np.ndarray:
        if self.classes:
            return np.bincount(np.asarray(self), minlength=self.classes)
        return np.unique(np.asarray(self), return_counts=True)[1]


def stand_in(rows: Rows, parts: Parts, facts: dict[str, Any]) -> Any:
    """The project's inputs or targets of a part: StandIns, or a DataFrame of inputs if `parts` has
    DataFrames. One-hot only where there are classes."""
    x, y = parts(rows.part)
    if rows.what == "x" and hasattr(x, "iloc"):
        return x
    if rows.what == "x" and facts.get("text_columns"):
        return _texts(x, facts)
    if rows.what == "x":
        return _named(x, facts.get("feature_names") or map(str, range(x[:1].size)))
    classes = facts.get("num_classes")
    if rows.one_hot and classes:
        y = as_one_hot(y, classes)
    known = target_names(facts)
    several = y.ndim > 1 and not classes and len(known) == y.shape[1]
    columns = known if several else map(str, range(y.shape[1] if y.ndim > 1 else 1))
    targets = _named(y, columns)
    targets.classes = classes if y.ndim == 1 else None
    return targets


class TextStandIn(StandIn):
    """The texts of a column, which also answers by the names of other columns, as a table would."""

    columns_by_name: dict[str, np.ndarray]

    def __array_finalize__(self, source: Any) -> None:
        super().__array_finalize__(source)
        self.columns_by_name = getattr(source, "columns_by_name", {})

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, str) and key in self.columns_by_name:
            return self.columns_by_name[key].view(type(self))
        return super().__getitem__(key)

    @property
    def str(self) -> Any:
        return self._series.str

    def apply(self, function: Any) -> Any:
        return self._series.apply(function)

    map = apply

    def fillna(self, *_: Any, **__: Any) -> "TextStandIn":
        return self

    dropna = fillna

    @property
    def _series(self) -> Any:
        # Here: most templates need none of it.
        import pandas as pd

        return pd.Series(np.asarray(self), dtype=object)


def _texts(x: Any, facts: dict[str, Any]) -> StandIn:
    """The (first) text column, by which scripts mean their data."""
    keys: list[str] = facts["text_columns"]
    given = x if isinstance(x, dict) else {keys[0]: x}
    view: Any = given[keys[0]].view(TextStandIn)
    view.names, view.columns_by_name = list(given), given
    answer: StandIn = view
    return answer


def _named(array: np.ndarray, names: Iterable[str]) -> StandIn:
    view: Any = array.view(StandIn)
    view.names = list(names)
    answer: StandIn = view
    return answer
