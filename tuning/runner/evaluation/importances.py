"""Permutation importance: how much worse a model scores on rows in which one column is shuffled.
Of windows, a column's whole past is exchanged: each window gets the one of another window."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from sklearn.inspection import permutation_importance
from sklearn.metrics import accuracy_score, f1_score, r2_score

from tuning.protocol.evaluation import Importance, Importances
from tuning.protocol.tasks import Task

SEED = 0
MAX_ROWS, MAX_COLUMNS = 1000, 500
REPEATS = 5
_RATES = {
    "accuracy": accuracy_score, "r2": r2_score,
    "f1_macro": partial(f1_score, average="macro", zero_division=0),
}  # fmt: skip
# Seconds for all of it; fewer repeats, then fewer rows, then nothing.
_SECONDS = 20.0

# Rows as the dataset has them, as an array or a DataFrame -> classes or numbers.
Predict = Callable[[Any], np.ndarray]
# Targets and predictions -> a score, the larger the better.
Rate = Callable[[Any, Any], float]


class _Model:
    """As scikit-learn wants to be given one. It is fitted already."""

    def __init__(self, predict: Predict) -> None:
        self.predict = predict

    def fit(self, x: Any, y: Any) -> None:
        raise NotImplementedError


def importances_of(
    predict: Predict, x: Any, y: np.ndarray, names: list[str], task: str
) -> Importances:
    """The importance of each column of `x`, in its order; of windows it is an array (windows,
    steps, columns)."""
    score = Task(task).traits.importance
    if len(names) > MAX_COLUMNS:
        return Importances(problem=f"Computed for at most {MAX_COLUMNS:,} columns.")
    if len(y) < 2:
        return Importances(problem="The project has too few validation rows.")
    rows = min(len(y), MAX_ROWS)
    chosen = np.random.default_rng(SEED).permutation(len(y))[:rows]
    x, y = _rows(x, chosen), y[chosen]
    predict(x)  # The first time, networks are compiled.
    began = time.monotonic()
    predict(x)
    repeats = int(min(REPEATS, _SECONDS / (len(names) * max(time.monotonic() - began, 1e-6))))
    if repeats < 2:
        return Importances(problem="The model is too slow to predict each column's shuffles.")
    drops = _of_windows if isinstance(x, np.ndarray) and x.ndim == 3 else _of_rows
    found = drops(predict, x, y, _RATES[score], repeats)
    columns = [
        Importance(name, float(of_column.mean()), float(of_column.std()))
        for name, of_column in zip(names, found, strict=True)
    ]
    return Importances(score, rows, repeats, columns)


def _of_rows(predict: Predict, x: Any, y: np.ndarray, rate: Rate, repeats: int) -> np.ndarray:
    """By how much the score drops: (columns, repeats)."""
    found = permutation_importance(
        _Model(predict), x, y, scoring=lambda model, x, y: rate(y, model.predict(x)),
        n_repeats=repeats, random_state=SEED,
    )  # fmt: skip
    return np.asarray(found.importances)


def _of_windows(predict: Predict, x: np.ndarray, y: np.ndarray, rate: Rate, repeats: int) -> Any:
    """The same of windows, which scikit-learn does not take."""
    random = np.random.default_rng(SEED)
    whole = rate(y, predict(x))
    drops: np.ndarray = np.empty((x.shape[2], repeats))
    for column, repeat in np.ndindex(drops.shape):
        shuffled = x.copy()
        shuffled[..., column] = x[random.permutation(len(x))][..., column]
        drops[column, repeat] = whole - rate(y, predict(shuffled))
    return drops


def _rows(x: Any, chosen: np.ndarray) -> Any:
    return x.iloc[chosen] if hasattr(x, "iloc") else np.asarray(x[chosen])
