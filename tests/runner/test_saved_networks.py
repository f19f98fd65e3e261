"""Files of networks with code of the template's own: what loads elsewhere, what is refused before
it is trained, and the code that is handed over beside the file."""

from pathlib import Path
from typing import Any

import pytest

from tuning.analysis.snippets import predict_snippet
from tuning.models import Dataset, Project, SavedModel

from .harness import inspect_templates, retrain_templates
from .warm import python

pytestmark = pytest.mark.tensorflow

HEAD = """
import keras
from keras import layers, ops

REGISTER = keras.saving.register_keras_serializable
"""


def template(definitions: str, middle: str = "", compiling: str = "") -> str:
    """A template for the digits with something in its middle."""
    return f"""{HEAD}
{definitions}
def build_model(hp):
    model = keras.Sequential([
        keras.Input((8, 8, 1)), layers.Flatten(), layers.Dense(hp.Int("units", 4, 8), "relu"),
        {middle}
        layers.Dense(10, "softmax"),
    ])
    model.compile({compiling or '"adam", "sparse_categorical_crossentropy", metrics=["accuracy"]'})
    return model
"""


OWN_LAYER = """
class Doubled(layers.Layer):
    def call(self, x):
        return x * 2
"""
# Its code needs a function, a constant and an import; its own lines keep their comments.
REGISTERED = """
import math

FACTOR = math.sqrt(16)

def widened(x):
    return x * FACTOR

def unrelated(x):
    return x

@REGISTER(package="mine")
class Scaled(layers.Layer):
    def __init__(self, shift, **kwargs):
        super().__init__(**kwargs)
        self.shift = shift

    def call(self, x):
        return widened(x) + self.shift  # twice a half

    def get_config(self):
        return {**super().get_config(), "shift": self.shift}

class Error(keras.losses.Loss):
    def call(self, y_true, y_pred):
        return ops.mean((ops.one_hot(ops.cast(y_true, "int32")[..., 0], 10) - y_pred) ** 2)
"""
FUNCTIONS = """
def my_loss(y_true, y_pred):
    return keras.losses.sparse_categorical_crossentropy(y_true, y_pred)

def hits(y_true, y_pred):
    return keras.metrics.sparse_categorical_accuracy(y_true, y_pred)
"""
CLASSES = """
class MyLoss(keras.losses.Loss):
    def call(self, y_true, y_pred):
        return keras.losses.sparse_categorical_crossentropy(y_true, y_pred)

class Hits(keras.metrics.SparseCategoricalAccuracy):
    pass

class Slow(keras.optimizers.schedules.LearningRateSchedule):
    def __call__(self, step):
        return 0.001

    def get_config(self):
        return {}
"""
SUBCLASSED = f"""{HEAD}
@keras.saving.register_keras_serializable()
class Net(keras.Model):
    def __init__(self, units=8, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.flat = layers.Flatten()
        self.inner = layers.Dense(units, "relu")
        self.out = layers.Dense(10, "softmax")

    def call(self, x):
        return self.out(self.inner(self.flat(x)))

    def get_config(self):
        return {{"units": self.units}}

def build_model(hp):
    model = Net(hp.Int("units", 4, 8))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model
"""
# A table, so that the network is one layer of the file.
TABLE = f"""# dataset: iris
{HEAD}
def my_loss(y_true, y_pred):
    return keras.losses.sparse_categorical_crossentropy(y_true, y_pred)

def build_model(hp):
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3, "softmax")])
    model.compile("adam", my_loss, metrics=["accuracy"])
    return model
"""
# Nothing is registered, and Keras notes the arguments by itself.
ARGUMENTS = f"""{HEAD}
class Net(keras.Model):
    def __init__(self, units, shape, rate=0.5):
        super().__init__()
        self.flat = layers.Flatten()
        self.inner = layers.Dense(units * int(2 * rate), activation=soft)
        self.out = layers.Dense(shape[0], "softmax")

    def call(self, x):
        return self.out(self.inner(self.flat(x)))

def soft(x):
    return ops.relu(x) + SHIFT

SHIFT = 0.5

def build_model(hp):
    model = Net(hp.Int("units", 4, 8), (10,), rate=1.0)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model
"""
LOADABLE = {
    "plain": template(""),
    "functions": template(FUNCTIONS, compiling='"adam", my_loss, metrics=[hits]'),
    "classes": template(
        CLASSES, compiling="keras.optimizers.Adam(Slow()), MyLoss(), metrics=[Hits(name='hits')]"
    ),
    # Keras would take its own function of that name.
    "namesake": template(
        "def mean_squared_error(a, b):\n    return ops.mean(ops.abs(a - b))",
        compiling='"adam", mean_squared_error',
    ),
    "registered": template(REGISTERED, "Scaled(0.5),", '"adam", Error()'),
    "subclassed": SUBCLASSED,
    "arguments": ARGUMENTS,
    "layer": template(OWN_LAYER, "Doubled(),"),
    # Its class has the name of one of Keras's, which is in the model as well.
    "namesake layer": template(OWN_LAYER.replace("Doubled", "Dense"), "Dense(),"),
    "activation": template(
        "def soft(x):\n    return ops.relu(x)", "layers.Dense(4, activation=soft),"
    ),
    "named lambda": template("def halved(x):\n    return x / 2", "layers.Lambda(halved),"),
    "table": TABLE,
    "noise at prediction": template(
        """
@REGISTER()
class Noise(layers.Layer):
    def call(self, x):
        return x + keras.random.normal(ops.shape(x))
""",
        "Noise(),",
    ),
}
WITH_CODE = {
    "registered", "subclassed", "arguments", "layer", "namesake layer", "activation",
    "named lambda", "noise at prediction",
}  # fmt: skip
REFUSED = {
    "lambda": (template("", "layers.Lambda(lambda x: x / 16),"), "hold a lambda"),
    "activation lambda": (template("", "layers.Activation(lambda x: x / 16),"), "hold a lambda"),
    "nested function": (
        template("", "layers.Dense(4, activation=within),").replace(
            "    model = keras.Seq",
            "    def within(x):\n        return ops.relu(x)\n    model = keras.Seq",
        ),
        "within is not defined at the top level",
    ),
    "nested class": (
        template("", "own(),").replace(
            "    model = keras.Seq",
            "    @REGISTER()\n    class own(layers.Layer):\n        def call(self, x):\n"
            "            return x\n    model = keras.Seq",
        ),
        "own is defined inside a function",
    ),
    "no config": (
        template(
            """
@REGISTER()
class Plus(layers.Layer):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def call(self, x):
        return self.function(x)
""",
            "Plus(lambda x: x + 1),",
        ),
        "must override `get_config()`",
    ),
}


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("saved")


