"""What TensorFlow made ready to run is kept from trial to trial, unless a result depends on it."""

import json
from pathlib import Path
from typing import Any

import pytest

from .harness import TrialRunner, project, search_order
from .test_search import SPACE
from .warm import python

pytestmark = pytest.mark.tensorflow

# Random operations whose state is in their kernels, in functions that are traced for the first
# model only.
RANDOM = """
import keras
import tensorflow as tf


@tf.function
def drawn():
    return tf.random.uniform([])


@tf.function
def noisy(x):
    return x + tf.random.normal(tf.shape(x))


class Noise(keras.layers.Layer):
    def call(self, x, training=False):
        return noisy(x) if training else x


def build_model(hp):
    start = keras.initializers.Constant(float(drawn()))
    model = keras.Sequential([
        keras.Input((8, 8, 1)),
        keras.layers.Flatten(),
        keras.layers.Dense(hp.Int("units", 4, 16, default=8), "tanh", bias_initializer=start),
        Noise(),
        keras.layers.Dense(10, "softmax"),
    ])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model
"""


def test_trials_with_random_operations_of_their_own_repeat_themselves(
    digits: Path, tmp_path: Path
) -> None:
    order = search_order(project(RANDOM, digits), SPACE)

    def losses(name: str, seeds: list[int]) -> list[Any]:
        with TrialRunner(tmp_path / name) as runner:
            runner.begin(order)
            ends = [runner.trial(f"{n}", {"units": 8}, seed)[-1] for n, seed in enumerate(seeds)]
        return [end.metrics["val_loss"] for end in ends]

    first, *others, last = losses("several", [5, 6, 7, 5])
    assert last == first
    assert len({first, *others}) == 3
    # They were traced with the first seed; what was drawn in between makes no difference.
    assert losses("fewer", [5, 7]) == [first, others[-1]]


EMPTIED = """
import json, os
import keras, numpy as np, tensorflow as tf
from tensorflow.python.eager import context
from tuning.runner.networks import quick_fit
from tuning.runner.networks.kernels import MAX_MODELS, KernelCache, kernels
from tuning.runner.networks.kept_models import KeptModels

quick_fit.install()
empty, count = context.pywrap_tfe.TFE_ContextClearCaches, 0

def counted(handle):
    global count
    count += 1
    empty(handle)

context.pywrap_tfe.TFE_ContextClearCaches = counted
x, y = np.ones((8, 3), "float32"), np.zeros(8, "int64")
models = KeptModels()

def trials(all_units, rate=0.01):
    before = count
    for units in all_units:
        keras.backend.clear_session()
        keras.utils.set_random_seed(1)
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(units, "softmax")])
        model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy")
        rate /= 2
        models.fit(model, (x, y), {"verbose": 0}, lambda it: it.fit(x, y, verbose=0))
    return count - before

found = {}
with kernels.kept():
    found["one architecture"] = trials([4] * 12)
    found["many architectures"] = trials(range(5, 5 + 2 * MAX_MODELS))
    tf.random.uniform([])
    found["random operations"] = trials([4] * 3)
found["afterwards"] = trials([4])
with KernelCache().kept("tf.raw_ops.RandomUniform(shape=[1], dtype=tf.float32, seed=1)"):
    found["operations that ask for no seed"] = trials([4])
with KernelCache().kept('loss="huber"  # github.com'):
    found["harmless words"] = trials([4])
print(json.dumps(found))
"""


def test_kernels_are_forgotten_where_architectures_or_states_change() -> None:
    done = python("-c", EMPTIED, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "one architecture": 0,
        # Of twice as many as are let be, and the first one from before.
        "many architectures": 1,
        # As without all this: by the session's end and by the seed.
        "random operations": 6,
        "afterwards": 2,
        "operations that ask for no seed": 2,
        "harmless words": 0,
    }
