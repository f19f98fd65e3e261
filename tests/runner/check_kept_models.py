"""Trains pairs of models with and without kept graphs; for test_kept_models.py, in one process.

    python -m tests.runner.check_kept_models

Prints, by architecture, whether an earlier model was trained in the place of the second one,
whether histories and weights are the same without that, and what networks do without graphs.
"""

import gc
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
import tensorflow as tf
from tensorflow.python.eager import context

from tuning.runner.networks import quick_fit
from tuning.runner.networks.eager import outputs_of, trained_eagerly
from tuning.runner.networks.gradients import forget_gradients_with_graphs
from tuning.runner.networks.kept_models import KeptModels
from tuning.runner.networks.kernels import kernels

random = np.random.default_rng(0)
ROWS, CLASSES = 150, 3
X = random.random((ROWS, 8, 8, 1), "float32")
Y = random.integers(CLASSES, size=ROWS)
layers = keras.layers
Build = Callable[[float], keras.Model]


def compiled(model: keras.Model, optimizer: Any, **more: Any) -> keras.Model:
    settings = {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"], **more}
    model.compile(optimizer, **settings)
    return model


def sequence(*inner: Any) -> keras.Model:
    end = layers.Dense(CLASSES, activation="softmax")
    return keras.Sequential([keras.Input((8, 8, 1)), *inner, end])


def convolution(rate: float) -> keras.Model:
    model = sequence(
        layers.RandomFlip(), layers.Conv2D(8, 3, activation="relu"), layers.BatchNormalization(),
        layers.MaxPooling2D(), layers.Flatten(), layers.Dropout(0.3),
    )  # fmt: skip
    return compiled(model, keras.optimizers.Adam(rate))


def recurrent(rate: float) -> keras.Model:
    inner = [layers.Reshape((8, 8)), layers.Bidirectional(layers.LSTM(4, recurrent_dropout=0.1))]
    return compiled(sequence(*inner), keras.optimizers.SGD(rate, momentum=0.9, nesterov=True))


def attention(rate: float) -> keras.Model:
    inputs = keras.Input((8, 8, 1))
    steps = layers.Reshape((8, 8))(inputs)
    seen = layers.MultiHeadAttention(2, 4, dropout=0.1)(steps, steps)
    joined = layers.LayerNormalization()(layers.Add()([steps, seen]))
    pooled = layers.GlobalAveragePooling1D()(joined)
    end = layers.Dense(CLASSES, "softmax", kernel_regularizer=keras.regularizers.L2(0.01))(pooled)
    return compiled(keras.Model(inputs, end), keras.optimizers.AdamW(rate, weight_decay=0.01))


def nested(rate: float) -> keras.Model:
    body = keras.Sequential([keras.Input((8, 8, 1)), layers.Conv2D(4, 3), layers.GaussianNoise(1)])
    body.trainable = False
    inner = [body, layers.GlobalMaxPooling2D(), layers.Dense(8, activation="gelu")]
    metrics = ["accuracy", keras.metrics.SparseTopKCategoricalAccuracy(2)]
    return compiled(sequence(*inner), keras.optimizers.RMSprop(rate), metrics=metrics)


def normalized(rate: float) -> keras.Model:
    normalization = layers.Normalization()
    normalization.adapt(X)
    return compiled(sequence(normalization, layers.Flatten()), keras.optimizers.Nadam(rate))


def regression(rate: float) -> keras.Model:
    model = keras.Sequential([keras.Input((8, 8, 1)), layers.Flatten(), layers.Dense(1)])
    return compiled(model, keras.optimizers.Adam(rate), loss="mse", metrics=["mae", "r2_score"])


def binary(rate: float) -> keras.Model:
    end = layers.Dense(1, activation="sigmoid")
    model = keras.Sequential([keras.Input((8, 8, 1)), layers.Flatten(), end])
    metrics = ["accuracy", keras.metrics.AUC()]
    return compiled(model, keras.optimizers.Adam(rate), loss="binary_crossentropy", metrics=metrics)


def continued(rate: float) -> keras.Model:
    """It goes on from weights and an optimizer's state, as Hyperband's later rounds do."""
    model = compiled(sequence(layers.Flatten(), layers.Dense(4)), keras.optimizers.Adam(rate))
    model.fit(X[:40], Y[:40], verbose=0)
    return model


def one_in_a_list(rate: float) -> keras.Model:
    """Keras gives its output as it is, and not as a list."""
    inputs = keras.Input((8, 8, 1))
    end = layers.Dense(CLASSES, "softmax")(layers.Flatten()(inputs))
    return compiled(keras.Model([inputs], [end]), keras.optimizers.Adam(rate))


def scheduled(rate: float) -> keras.Model:
    """The rate is part of the graph."""
    schedule = keras.optimizers.schedules.ExponentialDecay(rate, 3, 0.5)
    return compiled(sequence(layers.Flatten()), keras.optimizers.SGD(schedule))


def rate_as_dropout(rate: float) -> keras.Model:
    return compiled(sequence(layers.Flatten(), layers.Dropout(rate)), "adam")


def with_xla(rate: float) -> keras.Model:
    return compiled(sequence(layers.Flatten()), keras.optimizers.Adam(rate), jit_compile=True)


def own_loss(rate: float) -> keras.Model:
    def loss(y: Any, predicted: Any) -> Any:
        return rate * keras.losses.sparse_categorical_crossentropy(y, predicted)

    return compiled(sequence(layers.Flatten()), "adam", loss=loss)


def own_activation(rate: float) -> keras.Model:
    def activation(x: Any) -> Any:
        return rate * x

    return compiled(sequence(layers.Flatten(), layers.Dense(4, activation)), "adam")


class Scaled(layers.Layer):
    def __init__(self, by: float) -> None:
        super().__init__()
        self.by = by

    def call(self, x: Any) -> Any:
        return self.by * x


def own_layer(rate: float) -> keras.Model:
    return compiled(sequence(layers.Flatten(), Scaled(rate)), "adam")


def own_function(rate: float) -> keras.Model:
    return compiled(sequence(layers.Flatten(), layers.Lambda(lambda x: rate * x)), "adam")


class OwnStep(keras.Sequential):
    def train_step(self, data: Any) -> Any:
        return super().train_step(data)


def own_step(rate: float) -> keras.Model:
    model = OwnStep([keras.Input((8, 8, 1)), layers.Flatten(), layers.Dense(CLASSES, "softmax")])
    return compiled(model, keras.optimizers.Adam(rate))


def without_input(rate: float) -> keras.Model:
    model = keras.Sequential([layers.Flatten(), layers.Dense(CLASSES, "softmax")])
    return compiled(model, keras.optimizers.Adam(rate))


class Own(keras.callbacks.Callback):
    pass


SAME = (
    convolution,
    recurrent,
    attention,
    nested,
    normalized,
    continued,
    without_input,
    regression,
    binary,
    one_in_a_list,
)
TARGETS = {"regression": Y * 0.5, "binary": Y % 2}
OTHER = (
    scheduled, rate_as_dropout, own_loss, own_activation, own_layer, own_function, own_step,
)  # fmt: skip


def prepared(
    build: Build, models: KeptModels | None, rate: float, seed: int = 1, **fit: Any
) -> tuple[keras.Model, bool, dict[str, Any]]:
    """The model that is trained, whether it is an earlier one, and the arguments for its fit."""
    # As KerasTuner does before each build.
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    model = build(rate)
    y = TARGETS.get(build.__name__, Y)
    stopping = keras.callbacks.EarlyStopping("val_loss", patience=1, restore_best_weights=True)
    arguments = {
        "epochs": 2, "batch_size": 32, "verbose": 0, "callbacks": [stopping],
        "validation_data": (X[:40], y[:40]), **fit,
    }  # fmt: skip
    chosen = models.prepared(model, (X, y), arguments) if models else model
    return chosen, chosen is not model, {"x": X, "y": y, **arguments}


def trained(build: Build, models: KeptModels | None, rate: float, seed: int) -> tuple[bool, Any]:
    model, in_place, arguments = prepared(build, models, rate, seed)
    history = model.fit(**arguments).history
    return in_place, [history, [value.tolist() for value in model.get_weights()]]


SHARED_UNITS = 4


@tf.function
def shared(x: Any) -> Any:
    """Traced for the first model; later ones call the same graph."""
    return keras.ops.silu(x)


class OwnActivation(layers.Layer):
    def call(self, x: Any) -> Any:
        return keras.ops.silu(x) + shared(x)


def graphs_left_behind() -> int:
    """How many more graphs there are after two further models of new architectures, with a layer
    of a template's own, which has gradient functions of its own."""
    counts = []
    for units in (5, 6, 7):

        def build(rate: float, units: int = units) -> keras.Model:
            dense = layers.Dense(units, "relu"), layers.Dense(SHARED_UNITS)
            return compiled(sequence(layers.Flatten(), *dense, OwnActivation()), "adam")

        os.environ["RUNNER_KEPT_MODELS"] = "0"
        trained(build, KeptModels(), 0.1, 1)
        keras.backend.clear_session()
        gc.collect()
        counts.append(sum(type(one).__name__ == "FuncGraph" for one in gc.get_objects()))
    return counts[-1] - counts[0]


def gradient_of_a_shared_graph() -> float:
    """At 0, where that of silu is a half, after all models that called it have gone."""
    x = tf.Variable(tf.zeros((32, SHARED_UNITS)))

    @tf.function
    def later() -> Any:
        with tf.GradientTape() as tape:
            y = shared(x)
        return tf.reduce_max(tape.gradient(y, x))

    return float(later())


def is_eager(build: Build) -> bool:
    """Whether a network would be trained without graphs."""
    model = build(0.05)
    with trained_eagerly(model):
        return bool(model.run_eagerly)


def outputs_are_those_of_predict(build: Build) -> bool:
    """After a training without graphs, which are used again afterwards."""
    model = build(0.05)
    with trained_eagerly(model):
        model.fit(X[:8], Y[:8], verbose=0)
    assert not model.run_eagerly
    return np.allclose(outputs_of(model, X[:8]), model.predict(X[:8], verbose=0), atol=1e-6)


@contextmanager
def counted_clears() -> Iterator[list[Any]]:
    """How often TensorFlow forgets its kernels within."""
    empty, clears = context.pywrap_tfe.TFE_ContextClearCaches, []

    def counted(handle: Any) -> None:
        clears.append(handle)
        empty(handle)

    context.pywrap_tfe.TFE_ContextClearCaches = counted
    try:
        yield clears
    finally:
        context.pywrap_tfe.TFE_ContextClearCaches = empty


def main() -> None:
    os.environ["RUNNER_KEPT_MODELS"] = "2"
    kept = KeptModels()
    first, second = (0.05, 1), (0.01, 2)
    # By Keras's own `fit`, before the quick one takes its place.
    alone = {build: trained(build, None, *second)[1] for build in SAME}
    quick_fit.install()
    forget_gradients_with_graphs()
    found: dict[str, Any] = {"same": {}, "in_place": {}, "expected": {}, "cleared": {}}
    for build in SAME:
        name = build.__name__
        found["expected"][name] = True
        with counted_clears() as clears, kernels.kept():
            trained(build, kept, *first)
            found["in_place"][name], result = trained(build, kept, *second)
            # A third time: with kernels that have trained models of both seeds.
            again = trained(build, kept, *second)[1]
        found["same"][name] = result == alone[build] == again
        found["cleared"][name] = len(clears)
    for build in OTHER:
        name = build.__name__
        found["expected"][name] = False
        prepared(build, kept, 0.05)
        found["in_place"][name] = prepared(build, kept, 0.01)[1]
    found["others"] = {
        "another batch size": prepared(normalized, kept, 0.1, batch_size=16)[1],
        "an own callback": prepared(normalized, kept, 0.1, callbacks=[Own()])[1],
        "forgotten": prepared(convolution, kept, 0.1)[1],
    }
    found["eager"] = [b.__name__ for b in (*SAME, *OTHER, with_xla) if is_eager(b)]
    found["outputs"] = [outputs_are_those_of_predict(build) for build in (nested, without_input)]
    found["graphs"] = graphs_left_behind()
    found["gradient"] = gradient_of_a_shared_graph()
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
