"""Retraining: all rows but the test's, a file that loads elsewhere and predicts the same."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tuning.hypermodels import BUILTIN, source_of
from tuning.protocol.evaluation import Importances
from tuning.protocol.events import EpochEnd, Retrained
from tuning.protocol.orders import RetrainOrder
from tuning.supervisor.model_files import store_model_file

from .evaluation.recount import recounted
from .harness import Runner, project
from .warm import python

pytestmark = pytest.mark.tensorflow

# Loads the file as a person would, in a process that knows nothing of Tuneroom.
EVALUATE = """
import json, sys
import keras, numpy as np
sys.path.insert(0, sys.argv[3])
from tuning.splits import split_rows
from tuning.protocol.orders import Split
model = keras.models.load_model(sys.argv[1])
x, y = np.load(sys.argv[2] + "/x.npy"), np.load(sys.argv[2] + "/y.npy")
rows = split_rows(y, Split(0.7, 0.15, 0.15, 3, True))["test"]
print(json.dumps(float((model.predict(x[rows], verbose=0).argmax(axis=1) == y[rows]).mean())))
"""


@pytest.fixture(scope="module")
def cnn() -> str:
    return source_of(next(template for template in BUILTIN if template.key == "cnn"))


def order(code: str, dataset: Path, **settings: Any) -> RetrainOrder:
    values = {"filters_1": 16, "tuner/epochs": 99, "tuner/trial_id": "0004"}
    defaults: dict[str, Any] = {"epochs": 10, "batch_size": 32, "seed": 1}
    return RetrainOrder(project(code, dataset), values, {}, **{**defaults, **settings})


def test_the_saved_model_scores_the_same_in_another_process(
    digits: Path, tmp_path: Path, cnn: str
) -> None:
    with Runner(tmp_path / "work") as runner:
        runner.send(order(cnn, digits))
        events = runner.until(Retrained)
    epochs = [event for event in events if isinstance(event, EpochEnd)]
    assert [(e.execution, e.epoch) for e in epochs] == [(0, n) for n in range(1, 11)]
    assert epochs[0].metrics.keys() == {"accuracy", "loss"}
    result = events[-1]
    recounted(result, tmp_path / "work", project(cnn, digits))
    assert {score.name for score in result.evaluation.measured if score.low is not None} == {
        "accuracy", "loss",
    }  # fmt: skip
    # Images have no columns to shuffle.
    assert result.evaluation.importances == Importances()
    assert result.metrics.keys() == {"accuracy", "loss"}
    assert result.metrics["accuracy"] > 0.9
    assert {"python", "keras", "tensorflow", "keras_tuner", "numpy"} == result.versions.keys()
    # The file under its name is whole; the unfinished one is gone.
    assert [path.name for path in (tmp_path / "work").glob("*.keras")] == ["model.keras"]

    file = tmp_path / "work" / "model.keras"
    store_model_file(file, tmp_path / "stored.keras", file.stat().st_size)
    root = Path(__file__).resolve().parents[2]
    done = python("-c", EVALUATE, str(file), str(digits), str(root), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == pytest.approx(result.metrics["accuracy"], abs=1e-6)
    with zipfile.ZipFile(file) as archive:
        about = json.loads(archive.read("description.json"))
    assert about == {
        "task": "classification",
        "target": "class",
        "class_names": [str(digit) for digit in range(10)],
        "input_shape": [8, 8, 1],
    }


def test_a_model_that_cannot_be_loaded_again_is_a_failure(digits: Path, tmp_path: Path) -> None:
    code = """
import keras

def build_model(hp, input_shape, num_classes):
    model = keras.Sequential([
        keras.Input(input_shape),
        keras.layers.Lambda(lambda x: x / 16),
        keras.layers.Flatten(),
        keras.layers.Dense(num_classes, "softmax"),
    ])
    model.compile("adam", "sparse_categorical_crossentropy")
    return model
"""
    with Runner(tmp_path / "work") as runner:
        failed = runner.result(order(code, digits, epochs=1), Retrained)
    assert failed.code == "cannot_save"
    assert "cannot be downloaded as they are: they hold a lambda" in failed.message
    assert not (tmp_path / "work" / "model.keras").exists()
