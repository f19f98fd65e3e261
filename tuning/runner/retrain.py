"""Training a fresh model with a trial's values on all data but the test rows, and saving it."""

import os
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tuning.protocol.events import EpochEnd, Metrics, Progress, Retrained
from tuning.protocol.orders import RetrainOrder

from .channel import Channel
from .code import Template
from .data import Arrays, load_dataset
from .failures import TemplateError
from .libraries import versions
from .networks import description, numbers
from .spaces import with_values

MODEL_FILE = "model.keras"
_COMPARED_ROWS = 8


def retrain(order: RetrainOrder, channel: Channel) -> None:
    """Train on train + validation rows, evaluate once on the test rows, save and load again."""
    dataset = load_dataset(order.project)
    template = Template(order.project.code, dataset.facts, order.project.constants, dataset.rows)
    # `tuner/*` are Hyperband's: epochs to train and a checkpoint to start from.
    values = {k: v for k, v in order.values.items() if not k.startswith("tuner/")}
    hp = with_values(order.space, values)
    keras.utils.set_random_seed(order.seed)
    keras_model = template.build(hp)
    x, y = dataset.rows("train", "validation")
    template.fit(
        hp,
        keras_model,
        x,
        y,
        epochs=order.epochs,
        batch_size=order.batch_size,
        callbacks=[EpochReporter(channel)],
        verbose=2,
    )
    x_test, y_test = dataset.rows("test")
    test = x_test, template.targets(keras_model, y_test)
    channel.send(Progress("Evaluating on the test rows and saving", 1.0))
    metrics = _evaluate(keras_model, test, order.batch_size)
    _save(keras_model, test[0] if len(test[0]) else x)
    built = description(keras_model)
    channel.send(Retrained(metrics, built.parameters, versions(), built.summary))


class EpochReporter(keras.callbacks.Callback):
    """Sends an event at each epoch's end."""

    def __init__(self, channel: Channel) -> None:
        super().__init__()
        self._channel = channel
        self._began = 0.0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._began = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        seconds = time.monotonic() - self._began
        self._channel.send(EpochEnd(0, epoch + 1, seconds, numbers(logs)))


def _evaluate(keras_model: Any, test: Arrays, batch_size: int) -> Metrics:
    x, y = test
    if not len(x):
        return {}
    results = keras_model.evaluate(x, y, batch_size=batch_size, verbose=2, return_dict=True)
    return numbers(results)


def _save(keras_model: Any, rows: np.ndarray) -> None:
    """Write the file under its name only once it is whole and known to load and predict alike."""
    unfinished = Path("unfinished-" + MODEL_FILE)
    keras_model.save(unfinished)
    some = rows[:_COMPARED_ROWS]
    live = keras_model.predict(some, verbose=0)
    try:
        loaded = keras.models.load_model(unfinished).predict(some, verbose=0)
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
    with unfinished.open("rb") as file:
        os.fsync(file.fileno())
    unfinished.rename(MODEL_FILE)


def _alike(live: Any, loaded: Any) -> bool:
    """Whether two predictions agree up to rounding. A network's outputs may be nested."""
    pairs = zip(keras.tree.flatten(live), keras.tree.flatten(loaded), strict=True)
    return all(np.allclose(a, b, rtol=1e-3, atol=1e-4, equal_nan=True) for a, b in pairs)
