"""Models that take raw values give what numpy's preprocessing gives, wherever they are loaded."""

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tuning.analysis.snippets import predict_snippet
from tuning.models import Dataset, Project, SavedModel, Search, Trial
from tuning.protocol.events import Inspected, Retrained, TrialEnd
from tuning.protocol.model_kinds import ModelKind
from tuning.protocol.orders import InspectOrder, RetrainOrder
from tuning.runner.inputs.preprocessing import Preprocessing
from tuning.splits import split_rows

from .evaluation.recount import recounted
from .harness import Runner, TrialRunner, project, search_order
from .tables import COLUMNS, raw_rows, write_table
from .warm import python

CODE = """
import keras

def build_model(hp, input_shape, num_classes, feature_names):
    assert len(feature_names) == input_shape[0]
    model = keras.Sequential([
        keras.Input(input_shape),
        keras.layers.Dense(32, "relu"),
        keras.layers.Dense(num_classes or 1, "softmax" if num_classes else None),
    ])
    if num_classes:
        model.compile(keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy",
                      metrics=["accuracy"])
    else:
        model.compile(keras.optimizers.Adam(0.02), "mse", metrics=["mae"])
    return model
"""

ESTIMATOR = """
from sklearn.ensemble import RandomForestClassifier

def build_model(hp):
    return RandomForestClassifier(hp.Int("trees", 20, 50))
"""

# As a person would, in a process that knows nothing of Tuneroom: raw values, as lists.
PREDICT = """
import json, sys, zipfile
import keras, numpy as np
keras_model = keras.models.load_model(sys.argv[1])
with zipfile.ZipFile(sys.argv[1]) as archive:
    about = json.loads(archive.read("description.json"))
rows = json.load(sys.stdin)
inputs = {}
for column in about["columns"]:
    cells = np.array(rows[column["name"]], "float32" if column["type"] == "number" else str)
    inputs[column["input"]] = keras.ops.convert_to_tensor(cells.reshape(-1, 1))
assert set(inputs) == set(keras_model.input)
predictions = keras_model.predict(inputs, verbose=0).tolist()
print(json.dumps({"predictions": predictions, "about": about}))
"""


def with_strangers(x: np.ndarray) -> np.ndarray:
    """And a row of gaps, and one of values that nobody has seen."""
    return np.concatenate([x, np.full_like(x[:1], np.nan), np.full_like(x[:1], 77)])


# As the profile of a dataset from a CSV file has it.
LOAD = """
import pandas as pd

rows = pd.read_csv("data.csv", dtype={"Straße": str, "numbers": str})
x = rows.drop(columns="target")
y = rows["target"].to_numpy()
"""


def predicted_by_script(folder: Path, columns: dict[str, Any], y: np.ndarray, task: str) -> Any:
    """What predict.py, as people download it, prints for the first rows of a CSV file."""
    (folder / "predict").mkdir()
    # As they are written: the script reads them as the runner does.
    columns = {**columns, "prepare": [f"${value:,.4f}" for value in columns["prepare"]]}
    pd.DataFrame({**columns, "target": y}).to_csv(folder / "predict" / "data.csv", index=False)
    shutil.copy(folder / "work" / "model.keras", folder / "predict" / "model.keras")
    profile = {"columns": COLUMNS, "class_names": ["cheap", "dear"], "load_snippet": LOAD}
    dataset = Dataset(key="d", name="Prices", task=task, profile=profile)
    project = Project(dataset=dataset)
    trial = Trial(search=Search(project=project))
    script = predict_snippet(SavedModel(project=project, trial=trial), "model.keras")
    done = python("-c", script, cwd=folder / "predict")
    assert done.returncode == 0, done.stderr
    predicted = next(line for line in done.stdout.splitlines() if line.startswith("predicted:"))
    text = predicted.removeprefix("predicted:").strip()
    return json.loads(text.replace("'", '"')) if "'" in text else [
        float(number) for number in text.strip("[]").split()
    ]  # fmt: skip


@pytest.fixture
def preprocessing() -> Preprocessing:
    return Preprocessing.learn(raw_rows(300), COLUMNS)


