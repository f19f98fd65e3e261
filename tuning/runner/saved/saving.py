"""The file of a trained model: known to load and to predict alike, from raw values where the
dataset has any, and with the names of its classes inside."""

from pathlib import Path
from typing import Any

import keras
import numpy as np

from tuning.protocol import description
from tuning.protocol.model_kinds import NETWORK_FILE
from tuning.runner.failures import TemplateError
from tuning.runner.inputs.data import Dataset
from tuning.runner.inputs.preprocessing import Preprocessing

from .files import describe, put_in_place
from .raw_keras import RawModel

_COMPARED_ROWS = 8
# Cheap in tables, and rare categories matter.
_COMPARED_RAW_ROWS = 500


def save_model(keras_model: Any, dataset: Dataset, instead: np.ndarray | None = None) -> None:
    """Write the file under its name only once it is whole and known to load and predict alike.
    `instead`: rows to compare by of a model that does not take the dataset's. Raises
    TemplateError."""
    rows = dataset.raw("test")[0]
    if not len(rows):
        rows = dataset.raw("train")[0]
    unfinished = Path("unfinished-" + NETWORK_FILE)
    whole, columns = keras_model, None
    inputs: Any = rows[:_COMPARED_ROWS]
    feed = inputs
    if instead is not None:
        inputs = feed = instead
    elif dataset.preprocessing:
        rows = _with_strangers(rows[:_COMPARED_RAW_ROWS], dataset.preprocessing)
        raw = RawModel(keras_model, dataset.preprocessing)
        whole, columns = raw.keras_model, raw.inputs
        inputs, feed = dataset.preprocessing.apply(rows), raw.feed(rows)
    whole.save(unfinished)
    describe(unfinished, description.description_of(dataset.facts, columns))
    live = keras_model.predict(inputs, verbose=0)
    try:
        loaded = keras.models.load_model(unfinished).predict(feed, verbose=0)
    except Exception as error:
        raise TemplateError(
            "The trained model was saved but cannot be loaded again. Layers of the template's own "
            "need @keras.saving.register_keras_serializable(); Lambda layers cannot be loaded."
        ) from error
    if not _alike(live, loaded):
        raise TemplateError(
            "The saved model predicts something else than the trained one: some of its state is "
            "not saved with it."
        )
    put_in_place(unfinished, NETWORK_FILE)


def _with_strangers(rows: np.ndarray, preprocessing: Preprocessing) -> np.ndarray:
    """Raw rows and two more: one of nothing but gaps, one whose categories nobody has seen."""
    gaps = np.full_like(rows[:1], np.nan)
    strange = gaps.copy()
    for category in preprocessing.categories:
        strange[:, category.place] = len(category.values) + 1
    return np.concatenate([rows, gaps, strange])


def _alike(live: Any, loaded: Any) -> bool:
    """Whether two predictions agree up to rounding. A network's outputs may be nested."""
    pairs = zip(keras.tree.flatten(live), keras.tree.flatten(loaded), strict=True)
    return all(
        np.allclose(a, b, rtol=1e-3, atol=1e-4 * _magnitude(a), equal_nan=True) for a, b in pairs
    )


def _magnitude(predictions: np.ndarray) -> float:
    """That of the largest, 1 at least: among house prices, one near 0 is rounded like the rest."""
    return float(np.abs(predictions[np.isfinite(predictions)]).max(initial=1.0))
