"""Models of sequences: the built-in template and scripts on arrays (rows, steps, features)."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tuning.hypermodels import BUILTIN, source_of
from tuning.runner.template.supplied import supplies

from .harness import retrain_templates
from .warm import python

SOURCE = next(source_of(template) for template in BUILTIN if template.key == "sequence")
LSTM = """# dataset: windows
import keras
def build_model(hp, look_back, n_features, n_outputs):
    model = keras.Sequential([
        keras.Input((look_back, n_features)), keras.layers.LSTM(4), keras.layers.Dense(n_outputs)
    ])
    model.compile("adam", "mse", metrics=["mae"])
    return model
"""
FOREST = """# dataset: gestures
# kind: sklearn
from sklearn.ensemble import RandomForestClassifier
def build_model(hp):
    return RandomForestClassifier(5, random_state=0)
"""


@pytest.fixture(scope="module")
def retrained(datasets: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    folder = tmp_path_factory.mktemp("sequences")
    templates = {
        "classes": f"# dataset: gestures\n{SOURCE}",
        "numbers": f"# dataset: windows\n{SOURCE}",
        "lstm": LSTM,
        "forest": FOREST,
    }
    return folder, retrain_templates(datasets, folder, templates)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["classes", "numbers", "lstm", "forest"])
def test_sequences_are_learned_evaluated_and_saved(retrained: tuple[Path, Any], name: str) -> None:
    folder, told = retrained
    kind, fields = told[name][-1]
    assert kind == "Retrained", fields
    assert not fields["evaluation"]["problem"]
    assert fields["evaluation"]["outputs"][0]["scores"]
    assert list((folder / name).glob("model.*"))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "dataset"), [("classes", "gestures"), ("numbers", "windows")])
def test_the_file_predicts_elsewhere_what_was_evaluated(
    retrained: tuple[Path, Any], datasets: Path, name: str, dataset: str
) -> None:
    folder = retrained[0] / name
    script = (
        "import keras, numpy as np, sys\n"
        "x = np.load(sys.argv[2])\n"
        "np.save('elsewhere.npy', keras.models.load_model(sys.argv[1]).predict(x, verbose=0))\n"
    )
    (folder / "elsewhere.py").write_text(script)
    done = python("elsewhere.py", "model.keras", str(datasets / dataset / "x.npy"), cwd=folder)
    assert done.returncode == 0, done.stderr[-2000:]
    outputs, kept = np.load(folder / "elsewhere.npy"), np.load(folder / "predictions.npy")
    rows = kept[:, 0].astype(int)
    predicted = outputs[rows].argmax(axis=1) if name == "classes" else outputs[rows, 0]
    assert predicted == pytest.approx(kept[:, 2], rel=1e-4, abs=1e-4)


def test_a_project_supplies_steps_and_features() -> None:
    facts = {"input_shape": [24, 5], "task": "regression", "max_value": 1, "min_value": 0}
    supplied = supplies(facts)
    assert supplied["input_shape"] == (24, 5)
    assert (supplied["look_back"], supplied["timesteps"], supplied["n_features"]) == (24, 24, 5)
    table = supplies({**facts, "input_shape": [7]})
    assert (table["look_back"], table["n_features"]) == (None, 7)