@pytest.mark.tensorflow
@pytest.mark.parametrize("columns", [COLUMNS, COLUMNS[:3], COLUMNS[3:4]])
def test_keras_layers_agree_with_numpy(tmp_path: Path, columns: list[Any]) -> None:
    import keras

    from tuning.runner.saved.raw_keras import RawModel

    x = raw_rows(300)[:, [COLUMNS.index(column) for column in columns]]
    preprocessing = Preprocessing.learn(x, columns)
    # Called as one of the columns is, and handing its inputs on as they are.
    network = keras.Sequential([keras.Input((preprocessing.width,))], name="price_unit")
    raw = RawModel(network, preprocessing)
    raw.keras_model.save(tmp_path / "model.keras")
    keras_model = keras.models.load_model(tmp_path / "model.keras")
    rows = with_strangers(x)
    found = keras_model.predict(raw.feed(rows), verbose=0)
    assert np.allclose(found, preprocessing.apply(rows), rtol=1e-6, atol=1e-6)
    assert len(set(raw.inputs.values())) == len(columns)


def test_scikit_learn_agrees_with_numpy(preprocessing: Preprocessing) -> None:
    from tuning.runner.inputs.frames import raw_frame
    from tuning.runner.saved.raw_sklearn import as_sklearn

    transformer = as_sklearn(preprocessing, raw_rows(300))
    rows = with_strangers(raw_rows(50, seed=1))
    wanted = preprocessing.apply(rows)
    frame = raw_frame(preprocessing, rows)
    assert list(frame) == [column["name"] for column in COLUMNS]
    # The last column lies far from 0, which float32 knows to an eighth.
    tolerance = {"rtol": 1e-4, "atol": 2e-2}
    assert np.allclose(transformer.transform(frame), wanted, **tolerance)
    # An unfitted copy learns the same again.
    assert transformer.transform(frame).shape == wanted.shape
    assert frame["Straße"].isna().any()
    assert np.allclose(transformer.transform(frame.fillna({"Straße": np.nan})), wanted, **tolerance)


def test_a_scikit_learn_pipeline_with_it_is_saved_by_skops(
    preprocessing: Preprocessing, tmp_path: Path
) -> None:
    import skops.io
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline

    from tuning.runner.inputs.frames import raw_frame
    from tuning.runner.saved.raw_sklearn import as_sklearn

    x = raw_rows(300)
    transformer = as_sklearn(preprocessing, x)
    ridge = Ridge().fit(preprocessing.apply(x), x[:, 5])
    skops.io.dump(make_pipeline(transformer, ridge), tmp_path / "model.skops")
    # SimpleImputer remembers the type of the numbers that it was fitted on; it cannot run code.
    unknown = skops.io.get_untrusted_types(file=tmp_path / "model.skops")
    assert unknown == ["numpy.dtype"]
    loaded = skops.io.load(tmp_path / "model.skops", trusted=unknown)
    rows = raw_rows(20, seed=2)
    wanted = ridge.predict(preprocessing.apply(rows))
    assert np.allclose(loaded.predict(raw_frame(preprocessing, rows)), wanted, atol=2e-2)


@pytest.mark.tensorflow
@pytest.mark.parametrize("task", ["classification", "regression"])
def test_a_downloaded_model_takes_raw_values(tmp_path: Path, task: str) -> None:
    folder = write_table(tmp_path / "table", raw_rows(600), task)
    wanted = project(CODE, folder, stratified=task == "classification")
    order = RetrainOrder(wanted, {}, {}, epochs=40, batch_size=32, seed=1)
    with Runner(tmp_path / "work") as runner:
        result = runner.result(order, Retrained)
    assert isinstance(result, Retrained), result
    lines = recounted(result, tmp_path / "work", wanted)
    # The targets follow from these, and from no other.
    by_use = sorted(result.evaluation.importances.columns, key=lambda c: -(c.mean or 0))
    deciding = {"Straße", "numbers"} | ({"price/unit"} if task == "regression" else set())
    assert {column.column for column in by_use[: len(deciding)]} == deciding
    assert [score.name for score in result.evaluation.measured if score.low is None] == []
    y = np.load(folder / "y.npy")
    test = split_rows(y, wanted.split)["test"]
    rows = np.load(folder / "x.npy")[test]
    columns = {}
    for place, column in enumerate(COLUMNS):
        texts = ["" if np.isnan(v) else column["values"][int(v)] for v in rows[:, place]
                 ] if column["type"] == "category" else rows[:, place].tolist()  # fmt: skip
        columns[column["name"]] = texts
    model = str(tmp_path / "work" / "model.keras")
    done = python("-c", PREDICT, model, cwd=tmp_path, input=json.dumps(columns))
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    predictions = np.array(answer["predictions"])
    labels = predictions.argmax(axis=1) if task == "classification" else predictions[:, 0]
    assert lines[:, 2] == pytest.approx(labels, rel=1e-4, abs=1e-4)
    assert answer["about"]["target"] == "target"
    if task == "classification":
        assert answer["about"]["class_names"] == ["cheap", "dear"]
        accuracy = float((predictions.argmax(axis=1) == y[test]).mean())
        assert accuracy == pytest.approx(result.metrics["accuracy"], abs=1e-6)
        assert accuracy > 0.9
        assert predicted_by_script(tmp_path, columns, y[test], task) == [
            ["cheap", "dear"][index] for index in predictions[:5].argmax(axis=1)
        ]
    else:
        assert "class_names" not in answer["about"]
        found = predicted_by_script(tmp_path, columns, y[test], task)
        assert found == pytest.approx(predictions[:5].ravel().tolist(), rel=1e-4)
        error = float(np.abs(predictions.ravel() - y[test]).mean())
        assert error == pytest.approx(result.metrics["mae"], rel=1e-3)
        assert error < 0.5 * np.abs(y[test] - y[test].mean()).mean()


