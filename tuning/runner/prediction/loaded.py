"""A saved model, and what it says of rows."""

from typing import Any

import keras
import numpy as np
import pandas as pd

from tuning.protocol.description import ERROR, RECONSTRUCTION
from tuning.protocol.orders import PredictOrder
from tuning.protocol.predictions import lagged_rows
from tuning.protocol.tasks import Task, reconstructs
from tuning.runner.estimators.building import in_threads
from tuning.runner.evaluation import predictions, several
from tuning.runner.evaluation.predicted import NotEvaluable, Predictions
from tuning.runner.failures import BadData, WorkFailed
from tuning.runner.saved.opened import OpenedModel

# What `Model.predict` takes at once.
_BATCH = 32


class CannotPredict(WorkFailed):
    """The model failed on these rows."""


class LoadedModel:
    """`columns` are those of a table, with types."""

    def __init__(self, order: PredictOrder) -> None:
        self.about = order.about
        self._opened = OpenedModel(order.model, order.trusted_types, order.layers_code)
        # The profile has only some of thousands of columns.
        self.columns: list[dict[str, Any]] = (
            self._opened.about.get("columns") or order.about["columns"]
        )
        # The column whose strings alone an estimator takes, if it is one of these.
        self._text = self._opened.about.get("text")

    @property
    def is_raw(self) -> bool:
        """Whether it takes a table's raw values, categories and missing ones included."""
        return bool(self.about["raw"])

    @property
    def reconstructs(self) -> bool:
        return reconstructs(self.about)

    @property
    def reproduced_columns(self) -> list[tuple[str, str | None]]:
        """What each output of a table's reconstruction is: a column and, of a category, a value."""
        known = self._opened.about.get(RECONSTRUCTION)
        if known:
            return [(str(name), value) for name, value in known]
        return [(column["name"], None) for column in self.columns]

    @property
    def windows(self) -> dict[str, Any]:
        """Of a time series; empty of other data."""
        found: dict[str, Any] = self._opened.about.get("windows") or {}
        return found

    @property
    def naming_columns(self) -> list[dict[str, Any]]:
        """The column that names the series, if it is no input."""
        name = self.windows.get("series")
        known = {column["name"] for column in self.columns}
        return [{"name": name, "type": "category"}] if name and name not in known else []

    @property
    def rows_ahead(self) -> int:
        """How many rows a table has beyond those that a model sees of all columns."""
        return int(self.windows["horizon"]) if self.windows["known"] else 0

    @property
    def classes(self) -> int:
        """0 where numbers are predicted."""
        return len(self.about["class_names"])

    def predict(self, rows: Any) -> Predictions:
        """`rows`: a DataFrame of raw values, or an array. Of a time series, all windows of its
        rows, the newest first. Raises BadData and CannotPredict."""
        try:
            model = self._opened.model
            unknown = self._unknown(self._count(rows))
            if self._opened.is_estimator:
                with in_threads():
                    return self._of_estimator(model, self._as_estimator_takes(rows), unknown)
            inputs = self._opened.tensors(rows) if self.is_raw else rows
            outputs = _outputs(model, inputs)
            if self.reconstructs:
                return _reconstruction(outputs)
            if self.windows:
                # People ask what comes next.
                outputs = keras.tree.map_structure(lambda values: values[::-1], outputs)
            return self._of_network(model, outputs, unknown)
        except NotEvaluable as error:
            raise BadData(_without_number(rows) or str(error)) from None
        except (BadData, MemoryError):
            raise
        except Exception as error:
            if missing := _columns_with_gaps(rows):
                raise BadData(
                    f"The model does not take missing values. Enter a value for {missing}."
                ) from error
            raise CannotPredict(
                f"The model cannot predict these rows. {type(error).__name__}: {error}"[:500]
            ) from error

    def _as_estimator_takes(self, rows: Any) -> Any:
        if self.windows:
            return lagged_rows(rows, self._opened.about)[::-1]
        if self._text:
            return rows[self._text]
        return rows if self.is_raw else np.asarray(rows).reshape(len(rows), -1)

    def _count(self, rows: Any) -> int:
        """How many rows or windows are predicted. Raises BadData."""
        if not self.windows:
            return len(rows)
        shortest = self.windows["look_back"] + self.rows_ahead
        series = self.windows.get("series")
        sizes = rows.groupby(series, sort=False).size() if series else [len(rows)]
        count = sum(max(0, int(size) - shortest + 1) for size in sizes)
        if not count:
            of_one = " of one series" if series else ""
            raise BadData(
                f"The file has {max(sizes, default=0):,} rows{of_one}, but the model needs at "
                f"least {shortest:,} that follow each other in time."
            )
        return count

    def _unknown(self, count: int) -> np.ndarray:
        """In place of actual values."""
        targets = self.about["targets"]
        return np.zeros((count, len(targets)) if targets else count)

    def _of_estimator(self, model: Any, rows: Any, unknown: np.ndarray) -> Predictions:
        if unknown.ndim == 1:
            return predictions.of_estimator(model, rows, unknown, self.classes)
        labels = Task(self.about["task"]).traits.has_labels
        found = several.labels_of_estimator if labels else several.numbers_of_estimator
        return found(model, rows, unknown)

    def _of_network(self, model: Any, outputs: Any, unknown: np.ndarray) -> Predictions:
        if unknown.ndim == 1:
            return predictions.of_network(model, outputs, unknown, self.classes)
        if Task(self.about["task"]).traits.has_labels:
            return several.labels_of_network(model, outputs, unknown)
        return several.numbers_of_network(outputs, unknown)


def _outputs(model: Any, inputs: Any) -> Any:
    """As `Model.predict` gives them. For one batch, its pipeline would take longer than the model,
    and a person waits."""
    rows = len(keras.tree.flatten(inputs)[0])
    if rows <= _BATCH:
        return model.predict_on_batch(inputs)
    return model.predict(inputs, verbose=0)


def _reconstruction(outputs: Any) -> Predictions:
    """Raises NotEvaluable."""
    if not isinstance(outputs, dict) or not {RECONSTRUCTION, ERROR} <= outputs.keys():
        raise NotEvaluable("The file does not say how well it reproduces rows.")
    errors = predictions.finite(np.asarray(outputs[ERROR], np.float64))
    return Predictions(
        np.zeros(len(errors)), errors, reproduced=np.asarray(outputs[RECONSTRUCTION])
    )


def _columns_with_gaps(rows: Any) -> str:
    """The names of columns with missing values, or nothing."""
    if not isinstance(rows, pd.DataFrame):
        return ""
    names = [str(name) for name in rows.columns[rows.isna().any()]]
    return ", ".join(f"“{name}”" for name in names[:5]) + (", …" if len(names) > 5 else "")


def _without_number(rows: Any) -> str:
    """Why the model may have predicted no number, if the rows say it."""
    missing = _columns_with_gaps(rows)
    return f"The model predicts no number if values are missing: {missing}." if missing else ""
