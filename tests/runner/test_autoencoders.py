"""Models that reproduce their inputs: built-in templates and a script unmodified, on a table with
gaps and categories, numbers, images and windows. What a file answers in another process from raw
rows is compared with numpy and scikit-learn."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.preprocessing import MinMaxScaler

from tuning.hypermodels import BUILTIN, source_of
from tuning.protocol.evaluation import EXAMPLES, PREDICTED, PREDICTIONS, ROW
from tuning.runner.inputs.data import load_dataset
from tuning.runner.networks.mean_reconstruction import errors_of_mean
from tuning.splits import split_rows

from .harness import inspect_templates, project, retrain_templates
from .tables import COLUMNS, raw_rows, write_table
from .warm import python

pytestmark = pytest.mark.tensorflow

SCRIPT = (Path(__file__).parents[1] / "cases" / "autoencoder.py").read_text()
SOURCES = {template.key: source_of(template) for template in BUILTIN}
RECONSTRUCT = "# dataset: {}\n# task: reconstruction\n"
LSTM = """import keras

def build_model(hp, input_shape):
    steps, features = input_shape[:2]
    inputs = keras.Input((steps, features))
    x = keras.layers.LSTM(hp.Int("units", 4, 8, step=4))(inputs)
    x = keras.layers.RepeatVector(steps)(x)
    x = keras.layers.LSTM(4, return_sequences=True)(x)
    model = keras.Model(inputs, keras.layers.TimeDistributed(keras.layers.Dense(features))(x))
    model.compile("adam", loss="mae")
    return model
"""
TEMPLATES = {
    "script": RECONSTRUCT.format("wine") + SCRIPT,
    "table": RECONSTRUCT.format("mixed") + SOURCES["autoencoder"],
    "numbers": RECONSTRUCT.format("wine") + SOURCES["autoencoder"],
    "images": RECONSTRUCT.format("digits") + SOURCES["conv-autoencoder"],
    "windows": RECONSTRUCT.format("windows") + LSTM,
}
REFUSED = {
    "classes": (
        RECONSTRUCT.format("wine") + SOURCES["dense"].replace(
            "OUTPUTS[self.task]", 'OUTPUTS["regression"]').replace(
            "self.output_units, activation", "3, activation").replace("def fit(", "def other("),
        "outputs of shape (3,), but a reconstruction has the shape of the inputs, (13,)",
    ),
    "estimator": (
        RECONSTRUCT.format("wine") + "from sklearn.decomposition import PCA\n\n"
        "def build_model(hp):\n    return PCA(2)\n",
        "",
    ),
}  # fmt: skip
# Loads the file as whoever downloads it does.
ANSWERS = """
import json, sys
import keras, numpy as np
rows = np.load("rows.npz", allow_pickle=True)
feed = {name: rows[name] for name in rows}
feed = feed["rows"] if "rows" in feed else {
    name: keras.ops.convert_to_tensor(cells.tolist()) for name, cells in feed.items()}
found = keras.models.load_model(sys.argv[1]).predict(feed, verbose=0)
np.savez("answers.npz", **found)
"""


@pytest.fixture(scope="module")
def data(datasets: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("autoencoders")
    for key in ("wine", "digits", "windows"):
        (root / key).symlink_to(datasets / key)
    write_table(root / "mixed", raw_rows(300), "classification")
    return root


@pytest.fixture(scope="module")
def retrained(data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("retrained")
    return folder, retrain_templates(data, folder, TEMPLATES)


def parts_of(dataset: Path) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    split = project("", dataset, stratified=False).split
    y = np.load(dataset / "y.npy")
    return np.load(dataset / "x.npy"), {n: np.asarray(p) for n, p in split_rows(y, split).items()}


def answers(folder: Path, feed: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What the file says in another process."""
    np.savez(folder / "rows.npz", **feed)
    done = python("-c", ANSWERS, "model.keras", cwd=folder)
    assert done.returncode == 0, done.stderr[-2000:]
    with np.load(folder / "answers.npz") as found:
        return dict(found)