@pytest.mark.tensorflow
def test_a_downloaded_estimator_takes_raw_values(tmp_path: Path) -> None:
    import skops.io

    from tuning.runner.inputs.frames import raw_frame

    folder = write_table(tmp_path / "table", raw_rows(600), "classification")
    wanted = project(ESTIMATOR, folder)
    order = RetrainOrder(wanted, {}, {}, epochs=1, batch_size=32, seed=1, kind=ModelKind.SKLEARN)
    with Runner(tmp_path / "work") as runner:
        result = runner.result(order, Retrained)
    assert isinstance(result, Retrained), result
    file = tmp_path / "work" / "model.skops"
    with zipfile.ZipFile(file) as archive:
        about = json.loads(archive.read("description.json"))
    assert about["class_names"] == ["cheap", "dear"]
    assert [column["name"] for column in about["columns"]] == [c["name"] for c in COLUMNS]
    x, y = np.load(folder / "x.npy"), np.load(folder / "y.npy")
    parts = split_rows(y, wanted.split)
    rows = raw_frame(Preprocessing.learn(x[parts["train"]], COLUMNS), x[parts["test"]])
    predicted = skops.io.load(file, trusted=result.trusted_types).predict(rows)
    accuracy = float((predicted == y[parts["test"]]).mean())
    assert accuracy == pytest.approx(result.metrics["accuracy"])
    assert accuracy > 0.9


@pytest.mark.tensorflow
def test_a_mixed_table_is_inspected_and_searched_on(tmp_path: Path) -> None:
    folder = write_table(tmp_path / "table", raw_rows(300), "classification")
    with Runner(tmp_path / "inspection") as runner:
        inspected = runner.result(InspectOrder(project(CODE, folder)), Inspected)
    assert isinstance(inspected, Inspected), inspected
    # 11 inputs: four numbers, and seven values of two categories.
    assert inspected.parameters == 11 * 32 + 32 + 32 * 2 + 2
    with TrialRunner(tmp_path / "search") as runner:
        runner.begin(search_order(project(CODE, folder), {}, epochs=15))
        end = runner.trial("0", {})[-1]
    assert isinstance(end, TrialEnd), end
    assert end.metrics["val_accuracy"] > 0.8


@pytest.mark.tensorflow
def test_thousands_of_columns_take_two_inputs(tmp_path: Path) -> None:
    import keras

    from tuning.runner.saved.raw_keras import RawModel

    x = np.random.RandomState(0).normal(size=(50, 5_000)).astype(np.float32)
    x[:, 4_900:] = np.random.RandomState(1).choice([0, 1, np.nan], (50, 100))
    columns: list[Any] = [{"name": f"n/{i}", "type": "number"} for i in range(4_900)]
    columns += [{"name": f"c{i}", "type": "category", "values": ["a", "b"]} for i in range(100)]
    preprocessing = Preprocessing.learn(x, columns)
    network = keras.Sequential([keras.Input((preprocessing.width,))])
    raw = RawModel(network, preprocessing)
    raw.keras_model.save(tmp_path / "model.keras")
    keras_model = keras.models.load_model(tmp_path / "model.keras")
    found = keras_model.predict(raw.feed(x), verbose=0)
    assert set(keras_model.input) == {"numbers", "categories"}
    assert np.allclose(found, preprocessing.apply(x), rtol=1e-6, atol=1e-6)