@pytest.fixture(scope="module")
def retrained(datasets: Path, work: Path) -> dict[str, Any]:
    codes = LOADABLE | {name: code for name, (code, _) in REFUSED.items()}
    return retrain_templates(datasets, work, codes)


@pytest.fixture(scope="module")
def inspected(datasets: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    codes = {name: code for name, (code, _) in REFUSED.items()}
    codes["registered"] = LOADABLE["registered"]
    return inspect_templates(datasets, tmp_path_factory.mktemp("read"), codes)


def result(retrained: dict[str, Any], name: str) -> dict[str, Any]:
    kind, fields = retrained[name][-1]
    assert kind == "Retrained", fields
    return fields


@pytest.mark.parametrize("name", LOADABLE)
def test_losses_metrics_and_own_layers_are_no_obstacle(
    retrained: dict[str, Any], work: Path, name: str
) -> None:
    found = result(retrained, name)
    assert (work / name / "model.keras").exists()
    without = name in ("functions", "classes", "namesake", "registered", "table")
    assert ("without its loss" in found["note"]) == without
    assert bool(found["layers_code"]) == (name in WITH_CODE)


@pytest.fixture(scope="module")
def loaded_elsewhere(retrained: dict[str, Any], work: Path) -> str:
    """What a process says that loads all files that need no code, and knows nothing of them."""
    names = [name for name in LOADABLE if not result(retrained, name)["layers_code"]]
    script = (
        "import sys, keras\n"
        "for file in sys.argv[1:]:\n"
        "    print(file, keras.models.load_model(file).compiled)\n"
    )
    files = [f"{name}/model.keras" for name in names]
    return run(work, "-c", script, *files)


@pytest.mark.parametrize(
    ("name", "compiled"),
    [("plain", True), ("functions", False), ("classes", False), ("table", False)],
)
def test_plain_load_model_opens_the_file(loaded_elsewhere: str, name: str, compiled: bool) -> None:
    assert f"{name}/model.keras {compiled}" in loaded_elsewhere


@pytest.mark.parametrize("name", ["registered", "arguments", "namesake layer"])
def test_predict_py_imports_the_layers(retrained: dict[str, Any], work: Path, name: str) -> None:
    code = result(retrained, name)["layers_code"]
    dataset = Dataset(
        name="digits", kind="image", task="classification",
        profile={"input_shape": [8, 8, 1], "num_classes": 10},
    )  # fmt: skip
    saved = SavedModel(project=Project(dataset=dataset), file="model.keras", layers_code=code)
    (work / name / "layers.py").write_text(code)
    (work / name / "predict.py").write_text(predict_snippet(saved, "model.keras"))
    assert "predicted: [" in run(work / name, "predict.py")


def test_layers_py_has_what_the_file_needs_and_nothing_else(retrained: dict[str, Any]) -> None:
    code = result(retrained, "registered")["layers_code"]
    assert "FACTOR = 4.0" in code, "the value, without what made it"
    assert "# twice a half" in code
    for foreign in ("unrelated", "class Error", "build_model"):
        assert foreign not in code


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_loaded_is_refused_before_the_first_epoch(
    retrained: dict[str, Any], work: Path, name: str
) -> None:
    events = retrained[name]
    kind, fields = events[-1]
    assert (kind, fields["code"]) == ("Failed", "cannot_save"), fields
    assert REFUSED[name][1] in fields["message"]
    assert "EpochEnd" not in [kind for kind, _ in events]
    assert not list((work / name).glob("*.keras"))


@pytest.mark.parametrize("name", REFUSED)
def test_the_templates_page_says_so(inspected: dict[str, Any], name: str) -> None:
    assert REFUSED[name][1] in inspected[name]["note"], inspected[name]


def test_nothing_is_said_of_what_can_be_loaded(inspected: dict[str, Any]) -> None:
    assert inspected["registered"]["note"] == ""


def run(folder: Path, *arguments: str) -> str:
    done = python(*arguments, cwd=folder)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout
