"""Trains models by Keras's own `fit` and by the quick one; for test_quick_fit.py, in one process.

    python -m tests.runner.check_quick_fit

Prints the cases in which epochs were whole, whether histories, weights, the optimizer's state and
what `evaluate` says afterwards are the same, and which optimizers no case had. Each case has
an optimizer of its own: what it does in a step does not depend on what else the case is about.
"""

import json
import os
import sys
from collections.abc import Callable
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
import tensorflow as tf

from tuning.runner.networks import quick_fit, whole_epochs

random = np.random.default_rng(0)
ROWS, CLASSES = 75, 3
X = random.random((ROWS, 6), "float32")
Y = random.integers(CLASSES, size=ROWS)
layers = keras.layers
# Makes a model with this optimizer.
Build = Callable[[Any], keras.Model]

SCHEDULE = keras.optimizers.schedules.ExponentialDecay(0.1, 3, 0.5)
OPTIMIZERS: dict[str, dict[str, Any]] = {
    "Adadelta": {}, "Adafactor": {}, "Adagrad": {}, "Adam": {"amsgrad": True}, "Adamax": {},
    "AdamW": {"clipnorm": 0.5}, "Ftrl": {}, "Lamb": {}, "Lion": {"use_ema": True}, "Muon": {},
    "Nadam": {"gradient_accumulation_steps": 2}, "RMSprop": {"centered": True, "momentum": 0.5},
    "SGD": {
        "learning_rate": SCHEDULE, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01,
    },
}  # fmt: skip


def optimizer_of(name: str) -> Any:
    """A new one, or the name if it is one for `compile`."""
    if name not in OPTIMIZERS:
        return name
    return getattr(keras.optimizers, name)(**{"learning_rate": 0.02, **OPTIMIZERS[name]})


def compiled(optimizer: Any, *inner: Any, **more: Any) -> keras.Model:
    end = layers.Dense(CLASSES, activation="softmax")
    model = keras.Sequential([keras.Input((6,)), *inner, end])
    settings = {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"], **more}
    model.compile(optimizer, **settings)
    return model


class Noisy(layers.Layer):
    """Draws with the seed of the graph, and keeps state of its own."""

    def build(self, shape: Any) -> None:
        self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False)

    def call(self, x: Any, training: bool = False) -> Any:
        if training:
            self.calls.assign_add(1.0)
            x = x + tf.random.normal(tf.shape(x)) + 0.1 * tf.random.uniform(tf.shape(x))
        return x * 0.5


def own_loss(y: Any, predicted: Any) -> Any:
    return 2 * keras.losses.sparse_categorical_crossentropy(y, predicted)


class Mistakes(keras.metrics.Metric):
    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.count = self.add_weight(shape=(), initializer="zeros", name="count")

    def update_state(self, y: Any, predicted: Any, sample_weight: Any = None) -> None:
        wrong = keras.ops.argmax(predicted, -1) != keras.ops.cast(keras.ops.ravel(y), "int32")
        self.count.assign_add(keras.ops.sum(keras.ops.cast(wrong, "float32")))

    def result(self) -> Any:
        return self.count


def plain(optimizer: Any) -> keras.Model:
    inner = layers.Dense(8, "relu"), layers.BatchNormalization(), layers.Dropout(0.4)
    return compiled(optimizer, *inner)


def small(optimizer: Any) -> keras.Model:
    return compiled(optimizer, layers.Dense(4, activation="relu"))


def one_in_a_list(optimizer: Any) -> keras.Model:
    """Keras gives its output as it is, and not as a list."""
    inputs = keras.Input((6,))
    model = keras.Model([inputs], [layers.Dense(CLASSES, "softmax")(inputs)])
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def misleading(optimizer: Any) -> keras.Model:
    """What "accuracy" counts depends on the shape of the outputs, which are one number here."""
    mean = layers.Lambda(lambda x: tf.reduce_mean(x, -1, keepdims=True), output_shape=(CLASSES,))
    model = keras.Sequential([keras.Input((6,)), layers.Dense(CLASSES, "sigmoid"), mean])
    model.compile(optimizer, "mse", metrics=["accuracy"])
    return model


def own_parts(optimizer: Any) -> keras.Model:
    inner = Noisy(), layers.Dense(8, "relu")
    return compiled(optimizer, *inner, loss=own_loss, metrics=[Mistakes()])


def weighted(optimizer: Any) -> keras.Model:
    return compiled(optimizer, layers.Dense(4), weighted_metrics=["accuracy"])