def report_of(retrained: tuple[Path, dict[str, Any]], name: str) -> dict[str, Any]:
    kind, result = retrained[1][name][-1]
    assert kind == "Retrained", result
    assert result["evaluation"]["problem"] == ""
    return result["evaluation"]


@pytest.mark.parametrize("name", ["script", "numbers", "images", "windows"])
def test_errors_are_those_of_scikit_learns_scaling_on_raw_rows(
    data: Path, retrained: tuple[Path, dict[str, Any]], name: str
) -> None:
    folder = retrained[0] / name
    found = report_of(retrained, name)
    x, parts = parts_of(data / {"script": "wine", "numbers": "wine", "images": "digits"}.get(
        name, "windows"))  # fmt: skip
    told = answers(folder, {"rows": x[parts["test"]].astype(np.float32)})
    # Columns have a range each, images one for all pixels, windows one for each feature.
    last = {"images": 1, "windows": x.shape[2] if x.ndim > 2 else 1}.get(name, x.shape[-1])
    scaler = MinMaxScaler().fit(x[parts["train"]].reshape(-1, last).astype(np.float64))

    def scaled(rows: np.ndarray) -> np.ndarray:
        flat = scaler.transform(rows.reshape(-1, last).astype(np.float64))
        return np.asarray(flat.reshape(len(rows), -1))

    test, mean = scaled(x[parts["test"]]), scaled(x[np.concatenate([
        parts["train"], parts["validation"]])]).mean(axis=0)  # fmt: skip
    off = scaled(told["reconstruction"]) - test
    by_row = (off**2).mean(axis=1)
    assert told["error"] == pytest.approx(by_row, rel=1e-3, abs=1e-6)
    assert told["reconstruction"].shape == x[parts["test"]].shape
    lines = np.load(folder / PREDICTIONS)
    assert (lines[:, ROW] == parts["test"]).all()
    assert lines[:, PREDICTED] == pytest.approx(by_row, rel=1e-3, abs=1e-6)
    scores = {score["name"]: score["value"] for score in found["outputs"][0]["scores"]}
    assert scores["mean_squared_error"] == pytest.approx(by_row.mean(), rel=1e-3)
    assert scores["mean_absolute_error"] == pytest.approx(np.abs(off).mean(), rel=1e-3)
    baseline = ((test - mean) ** 2).mean()
    assert scores["baseline_mean_squared_error"] == pytest.approx(baseline, rel=1e-3)
    assert scores["explained"] == pytest.approx(1 - by_row.mean() / baseline, abs=1e-3)
    if name in ("script", "numbers"):
        columns = {c["name"]: c for c in found["outputs"][0]["columns"]}
        names = json.loads((data / "wine" / "meta.json").read_text())["feature_names"]
        for place, column in enumerate(names):
            assert columns[column]["error"] == pytest.approx((off[:, place] ** 2).mean(), rel=1e-3)


