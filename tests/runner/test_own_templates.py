"""Templates as people bring them: KerasTuner code in every style, whole scripts, what fails."""

from pathlib import Path
from typing import Any

import pytest

from .harness import inspect_templates

pytestmark = pytest.mark.tensorflow

FUNCTION = """
{imports}

def {name}({arguments}):
    model = keras.Sequential()
    model.add(keras.layers.Input({shape}))
    model.add(keras.layers.Flatten())
    model.add(layers.Dense(hp.Int("units", 8, 32, step=8), activation="relu"))
    model.add(layers.Dense({classes}, activation="softmax"))
    model.compile(
        optimizer=keras.optimizers.Adam(hp.Choice("learning_rate", [1e-2, 1e-3])),
        loss="{loss}", metrics=["accuracy"],
    )
    return model
"""
TF_KERAS = "from tensorflow import keras\nfrom tensorflow.keras import layers"


def function(**parts: str) -> str:
    defaults = {
        "imports": "import keras\nfrom keras import layers\nimport keras_tuner",
        "name": "build_model",
        "arguments": "hp",
        "shape": "(8, 8, 1)",
        "classes": "10",
        "loss": "sparse_categorical_crossentropy",
    }
    return FUNCTION.format(**{**defaults, **parts})


SCRIPT = '''"""A tutorial, as found on the web."""
from __future__ import annotations
import matplotlib_is_not_here.pyplot as plt
import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers
import kerastuner as kt
from kerastuner.tuners import RandomSearch

print("loading")
(x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
x_train = x_train.astype("float32") / 255.0
{constants}

class History(keras.callbacks.Callback):
    shape = x_train.shape

def augmented(inputs):
    return layers.GaussianNoise(NOISE)(inputs)

def make_classifier(hp):
    inputs = keras.Input(shape=input_shape)
    x = layers.Flatten()(augmented(inputs))
    x = layers.Dense(hp.Int("units", 8, 32, 8), activation="relu")(x)
    model = keras.Model(inputs, layers.Dense(no_classes, activation="softmax")(x))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model

model = 1 / 0
tuner = RandomSearch(make_classifier, objective="val_accuracy", max_trials=3)
tuner.search_space_summary()
tuner.search(x_train, y_train, epochs=2, validation_split=0.2)
best = tuner.get_best_models()[0]
plt.show()
'''
CONSTANTS = "img_width, img_height = 8, 8\ninput_shape = (img_width, img_height, 1)\nno_classes = 10\nNOISE = 0.1"  # noqa: E501
CLASS = """
import keras
import keras_tuner as kt

class {name}(kt.HyperModel):
    def __init__(self, {arguments}):
        self.classes = num_classes

    def build(self, hp):
        model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(self.classes)])
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile("adam", loss, metrics=["accuracy"])
        return model

    def fit(self, hp, model, *args, **kwargs):
        return model.fit(*args, batch_size=hp.Choice("batch_size", [16, 32]), **kwargs)
"""
INCEPTION = """
import keras
import keras_tuner as kt
from functools import partial

def build_model(hp, image_size: int = 150, num_classes: int = 11, weights="imagenet"):
    shape = (image_size, image_size, {channels})
    base = keras.applications.InceptionV3(include_top=False, weights=weights, input_shape=shape)
    x = keras.layers.GlobalAveragePooling2D()(base.output)
    model = keras.Model(base.input, keras.layers.Dense(num_classes, activation="softmax")(x))
    model.compile("adam", "sparse_categorical_crossentropy")
    return model
"""
TEMPLATES = {
    "keras": function(),
    "tensorflow_keras": function(imports=f"{TF_KERAS}\nimport keras_tuner as kt"),
    "old_name": function(imports=f"{TF_KERAS}\nfrom kerastuner import HyperParameters"),
    "old_submodule": function(
        imports=f"{TF_KERAS}\nfrom kerastuner.engine.hypermodel import HyperModel"
    ),
    "any_name": function(name="classifier"),
    "arguments": function(
        arguments="hp, input_shape, n_classes, depth=2", shape="input_shape", classes="n_classes"
    ),
    "hypermodel": CLASS.format(name="Ours", arguments="num_classes"),
    "instance": CLASS.format(name="Ours", arguments="num_classes")
    + "\nNUM_CLASSES = 10\nhypermodel = Ours(num_classes=NUM_CLASSES)\n"
    + "tuner = kt.Hyperband(hypermodel, objective='val_accuracy')\ntuner.search(None)\n",
    "derived": CLASS.format(name="Ours", arguments="num_classes")
    + "\nclass Other(kt.HyperModel):\n    pass\n\nclass Derived(Ours):\n    pass\n"
    + "\ntuner = kt.RandomSearch(Derived(10), objective='val_loss')\ntuner.search(None)\n",
    "script": SCRIPT.format(constants=CONSTANTS),
    "script_of_its_data": SCRIPT.format(
        constants="input_shape = x_train.shape[1:]\nno_classes = len(np.unique(y_train))\n"
        "NOISE = 0.1"
    ),
    "script_needs_its_data": SCRIPT.format(
        constants=CONSTANTS.replace("0.1", "float(open('noise.txt').read())")
    ),
    "guarded": function() + "\nif __name__ == '__main__':\n    import matplotlib_is_not_here\n",
    "input_shape": function(shape="(28, 28)"),
    "literal_shape": function(shape="(28, 28, 3)"),
    "image_size": function(arguments="hp, image_size: int = 150", shape="(image_size, image_size)"),
    "inception": INCEPTION.format(channels=1),
    "inception_partial": INCEPTION.format(channels=3)
    + "tuner = kt.RandomSearch(partial(build_model, image_size=150, weights=None), 'val_loss')\n",
    "too_deep": function().replace(
        "model.add(keras.layers.Flatten())", "model.add(keras.layers.Conv2D(4, 9))"
    ),
    "few_outputs": function(classes="5"),
    "one_hot": function(loss="categorical_crossentropy"),
    "values": "# dataset: diabetes\n" + function(shape="(10,)"),
    "missing": function(
        imports="import keras\nfrom keras import layers\nimport xgboost", classes="xgboost.classes"
    ),
    "missing_unused": function(
        imports="import keras\nfrom keras import layers\nimport xgboost\n%matplotlib inline"
    ),
    "removed": function(imports="import tensorflow as tf\nimport keras\nfrom keras import layers")
    .replace("keras.optimizers.Adam(", "tf.keras.optimizers.legacy.Adam("),
    "old_argument": function().replace("Adam(hp", "Adam(lr=hp"),
    "amounts": function(classes="1", loss="mse"),
    "missing_inside": function(classes="__import__('xgboost').x"),
    "sometimes": function(classes="10 if hp.Boolean('ok', default=True) else -1"),
    "huge": function(classes="10 if hp.Boolean('ok', default=True) else 10_000_000_000"),
}  # fmt: skip