class Subclass(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.hidden = layers.Dense(5, "relu")
        self.end = layers.Dense(CLASSES, "softmax")

    def call(self, x: Any) -> Any:
        return self.end(self.hidden(x))


def subclass(optimizer: Any) -> keras.Model:
    model = Subclass()
    model(X[:1])
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def half_built(optimizer: Any) -> keras.Model:
    """It counts as built, but its layers do not."""
    model = Subclass()
    model.build((None, 6))
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


class OwnStep(Subclass):
    def train_step(self, data: Any) -> Any:
        return super().train_step(data)


def own_step(optimizer: Any) -> keras.Model:
    model = OwnStep()
    model(X[:1])
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def deep(optimizer: Any) -> keras.Model:
    """Layers that draw, and a stack in the stack, none of which knows a shape before its data."""
    model = keras.Sequential([layers.GaussianNoise(0.1), layers.Dense(8, "relu")])
    model.add(keras.Sequential([layers.BatchNormalization(), layers.Dense(5)]))
    model.add(layers.Dropout(0.3))
    model.add(layers.Dense(CLASSES, "softmax", kernel_regularizer="l2"))
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def eager(optimizer: Any) -> keras.Model:
    return compiled(optimizer, layers.Dense(4), run_eagerly=True)


def in_steps(optimizer: Any) -> keras.Model:
    return compiled(optimizer, layers.Dense(4), steps_per_execution=2)


class Rates(keras.callbacks.Callback):
    """Acts at epochs: it halves the rate, and looks at the model."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        rate = self.model.optimizer.learning_rate
        rate.assign(rate / 2)
        logs["mean"] = float(np.mean(self.model.predict(X[:7], verbose=0)[:, 0]))
        logs["again"] = self.model.evaluate(X[:9], Y[:9], verbose=0)[0]


class Thaw(keras.callbacks.Callback):
    """Lets more layers learn, before the first batch."""

    def on_train_begin(self, logs: Any = None) -> None:
        self.model.layers[0].trainable = True


def frozen(optimizer: Any) -> keras.Model:
    return compiled(optimizer, layers.Dense(4, trainable=False), layers.Dense(4))


class Batches(keras.callbacks.Callback):
    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.model.stop_training = batch == 1


def stopping() -> list[Any]:
    return [
        keras.callbacks.EarlyStopping("val_loss", patience=0, restore_best_weights=True),
        keras.callbacks.ReduceLROnPlateau("val_loss", patience=0),
    ]


# Name: model, optimizer and arguments of `fit` beyond x, y and the validation rows: here epochs are
# whole …
WHOLE: dict[str, tuple[Build, str, dict[str, Any]]] = {
    "nothing special": (small, "adam", {}),
    "an output in a list": (one_in_a_list, "adam", {}),
    "an output of another shape than it says": (misleading, "adam", {}),
    "several epochs": (plain, "Lion", {"epochs": 4}),
    "no remainder, in order": (plain, "Nadam", {"batch_size": 25, "shuffle": False}),
    "one batch, unvalidated": (
        plain, "Adamax", {"epochs": 6, "batch_size": 500, "validation_data": None}
    ),
    "later epochs, seldom validated": (
        plain, "Adafactor",
        {"epochs": 5, "initial_epoch": 2, "validation_freq": 2, "validation_batch_size": 7},
    ),
    "split": (plain, "Lamb", {"epochs": 3, "validation_data": None, "validation_split": 0.2}),
    "callbacks": (plain, "Adam", {"epochs": 5, "callbacks": lambda: [*stopping(), Rates()]}),
    "thawed by a callback": (frozen, "AdamW", {"callbacks": lambda: [Thaw()]}),
    "class weights": (weighted, "Muon", {"class_weight": {0: 1.0, 1: 3.0, 2: 0.5}}),
    "row weights": (weighted, "Adadelta", {"sample_weight": np.linspace(0, 2, ROWS)}),
    "own parts": (own_parts, "RMSprop", {"epochs": 3}),
    "scheduled": (small, "SGD", {}),
    "subclass": (subclass, "Adagrad", {}),
    "deep": (deep, "Ftrl", {"epochs": 3}),
}  # fmt: skip
# … and here Keras trains as ever.
KERAS: dict[str, tuple[Build, dict[str, Any]]] = {
    "batches shuffled": (small, {"shuffle": "batch"}),
    "steps": (small, {"steps_per_epoch": 2}),
    "batches": (small, {"callbacks": lambda: [Batches()]}),
    "half built": (half_built, {}),
    "own step": (own_step, {}),
    "eager": (eager, {}),
    "in steps": (in_steps, {}),
    "tensors": (small, {"x": tf.constant(X)}),
}


def trained(build: Build, optimizer: str, more: dict[str, Any]) -> list[Any]:
    keras.backend.clear_session()
    keras.utils.set_random_seed(5)
    model = build(optimizer_of(optimizer))
    callbacks = more["callbacks"]() if "callbacks" in more else None
    arguments = {
        "x": X, "y": Y, "epochs": 2, "batch_size": 32, "verbose": 0,
        "validation_data": (X[:40], Y[:40]), **more, "callbacks": callbacks,
    }  # fmt: skip
    history = model.fit(**arguments).history
    variables = [*model.get_weights(), *(np.asarray(v) for v in model.optimizer.variables)]
    found = [history, [value.tolist() for value in variables]]
    if build is plain:
        found.append(model.evaluate(X[30:], Y[30:], verbose=0))
        dataset = tf.data.Dataset.from_tensors((X[:8], Y[:8]))
        found.append(model.evaluate(dataset, verbose=0))
    return found


def main() -> None:
    alone = {name: trained(*case) for name, case in WHOLE.items()}
    whole = 0

    class Counted(whole_epochs.WholeEpoch):
        def __init__(self, *args: Any) -> None:
            nonlocal whole
            whole += args[0]._num_samples >= 60
            super().__init__(*args)

    whole_epochs.WholeEpoch = Counted  # type: ignore[misc]
    quick_fit.install()
    optimizers = {optimizer for _, optimizer, _ in WHOLE.values()}
    found: dict[str, Any] = {
        "same": {}, "whole": [], "left out": sorted(OPTIMIZERS.keys() - optimizers)
    }  # fmt: skip
    for name, case in WHOLE.items():
        whole = 0
        found["same"][name] = json.dumps(trained(*case)) == json.dumps(alone[name])
        found["whole"] += [name] * (whole > 0)
    for name, (build, more) in KERAS.items():
        whole = 0
        trained(build, "adam", {"epochs": 1, "validation_data": None, **more})
        found["whole"] += [name] * (whole > 0)
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