def test_a_mixed_table_is_reproduced_column_by_column(
    data: Path, retrained: tuple[Path, dict[str, Any]]
) -> None:
    """Numbers in their units, an output for each value of a category."""
    folder = retrained[0] / "table"
    found = report_of(retrained, "table")["outputs"][0]
    x, parts = parts_of(data / "mixed")
    rows = x[parts["test"]]
    about = json.loads(
        python("-c", "import zipfile; print(zipfile.ZipFile('model.keras').read("
               "'description.json').decode())", cwd=folder).stdout)  # fmt: skip
    assert about["task"] == "reconstruction"
    assert "target" not in about
    feed = {}
    for place, column in enumerate(about["columns"]):
        cells: Any = rows[:, place]
        if column["type"] == "category":
            values = [*COLUMNS[place]["values"], ""]
            cells = np.array([values[-1 if np.isnan(c) else int(c)] for c in cells], object)
        feed[column["input"]] = cells[:, None]
    told = answers(folder, feed)
    outputs = [tuple(pair) for pair in about["reconstruction"]]
    train = x[parts["train"]].astype(np.float64)
    off = []
    for place, (name, value) in enumerate(outputs):
        at = next(i for i, column in enumerate(COLUMNS) if column["name"] == name)
        said = told["reconstruction"][:, place].astype(np.float64)
        if COLUMNS[at]["type"] == "number":
            known = train[:, at][~np.isnan(train[:, at])]
            given = np.where(np.isnan(rows[:, at]), np.median(known), rows[:, at].astype(float))
            off.append((said - given) / (known.max() - known.min()))
        else:
            code = np.nan if value == "" else COLUMNS[at]["values"].index(value)
            is_it = np.isnan(rows[:, at]) if value == "" else rows[:, at] == code
            off.append(said - is_it)
    off = np.array(off).T
    assert told["error"] == pytest.approx((off**2).mean(axis=1), rel=2e-2, abs=1e-3)
    by_row = np.load(folder / PREDICTIONS)[:, PREDICTED]
    assert told["error"] == pytest.approx(by_row, rel=1e-3, abs=1e-5)
    # Always 3 in the training rows: no input, so nothing is reproduced.
    assert "always 3" not in {name for name, _ in outputs}
    worst = parts["test"][by_row.argmax()]
    example = next(e for e in found["examples"] if e["row"] == worst)
    assert len(example["cells"]) == len(COLUMNS)
    assert example["cells"][4] == ""
    assert example["cells"][3] in {*COLUMNS[3]["values"], "(missing)"}
    first = float(told["reconstruction"][by_row.argmax(), [n for n, _ in outputs].index(
        "price/unit")])  # fmt: skip
    assert float(example["cells"][1]) == pytest.approx(first, rel=1e-3, abs=1e-4)


def test_the_examples_are_the_rows_with_the_largest_and_the_smallest_errors(
    data: Path, retrained: tuple[Path, dict[str, Any]]
) -> None:
    found = report_of(retrained, "images")["outputs"][0]["examples"]
    lines = np.load(retrained[0] / "images" / PREDICTIONS)
    order = lines[np.argsort(-lines[:, PREDICTED]), ROW].astype(int)
    wanted = {*order[:EXAMPLES].tolist(), *order[-EXAMPLES:].tolist()}
    assert {example["row"] for example in found} == wanted
    assert all(example["picture"] for example in found)


def test_what_does_not_reproduce_its_input_is_refused_in_a_sentence(
    data: Path, tmp_path: Path
) -> None:
    codes = {name: code for name, (code, _) in REFUSED.items()}
    found = inspect_templates(data, tmp_path, codes | {"script": TEMPLATES["script"]})
    assert REFUSED["classes"][1] in found["classes"]["message"]
    assert "Estimators of scikit-learn predict targets" in found["estimator"]["message"]
    assert found["script"]["metrics"] == ["loss", "val_loss"]
    assert found["script"]["objective"] == "val_loss"


@pytest.mark.parametrize("name", ["wine", "digits", "windows"])
def test_the_baseline_of_trials_is_the_training_mean_on_the_validation_rows(
    data: Path, name: str
) -> None:
    x, parts = parts_of(data / name)
    last = 1 if name == "digits" else x.shape[-1]
    scaler = MinMaxScaler().fit(x[parts["train"]].reshape(-1, last).astype(np.float64))
    train, validation = (
        scaler.transform(x[parts[part]].reshape(-1, last).astype(np.float64)).reshape(
            len(parts[part]), -1
        )
        for part in ("train", "validation")
    )
    off = validation - train.mean(axis=0)
    order = replace(project("", data / name, stratified=False), task="reconstruction")
    dataset = load_dataset(order)
    found = errors_of_mean(dataset.rows("train")[0], dataset.rows("validation")[0])
    assert found.squared == pytest.approx((off**2).mean(), rel=1e-4)
    assert found.absolute == pytest.approx(np.abs(off).mean(), rel=1e-4)
