"""The project's dataset in the place of tables, batches and samples that a script would load."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import numpy as np

from tuning.protocol.tasks import target_names

from .script_data import Rows
from .sources import Kind, Source
from .stand_ins import Columns, Parts, StandIn, stand_in
from .supplied import label_names
from .tables import whole_table, whole_tables
from .unknown import Unknown

_BATCH = 32


class Project:
    """What stand-ins know: the facts of the dataset and its training rows."""

    def __init__(self, parts: Parts, facts: dict[str, Any]) -> None:
        self._parts = parts
        self.facts = facts

    @property
    def x(self) -> Any:
        return stand_in(Rows("x"), self._parts, self.facts)

    @property
    def y(self) -> StandIn:
        return stand_in(Rows("y"), self._parts, self.facts)

    def table(self, name: str, target: str) -> Any:
        """Inputs and target together: a DataFrame if the inputs are one."""
        x = self.x
        if isinstance(x, StandIn):
            return Table(name, self, target)
        y = np.asarray(self.y)
        if y.ndim > 1:
            return whole_tables(x, y, target_names(self.facts))
        target = target or str(self.facts.get("target_name") or "target")
        return whole_table(x, y, target, self.classes)

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.facts["input_shape"])

    @property
    def features(self) -> list[str]:
        return list(self.facts.get("feature_names") or map(str, range(int(np.prod(self.shape)))))

    @property
    def targets(self) -> list[str]:
        """The columns that are predicted, as the dataset calls them."""
        return target_names(self.facts)

    @property
    def texts(self) -> list[str]:
        """The names of the text columns."""
        return list(self.facts.get("text_columns") or [])

    @property
    def classes(self) -> list[str] | None:
        """The names of the classes or labels; None where amounts are predicted."""
        count = self.facts.get("num_classes")
        if labels := label_names(self.facts):
            return labels
        return list(self.facts.get("class_names") or map(str, range(count))) if count else None


class _Known(Unknown):
    """An unknown value of which some attributes are known: the methods and properties below."""

    def __init__(self, text: str, project: Project) -> None:
        super().__init__(text)
        self.__dict__["_project"] = project


class Table(_Known):
    """A table that holds inputs and the target, which is its last column."""

    def __init__(self, text: str, project: Project, target: str) -> None:
        super().__init__(text, project)
        self.__dict__["_target"] = target

    @property
    def columns(self) -> Columns:
        targets = self._project.targets
        last = targets if len(targets) > 1 else [self._target or "target"]
        return Columns([*self._project.features, *last])

    @property
    def shape(self) -> tuple[int, int]:
        return len(self), len(self.columns)

    @property
    def iloc(self) -> "_ByPlace":
        return _ByPlace(self._text + ".iloc", self._project)

    def keys(self) -> Columns:
        return self.columns

    def __len__(self) -> int:
        return len(self._project.y)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, Unknown | slice):
            # A condition picks rows: the columns stay.
            return self
        if isinstance(key, tuple):
            # `data[:, :-1]` of an array that holds both.
            return self.iloc[key]
        names = list(key) if isinstance(key, list | np.ndarray) else [key]
        if names == [self._target] or set(names) == set(self._project.targets):
            return self._project.y
        if len(names) == 1 and names[0] in self._project.texts:
            return self._project.x[names[0]]
        return self._project.x if names == self._project.features else super().__getitem__(key)

    def __getattr__(self, name: str) -> Any:
        if name and name == self._target:
            return self._project.y
        if name in self._project.texts:
            return self._project.x[name]
        return self._same if name in _SAME_TABLE else super().__getattr__(name)

    def drop(self, labels: Any = None, *, columns: Any = None, **_: Any) -> Any:
        dropped = labels if columns is None else columns
        names = [dropped] if isinstance(dropped, str) else list(dropped)
        are_targets = self._target in names or {*self._project.targets} <= {*names}
        return self._project.x if are_targets else self

    def _same(self, *_: Any, **__: Any) -> "Table":
        return self


class _ByPlace(_Known):
    """`df.iloc[:, :-1]` and `df.iloc[:, -1]`."""

    def __getitem__(self, key: Any) -> Any:
        match key:
            case (_, -1):
                return self._project.y
            case (_, slice(start=None | 0, stop=-1, step=None)):
                return self._project.x
        return super().__getitem__(key)


class Batches(_Known):
    """A dataset or generator of batches, or what tensorflow_datasets tells of one."""

    @property
    def class_names(self) -> Any:
        names = self._project.classes
        return Unknown(f"{self._text}.class_names") if names is None else names

    names = class_names

    @property
    def class_indices(self) -> Any:
        return {name: index for index, name in enumerate(self.class_names)}

    @property
    def num_classes(self) -> Any:
        names = self._project.classes
        return Unknown(f"{self._text}.num_classes") if names is None else len(names)

    @property
    def image_shape(self) -> tuple[int, ...]:
        return self._project.shape

    shape = image_shape

    @property
    def features(self) -> dict[str, "Batches"]:
        return {"image": self, "label": self}

    def __getattr__(self, name: str) -> Any:
        return self._same if name in _SAME_BATCHES else super().__getattr__(name)

    def __iter__(self) -> Iterator[tuple[StandIn, StandIn]]:
        x, y = self._project.x, self._project.y
        for start in range(0, len(x), _BATCH):
            yield x[start : start + _BATCH], y[start : start + _BATCH]

    def _same(self, *_: Any, **__: Any) -> "Batches":
        return self


class Samples(_Known):
    """A Bunch of scikit-learn."""

    @property
    def data(self) -> StandIn:
        return self._project.x

    images = data

    @property
    def target(self) -> StandIn:
        return self._project.y

    @property
    def feature_names(self) -> Columns:
        return Columns(self._project.features)

    @property
    def target_names(self) -> Any:
        names = self._project.classes
        return Unknown(f"{self._text}.target_names") if names is None else np.array(names)

    @property
    def frame(self) -> Table:
        return Table(f"{self._text}.frame", self._project, "target")

    def __getitem__(self, key: Any) -> Any:
        return getattr(self, key) if isinstance(key, str) else super().__getitem__(key)


_SAME_TABLE = frozenset({
    "copy", "dropna", "fillna", "sample", "drop_duplicates", "reset_index", "rename", "replace",
    "sort_values", "sort_index", "head", "tail", "query", "astype", "infer_objects", "assign",
    "select_columns", "convert_dtypes", "set_axis", "interpolate", "ffill", "bfill",
})  # fmt: skip
_SAME_BATCHES = frozenset({
    "cache", "prefetch", "shuffle", "repeat", "take", "skip", "map", "with_options", "filter",
    "apply", "concatenate",
})  # fmt: skip


def source_stand_in(source: Source, name: str, project: Project) -> Any:
    """What takes the place of the script's `name`."""
    match source.kind:
        case Kind.TABLE:
            return project.table(name, source.target)
        case Kind.INPUTS:
            return project.x
        case Kind.BATCHES:
            return Batches(name, project)
        case Kind.SAMPLES:
            return Samples(name, project)
        case Kind.UNKNOWN:
            return Unknown(name)


def mark_fitted(helper: Any, what: str, project: Project) -> None:
    """Give a helper of scikit-learn's kind what is known of it once it is fitted to the project's
    inputs ("x") or targets ("y"); without either nothing is known."""
    for name in _FITTED_ATTRIBUTES:
        getattr(helper, "__dict__", {}).pop(name, None)
    known: dict[str, Any] = {}
    if what == "x":
        known = {
            "n_features_in_": len(project.features),
            "feature_names_in_": np.array(project.features, dtype=object),
        }
    elif what == "y" and project.classes:
        classes = np.array(project.classes)
        known = {"classes_": classes, "n_features_in_": 1}
        if hasattr(helper, "categories"):
            known["categories_"] = [classes]
    elif what == "y":
        known = {"n_features_in_": 1}
    for name, value in known.items():
        # A pipeline has no such attribute of its own: it asks its first step.
        with suppress(AttributeError):
            setattr(helper, name, value)


_FITTED_ATTRIBUTES = ("n_features_in_", "feature_names_in_", "classes_", "categories_")
