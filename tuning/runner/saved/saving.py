"""The file of a trained model: known to load and to predict alike, from raw values where the
dataset has any, and with the names of its classes inside."""

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tuning.protocol import description
from tuning.protocol.description import ERROR, RECONSTRUCTION
from tuning.protocol.model_kinds import NETWORK_FILE
from tuning.protocol.tasks import Task
from tuning.runner.evaluation.predictions import reading_of
from tuning.runner.failures import CannotSave
from tuning.runner.inputs.data import Dataset
from tuning.runner.inputs.preprocessing import Preprocessing
from tuning.runner.networks.eager import outputs_of
from tuning.runner.template.code import Template
from tuning.runner.template.several_outputs import joined_network
from tuning.runner.template.text_inputs import as_network_takes, learn_any_vocabulary

from .files import describe, put_in_place
from .loading import Form, elsewhere, explained, form_of, uncompiled
from .raw_keras import RawModel, scaled_model

_UNFINISHED = Path("unfinished-" + NETWORK_FILE)
_COMPARED_ROWS = 8
# Cheap in tables, and rare categories matter.
_COMPARED_RAW_ROWS = 500


def save_model(
    keras_model: Any, dataset: Dataset, template: Template, instead: np.ndarray | None = None
) -> Form:
    """Write the file under its name only once it is whole and known to load and predict alike.
    `instead`: rows to compare by of a model that does not take the dataset's. Returns how it was
    written. Raises CannotSave."""
    form = _write(keras_model, dataset, template, instead)
    put_in_place(_UNFINISHED, NETWORK_FILE)
    return form


def rehearse(
    keras_model: Any, dataset: Dataset, template: Template, instead: np.ndarray | None = None
) -> None:
    """Do all of it with a network that is not trained yet, and keep nothing. Raises CannotSave."""
    learn_any_vocabulary(keras_model)
    _write(keras_model, dataset, template, instead)
    _UNFINISHED.unlink()


def _write(
    keras_model: Any, dataset: Dataset, template: Template, instead: np.ndarray | None
) -> Form:
    reading = reading_of(keras_model)
    if instead is None:
        keras_model = joined_network(keras_model, dataset.facts)
    rows = dataset.raw("test")[0]
    if not len(rows):
        rows = dataset.raw("train")[0]
    inputs: Any = rows[:_COMPARED_ROWS]
    if instead is not None:
        inputs = instead
    elif dataset.preprocessing:
        rows = _with_strangers(rows[:_COMPARED_RAW_ROWS], dataset.preprocessing)
        inputs = as_network_takes(keras_model, dataset.preprocessing.apply(rows))
    elif dataset.scaling:
        inputs = dataset.scaling.apply(inputs)
    # First of all: a network without an input shape is built by its first rows.
    live = outputs_of(keras_model, inputs)
    whole, columns, feed = keras_model, None, inputs
    if instead is None and dataset.preprocessing:
        steps = rows.shape[1:-1]
        raw = RawModel(keras_model, dataset.preprocessing, dataset.reconstructs, steps)
        whole, columns, feed = raw.keras_model, raw.inputs, raw.feed(rows)
    elif instead is None and dataset.scaling:
        whole = scaled_model(keras_model, dataset.scaling, tuple(dataset.x.shape[1:]))
        feed = rows[:_COMPARED_ROWS]
    form = form_of(whole, template)
    with explained(), nullcontext() if form.compiled else uncompiled(whole):
        whole.save(_UNFINISHED)
    about = description.description_of(dataset.facts, columns)
    about |= reading if _has_scores(about) else {}
    describe(_UNFINISHED, about | _reconstructed_columns(dataset))
    with elsewhere(form.code), explained():
        loaded = outputs_of(keras.models.load_model(_UNFINISHED), feed)
    expected = _answers(dataset, inputs, live) if whole is not keras_model else live
    if not _alike(expected, loaded) and _alike(live, outputs_of(keras_model, inputs)):
        raise CannotSave(
            "The saved model predicts something else than the trained one: some of its state is "
            "not saved with it."
        )
    return form


def _answers(dataset: Dataset, inputs: Any, live: Any) -> Any:
    """What a file that takes raw rows has to answer if the network in it answers `live`."""
    if not dataset.reconstructs:
        return live
    low, scale = dataset.low_and_scale
    reproduced = np.asarray(live).reshape(inputs.shape)
    error = ((reproduced - inputs) ** 2).reshape(len(inputs), -1).mean(axis=1)
    return {RECONSTRUCTION: reproduced / scale + low, ERROR: error}


def _reconstructed_columns(dataset: Dataset) -> dict[str, Any]:
    """What each output of a table's reconstruction is."""
    if not (dataset.reconstructs and dataset.preprocessing):
        return {}
    return {RECONSTRUCTION: dataset.preprocessing.input_columns}


def _has_scores(about: dict[str, Any]) -> bool:
    """Whether outputs are scores of classes or labels."""
    return Task(about["task"]).traits.has_classes or Task(about["task"]).traits.has_labels


def _with_strangers(rows: np.ndarray, preprocessing: Preprocessing) -> np.ndarray:
    """Raw rows and two more: one of nothing but gaps, one whose categories nobody has seen."""
    gaps = np.full_like(rows[:1], np.nan)
    strange = gaps.copy()
    for category in preprocessing.categories:
        strange[..., category.place] = len(category.values) + 1
    return np.concatenate([rows, gaps, strange])


def _alike(live: Any, loaded: Any) -> bool:
    """Whether two predictions agree up to rounding. A network's outputs may be nested."""
    pairs = zip(keras.tree.flatten(live), keras.tree.flatten(loaded), strict=True)
    return all(
        np.allclose(a, b, rtol=1e-3, atol=1e-4 * _magnitude(a), equal_nan=True) for a, b in pairs
    )


def _magnitude(predictions: np.ndarray) -> float:
    """That of the largest: among house prices, one near 0 is rounded like the rest."""
    return float(np.abs(predictions[np.isfinite(predictions)]).max(initial=0.0))
