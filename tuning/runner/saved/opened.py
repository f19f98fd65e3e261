"""A saved model's file, opened as whoever downloads it does."""

import json
import zipfile
from contextlib import ExitStack
from typing import Any

import keras
import numpy as np
import pandas as pd

from tuning.protocol import description
from tuning.protocol.predictions import raw_inputs, raw_windows
from tuning.runner.inputs.preprocessing import Preprocessing

from .loading import elsewhere
from .raw_keras import raw_cells, tensors_of


class OpenedModel:
    """`model`: a network or an estimator; `about`: the description in the file (tuning.protocol.
    description). The template's layers stay registered as long as the process lives."""

    def __init__(self, file: str, trusted_types: list[str], layers_code: str) -> None:
        self.is_estimator = file.endswith(".skops")
        with zipfile.ZipFile(file) as archive:
            self.about = _described(archive)
        self._code = ExitStack()
        self._code.enter_context(elsewhere(layers_code))
        self.model: Any = (
            _load_estimator(file, trusted_types) if self.is_estimator else self._load_network(file)
        )

    def _load_network(self, file: str) -> Any:
        keras_model = keras.models.load_model(file)
        if not keras_model.compiled:
            # Its outputs are read by it: whether they are logits, above all.
            keras_model.loss = _loss_of(keras_model, self.about.get("outputs", ""))
        return keras_model

    def tensors(self, rows: pd.DataFrame) -> dict[str, Any]:
        """Raw rows of a table, or all windows of them, as the network takes them."""
        if self.about.get("windows"):
            inputs = raw_windows(rows, self.about)
        else:
            inputs = raw_inputs(rows, self.about["columns"])
        return {
            name: keras.ops.convert_to_tensor(np.stack(cells, axis=-1))
            for name, cells in inputs.items()
        }

    def stored_windows(self, preprocessing: Preprocessing, x: np.ndarray) -> dict[str, Any]:
        """The same of windows as the dataset stores them."""
        inputs = {column["name"]: column["input"] for column in self.about["columns"]}
        return tensors_of(raw_cells(preprocessing, x), inputs)


def _described(archive: zipfile.ZipFile) -> dict[str, Any]:
    try:
        found = json.loads(archive.read(description.FILE))
    except (KeyError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _load_estimator(file: str, trusted_types: list[str]) -> Any:
    # Here: it imports all of scikit-learn, which takes more than a second.
    import skops.io

    return skops.io.load(file, trusted=trusted_types)


def _loss_of(keras_model: Any, outputs: str) -> Any:
    """The loss of the network behind the preprocessing, or one whose outputs are read alike."""
    for part in keras_model._flatten_layers():
        if isinstance(part, keras.Model) and part.compiled:
            return part.loss
    known = {
        description.LOGITS: keras.losses.BinaryCrossentropy(from_logits=True),
        description.MARGINS: keras.losses.Hinge(),
    }
    return known.get(outputs)
