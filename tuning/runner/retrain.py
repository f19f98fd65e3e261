"""Training a fresh model with a trial's values on all data but the test rows, and saving it."""

import time
from typing import Any

import keras

from tuning.protocol.events import EpochEnd, Metrics, Progress, Retrained
from tuning.protocol.orders import RetrainOrder

from .channel import Channel
from .code import Template
from .data import Arrays, load_dataset
from .libraries import NETWORK_PACKAGES, versions
from .networks import description, numbers
from .saving import save_model
from .spaces import with_values


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
    test = dataset.rows("test")
    channel.send(Progress("Evaluating on the test rows and saving", 1.0))
    metrics = _evaluate(keras_model, test, order.batch_size)
    save_model(keras_model, dataset)
    built = description(keras_model)
    channel.send(Retrained(metrics, built.parameters, versions(NETWORK_PACKAGES), built.summary))


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
