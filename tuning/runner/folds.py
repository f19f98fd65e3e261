"""The folds of a cross-validation, divided as the project divides rows: at random, by group or by
time. Each is scikit-learn's own.

They divide the training and validation rows of the project. Estimators and networks have the same
folds of the same rows; a time series, whose rows are windows, leaves as many windows out between
the two parts of a fold as between the parts of its split.
"""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import numpy as np
from iterstrat.ml_stratifiers import MultilabelStratifiedKFold
from sklearn.model_selection import (
    BaseCrossValidator,
    GroupKFold,
    KFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    TimeSeriesSplit,
)

from tuning.protocol.orders import SearchOrder
from tuning.protocol.splitting import SplitBy
from tuning.protocol.tasks import Task, TaskTraits
from tuning.protocol.windows import Windows
from tuning.splits.windows import window_folds

from .inputs.data import Dataset


def folds_of(order: SearchOrder, task: str, windows: Windows | None = None) -> BaseCrossValidator:
    """The same folds for all trials of a project, so that they can be compared; a confirmation has
    others, except by time."""
    if windows and windows.series > 1:
        return WindowFolds(order.folds)
    if windows:
        return TimeSeriesSplit(order.folds, gap=windows.gap)
    split = order.project.split
    seed = split.seed if order.fold_seed is None else order.fold_seed
    return _FOLDS[SplitBy(split.by)](order.folds, seed, Task(task).traits)


def rows_of_folds(order: SearchOrder, dataset: Dataset) -> list[tuple[np.ndarray, np.ndarray]]:
    """The rows that each fold trains on, and those that it is validated on: places among the
    dataset's training and validation rows."""
    y = dataset.targets("train", "validation")
    found = folds_of(order, dataset.facts["task"], dataset.windows)
    return list(found.split(np.zeros(len(y)), y, dataset.keys("train", "validation")))


def _random(folds: int, seed: int, task: TaskTraits) -> BaseCrossValidator:
    if task.has_labels:
        kind = MultilabelStratifiedKFold
    else:
        kind = StratifiedKFold if task.stratified else KFold
    return kind(folds, shuffle=True, random_state=seed)


def _by_group(folds: int, seed: int, task: TaskTraits) -> BaseCrossValidator:
    kind = StratifiedGroupKFold if task.has_classes else GroupKFold
    return kind(folds, shuffle=True, random_state=seed)


def _by_time(folds: int, seed: int, task: TaskTraits) -> BaseCrossValidator:
    del seed, task
    return TimeFolds(folds)


_FOLDS: dict[SplitBy, Callable[[int, int, TaskTraits], BaseCrossValidator]] = {
    SplitBy.RANDOM: _random, SplitBy.GROUP: _by_group, SplitBy.TIME: _by_time,
}  # fmt: skip


class TimeFolds(BaseCrossValidator):
    """TimeSeriesSplit of the different times, so that rows of one time stay together: each fold is
    tested on later rows than it is trained on. `groups` are the times."""

    def __init__(self, folds: int) -> None:
        self._folds = TimeSeriesSplit(folds)

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[Any]:  # noqa: N803
        del X, y
        times, time = np.unique(groups, return_inverse=True)
        for train, test in self._folds.split(times):
            yield np.flatnonzero(time <= train[-1]), np.flatnonzero(np.isin(time, test))

    def get_n_splits(self, *args: Any, **kwargs: Any) -> int:
        return int(self._folds.get_n_splits(*args, **kwargs))


class WindowFolds(BaseCrossValidator):
    """Folds of windows of several series. `groups` are the times of their first and last rows."""

    def __init__(self, folds: int) -> None:
        self._folds = folds

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[Any]:  # noqa: N803
        del X, y
        return iter(window_folds(groups[:, 0], groups[:, 1], self._folds))

    def get_n_splits(self, *args: Any, **kwargs: Any) -> int:
        del args, kwargs
        return self._folds


class OneFold(BaseCrossValidator):
    """One of the folds of another cross-validation."""

    def __init__(self, folds: BaseCrossValidator, number: int) -> None:
        self._folds, self._number = folds, number

    def split(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
        return islice(self._folds.split(*args, **kwargs), self._number, self._number + 1)

    def get_n_splits(self, *args: Any, **kwargs: Any) -> int:
        return 1
