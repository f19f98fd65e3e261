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
    template = Template(order.project.code, dataset.facts)
    # `tuner/*` are Hyperband's: epochs to train and a checkpoint to start from.
    values = {k: v for k, v in order.values.items() if not k.startswith("tuner/")}
    hp = with_values(order.space, values)
    keras.utils.set_random_seed(order.seed)
    keras_model = template.build(hp)
    x, y = dataset.rows("train", "validation")
    # Code that insists on validation rows gets those of the project, trained on as well: what it
    # tells of them is no measure. The test rows are one, and it never sees them.
    validation = {"validation_data": dataset.rows("validation")}
    template.fit(
        hp,
        keras_model,
        x,
        y,
        epochs=order.epochs,
        batch_size=order.batch_size,
        callbacks=[EpochReporter(channel)],
        verbose=2,
        **(validation if template.wants_validation else {}),
    )
    test = dataset.rows("test")
    channel.send(Progress("Evaluating on the test rows and saving", 1.0))
    judge = evaluate_if_possible if template.fits_by_itself else evaluate
    metrics = judge(keras_model, test, order.batch_size)
    save(keras_model, test[0] if len(test[0]) else x)
    built = description(keras_model)
    channel.send(Retrained(metrics, built.parameters, versions(), built.summary))


class EpochReporter(keras.callbacks.Callback):
    """Sends an event at each epoch's end."""

    def __init__(self, channel: Channel) -> None:
        super().__init__()
        self._channel = channel
        self._began = time.monotonic()

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._began = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        now = time.monotonic()
        self._channel.send(EpochEnd(0, epoch + 1, now - self._began, numbers(logs)))
        # A training loop of the template's own may not say when the next one begins.
        self._began = now


def evaluate(keras_model: Any, test: Arrays, batch_size: int) -> Metrics:
    """Its metrics on these rows; none without rows, nor of a model that is trained uncompiled."""
    x, y = test
    if not len(x) or not keras_model.compiled:
        return {}
    results = keras_model.evaluate(x, y, batch_size=batch_size, verbose=2, return_dict=True)
    return numbers(results)


def evaluate_if_possible(keras_model: Any, test: Arrays, batch_size: int) -> Metrics:
    """The same; none of a model that was trained on something else than the rows as they are, such
    as targets in another form: that is known to the template's own code alone."""
    try:
        return evaluate(keras_model, test, batch_size)
    except Exception as error:  # noqa: BLE001  whatever Keras says about shapes
        print(f"The model cannot be evaluated on the test rows as they are: {error}")
        return {}


def save(keras_model: Any, rows: np.ndarray) -> None:
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
