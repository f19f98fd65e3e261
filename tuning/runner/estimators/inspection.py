"""Trying a template's default estimator: whether it suits the data, whether it can be saved."""

from typing import Any

import numpy as np
from keras_tuner.src.tuners.sklearn_tuner import split_data

from tuning.figures import counted
from tuning.protocol.data_kinds import kind_of_rows
from tuning.protocol.tasks import Task
from tuning.runner.failures import CannotSave
from tuning.runner.inputs.data import Dataset
from tuning.runner.saved.skops_files import refuse_unsafe

from .building import in_threads, ready, rows_for, wrapping_note
from .columns import by_place, explained_columns, selects_columns
from .texts import explained_texts, unused_by

# Enough for the folds and neighbours that estimators have inside, and quick to fit.
_ROWS_OF_A_CLASS = 50
_MAX_ROWS = 1_000


def try_estimator(estimator: Any, dataset: Dataset, builder: str) -> str:
    """Fit the estimator that `builder` returned on a few rows of each class and predict them.
    Returns sentences to know before a search, or nothing. Raises TemplateError, or what
    scikit-learn raises."""
    whole = ready(estimator, dataset.facts, builder)
    wrapped = "" if whole is estimator else wrapping_note(whole)
    estimator = whole
    x, y = few_rows(*rows_for(estimator, dataset, "train"), dataset.facts["task"])
    with in_threads(), explained_columns(dataset.facts), explained_texts(dataset):
        estimator.fit(x, y)
        estimator.predict(x)
    takes_raw = dataset.texts or selects_columns(estimator, dataset.facts)
    note = unused_by(estimator, dataset) if takes_raw else dataset.note
    notes = (
        wrapped, note, _flattened(dataset), by_place(estimator, dataset.facts),
        _unsaveable(estimator),
    )  # fmt: skip
    return " ".join(filter(None, notes))


def few_rows(x: Any, y: np.ndarray, task: str) -> tuple[Any, np.ndarray]:
    """Some rows of each class, or with and without each label."""
    if Task(task).traits.has_labels:
        each = max(2, _MAX_ROWS // (2 * y.shape[1]))
        sides = [side for label in y.T for side in (label == 1, label == 0)]
        chosen = np.unique(np.concatenate([np.flatnonzero(side)[:each] for side in sides]))
        return split_data(x, chosen), y[chosen]
    if not Task(task).traits.has_classes:
        return x[:_MAX_ROWS], y[:_MAX_ROWS]
    labels = np.unique(y)
    each = max(2, min(_ROWS_OF_A_CLASS, _MAX_ROWS // len(labels)))
    chosen = np.concatenate([np.flatnonzero(y == label)[:each] for label in labels])
    return split_data(x, chosen), y[chosen]


def _flattened(dataset: Dataset) -> str:
    shape, noun = dataset.x.shape[1:], kind_of_rows(dataset.facts).traits.row
    if dataset.windows:
        names = [column["name"] for column in dataset.facts["columns"]]
        return (
            f"Each window reaches the estimator as one row: the columns of its "
            f"{counted(dataset.windows.look_back, 'row')} one after the other, from “{names[0]}” "
            f"to “{names[-1]}”."
        )
    if len(shape) == 1:
        return ""
    sides = " × ".join(str(side) for side in shape)
    return f"Each {noun} of {sides} reaches the estimator as one row of {np.prod(shape):,} numbers."


def _unsaveable(estimator: Any) -> str:
    try:
        refuse_unsafe(estimator)
    except CannotSave as error:
        return f"Trained models of this template cannot be downloaded as they are: {error}"
    return ""
