"""A saved model's file, loaded as whoever downloads it does, and what it says of rows."""

import json
import zipfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd

from tuning.protocol import description
from tuning.protocol.orders import PredictOrder
from tuning.protocol.predictions import raw_inputs
from tuning.runner.estimators.building import in_threads
from tuning.runner.evaluation import predictions
from tuning.runner.evaluation.predicted import NotEvaluable, Predictions
from tuning.runner.failures import BadData, WorkFailed
from tuning.runner.saved.loading import elsewhere


class CannotPredict(WorkFailed):
    """The model failed on these rows."""


class LoadedModel:
    """`columns` are those of a table, with types, and with the inputs that take them if the model
    takes raw values."""

    def __init__(self, order: PredictOrder) -> None:
        self.about = order.about
        self.is_estimator = order.model.endswith(".skops")
        with zipfile.ZipFile(order.model) as archive:
            self.columns = _columns(archive, order.about)
        # As in a process of its own: layers of the template stay registered while it lives.
        self._code = ExitStack()
        self._code.enter_context(elsewhere(order.layers_code))
        self.model = _load_estimator(order) if self.is_estimator else _load_network(order)

    @property
    def is_raw(self) -> bool:
        """Whether it takes a table's raw values, categories and missing ones included."""
        return bool(self.about["raw"])

    @property
    def classes(self) -> int:
        """0 where numbers are predicted."""
        return len(self.about["class_names"])

    def predict(self, rows: Any) -> Predictions:
        """`rows`: a DataFrame of raw values, or an array. Raises BadData and CannotPredict."""
        unknown: np.ndarray = np.zeros(len(rows), np.int64)
        try:
            if self.is_estimator:
                flat = rows if self.is_raw else np.asarray(rows).reshape(len(rows), -1)
                with in_threads():
                    return predictions.of_estimator(self.model, flat, unknown, self.classes)
            outputs = self.model.predict(self._inputs(rows), verbose=0)
            return predictions.of_network(self.model, outputs, unknown, self.classes)
        except NotEvaluable as error:
            raise BadData(_without_number(rows) or str(error)) from None
        except MemoryError:
            raise
        except Exception as error:
            if missing := _columns_with_gaps(rows):
                raise BadData(
                    f"The model does not take missing values. Enter a value for {missing}."
                ) from error
            raise CannotPredict(
                f"The model cannot predict these rows. {type(error).__name__}: {error}"[:500]
            ) from error

    def _inputs(self, rows: Any) -> Any:
        if not self.is_raw:
            return rows
        return {
            name: keras.ops.convert_to_tensor(np.stack(cells, axis=1))
            for name, cells in raw_inputs(rows, self.columns).items()
        }


def _columns(archive: zipfile.ZipFile, about: dict[str, Any]) -> list[dict[str, Any]]:
    """What the file itself says of its columns: the profile has only some of thousands."""
    try:
        found = json.loads(archive.read(description.FILE)).get("columns")
    except (KeyError, ValueError):
        found = None
    return found or about["columns"]


def _load_network(order: PredictOrder) -> Any:
    return keras.models.load_model(order.model)


def _load_estimator(order: PredictOrder) -> Any:
    # Here: it imports all of scikit-learn, which takes more than a second.
    import skops.io

    return skops.io.load(Path(order.model), trusted=order.trusted_types)


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