@pytest.fixture(scope="session")
def inspected(datasets: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("own")
    return inspect_templates(datasets, folder, TEMPLATES, ("keras", "sometimes", "huge"))


@pytest.mark.parametrize(
    "name",
    ["keras", "tensorflow_keras", "old_name", "old_submodule", "any_name", "arguments",
     "image_size", "hypermodel", "guarded"],
)  # fmt: skip
def test_styles_are_taken_unmodified(inspected: dict[str, Any], name: str) -> None:
    found = inspected[name]
    assert "message" not in found, found
    assert found["parameters"] > 100
    assert "val_accuracy" in found["metrics"]


def test_a_batch_size_of_fit_is_in_the_space(inspected: dict[str, Any]) -> None:
    for name in ("hypermodel", "instance"):
        names = [entry["config"]["name"] for entry in inspected[name]["space"]["space"]]
        assert names == ["batch_size"]


@pytest.mark.parametrize("name", ["script", "script_of_its_data", "instance", "derived"])
def test_of_a_script_only_the_builder_is_used(inspected: dict[str, Any], name: str) -> None:
    found = inspected[name]
    assert "message" not in found, found
    assert found["note"].startswith("The code is a script. Its builder ")
    assert "are not run" in found["note"]


def test_targets_are_one_hot_where_the_loss_takes_them_so(inspected: dict[str, Any]) -> None:
    assert "message" not in inspected["one_hot"], inspected["one_hot"]
    assert "one-hot" in inspected["one_hot"]["note"]
    assert "val_accuracy" in inspected["one_hot"]["metrics"]


def test_what_nothing_needs_may_be_missing(inspected: dict[str, Any]) -> None:
    note = inspected["missing_unused"]["note"]
    assert "The template imports xgboost, which is not installed on this worker;" in note
    assert "Commands of a notebook (line 5) are left out." in note


def test_what_is_no_script_is_used_as_it_stands(inspected: dict[str, Any]) -> None:
    assert inspected["keras"]["note"] == ""


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("script_needs_its_data", "The template uses NOISE, which the script computes from"),
        ("input_shape", "inputs of shape (28, 28), but the dataset's have shape (8, 8, 1)"),
        ("literal_shape", "Prepare the dataset again with image size 28 and RGB as its colours, or "
         "let the builder ask for input_shape"),
        ("inception", "InceptionV3 needs images of at least 75 × 75 pixels with 3 channels. "
         "Prepare the dataset again with image size 75 or more and RGB as its colours."),
        ("inception_partial", "InceptionV3 needs images of at least 75 × 75 pixels with 3"),
        ("too_deep", "The images of 8 × 8 pixels are too small for the template's layers"),
        ("few_outputs", "outputs of shape (5,) and the loss sparse_categorical_crossentropy, but "
         "the dataset's targets are class numbers of shape (), from 0 to 9"),
        ("amounts", "the loss mean_squared_error, which predicts amounts, but the dataset's"),
        ("removed", "The template uses keras.optimizers.legacy, which Keras 3 has removed."),
        ("old_argument", "an optimizer's argument lr, which Keras 3 has removed."),
        ("values", "but the dataset's targets are single numbers to predict, of shape ()"),
        ("missing", "The template imports xgboost, which is not installed on this worker."),
        ("missing_inside", "The template imports xgboost, which is not installed on this worker."),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(inspected: dict[str, Any], name: str, sentence: str) -> None:
    assert sentence in inspected[name]["message"]


def test_models_of_random_values_are_built(inspected: dict[str, Any]) -> None:
    samples = inspected["keras"]["samples"]
    assert (samples["wanted"], samples["tried"], samples["failed"]) == (20, 20, 0)
    sizes = [65 * units + 10 * (units + 1) for units in (8, 16, 24, 32)]
    found = [samples[name] for name in ("smallest", "median", "largest")]
    assert set(found) <= set(sizes)
    assert found == sorted(found)


def test_what_cannot_be_built_is_counted(inspected: dict[str, Any]) -> None:
    samples = inspected["sometimes"]["samples"]
    assert 0 < samples["failed"] < samples["tried"] == samples["wanted"] == 20
    assert samples["first_failure"].startswith("ValueError in line ")


def test_the_largest_models_need_no_memory(inspected: dict[str, Any]) -> None:
    """Of hundreds of gigabytes."""
    samples = inspected["huge"]["samples"]
    assert samples["failed"] == 0
    assert samples["largest"] > 100_000_000_000
