"""Several labels or numbers for each row: scripts unmodified, built-in templates, estimators."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import metrics

from tests.findings import write_findings
from tuning.hypermodels import BUILTIN, source_of
from tuning.protocol.evaluation import PREDICTIONS
from tuning.protocol.model_kinds import NETWORK_FILE
from tuning.splits import split_rows

from .harness import inspect_templates, prepare, project, retrain_templates
from .warm import python

pytestmark = pytest.mark.tensorflow
PREDICTED_SHAPE = """
import keras
import numpy as np

rows = np.load({!r})[:4].astype("float32")
print(keras.models.load_model({!r}).predict(rows, verbose=0).shape)
"""

CASES = Path(__file__).parents[1] / "cases"
SOURCES = {template.key: source_of(template) for template in BUILTIN}
LABELS = """# dataset: findings
import keras
import keras_tuner as kt
import numpy as np

data = np.load("chest.npz")
x_train, y_train = data["train_images"][..., None] / 255.0, data["train_labels"]
x_val, y_val = data["val_images"][..., None] / 255.0, data["val_labels"]
findings = ["atelectasis", "effusion", "mass", "nodule", "pneumonia"]

def build_model(hp):
    model = keras.Sequential([
        keras.layers.Input((16, 16, 1)),
        keras.layers.Rescaling(1 / 255),
        keras.layers.Flatten(),
        keras.layers.Dense(hp.Int("units", 16, 32, step=16), activation="relu"),
        keras.layers.Dense(y_train.shape[1], activation="sigmoid"),
    ])
    model.compile("adam", loss="binary_crossentropy", metrics=[
        "binary_accuracy", keras.metrics.AUC(multi_label=True, num_labels=5, name="auc")])
    return model

tuner = kt.RandomSearch(build_model, objective=kt.Objective("val_auc", "max"), max_trials=2)
tuner.search(x_train, y_train, validation_data=(x_val, y_val), epochs=2)
"""
NUMBERS = """# dataset: numbers
import keras
import keras_tuner as kt

def build_model(hp):
    model = keras.Sequential([
        keras.layers.Input((12, 4)),
        keras.layers.LSTM(hp.Int("units", 4, 8, step=4)),
        keras.layers.Dense(3),
    ])
    model.compile("adam", loss="mse", metrics=["mae"])
    return model
"""
# As the tutorials of Keras's functional interface have it, and in another order than the file.
HEADS = """# dataset: robot-arm
import keras
import keras_tuner as kt
from keras import layers

def build_model(hp):
    inputs = keras.Input((6,))
    x = layers.Dense(hp.Int("units", 8, 16, step=8), activation="relu")(inputs)
    outputs = [
        layers.Dense(1, name="torque")(layers.Dense(4, activation="relu")(x)),
        layers.Dense(1, name="y_mm")(x),
        layers.Dense(1, name="x_mm")(x),
    ]
    model = keras.Model(inputs, outputs)
    model.compile(
        keras.optimizers.Adam(0.01),
        loss={"torque": "mse", "y_mm": "huber", "x_mm": "mse"},
        loss_weights={"torque": 1.0, "y_mm": hp.Float("weight", 0.5, 2.0), "x_mm": 1.0},
        metrics={"torque": ["mae"], "x_mm": ["mae"]},
    )
    return model

tuner = kt.RandomSearch(build_model, objective=kt.Objective("val_torque_mae", "min"), max_trials=2)
tuner.search(
    x_train, {"torque": torque, "x_mm": x_mm, "y_mm": y_mm}, epochs=2,
    validation_data=(x_val, {"torque": torque_val, "x_mm": x_val_mm, "y_mm": y_val_mm}),
)
"""
LABEL_HEADS = """# dataset: findings
import keras
from keras import layers

def build_model(hp):
    inputs = keras.Input((16, 16, 1))
    x = layers.Flatten()(layers.Rescaling(1 / 255)(inputs))
    x = layers.Dense(hp.Int("units", 16, 32, step=16), activation="relu")(x)
    model = keras.Model(inputs, [layers.Dense(2)(x), layers.Dense(3)(x)])
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile("adam", loss=[loss, keras.losses.BinaryCrossentropy(from_logits=True)])
    return model
"""
LOGITS = LABELS.replace(', activation="sigmoid"', "").replace(
    'loss="binary_crossentropy"', "loss=keras.losses.BinaryCrossentropy(from_logits=True)"
).replace("metrics=[\n", "metrics=[] and [\n")  # fmt: skip
ESTIMATOR = """# dataset: {dataset}
# kind: sklearn
from sklearn.{module} import {name}

def build_model(hp):
    return {name}({arguments})
"""


def estimator(dataset: str, module: str, name: str, arguments: str = "") -> str:
    return ESTIMATOR.format(dataset=dataset, module=module, name=name, arguments=arguments)


TEMPLATES = {
    "labels": LABELS,
    "logits": LOGITS,
    "numbers": NUMBERS,
    "heads": HEADS,
    "label_heads": LABEL_HEADS,
    "cnn": "# dataset: digit-scenes\n" + SOURCES["cnn"],
    "cnn_numbers": "# dataset: pictures\n" + SOURCES["cnn"],
    "dense": "# dataset: robot-arm\n" + SOURCES["dense"],
    "forest": estimator("findings", "ensemble", "RandomForestClassifier", "20, random_state=0"),
    "logistic": estimator("findings", "linear_model", "LogisticRegression"),
    "ridge": estimator("robot-arm", "linear_model", "Ridge"),
    "boosted": estimator("robot-arm", "ensemble", "GradientBoostingRegressor", "n_estimators=5"),
}
ACCURACY = (
    NUMBERS.replace("numbers", "findings")
    .replace("(12, 4)", "(16, 16)")
    .replace("Dense(3)", "Dense(5, activation='sigmoid')")
    .replace('loss="mse", metrics=["mae"]', 'loss="bce", metrics=["accuracy"]')
)
REFUSED = {
    "softmax": (
        NUMBERS.replace("numbers", "findings").replace("(12, 4)", "(16, 16)")
        .replace("Dense(3)", "Dense(4, activation='sigmoid')")
        .replace('"mse"', '"binary_crossentropy"'),
        "the dataset has 5 labels of 0 and 1, of shape (5,). Use 5 outputs with sigmoid",
    ),
    "one": (
        NUMBERS.replace("Dense(3)", "Dense(1)"),
        "the dataset has 3 numbers to predict, of shape (3,). Use 3 outputs",
    ),
    "too many heads": (
        LABEL_HEADS.replace("layers.Dense(2)(x), ", "layers.Dense(3)(x), "),
        "has 2 outputs",
    ),
}  # fmt: skip
METRICS = {
    "labels": ["auc", "binary_accuracy", "loss"],
    "numbers": ["loss", "mae"],
    "cnn": ["auc", "binary_accuracy", "loss"],
    "dense": ["loss", "mean_absolute_error", "r2_score"],
}


@pytest.fixture(scope="module")
def data(datasets: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled examples and two files."""
    root = tmp_path_factory.mktemp("several")
    for key in ("digit-scenes", "robot-arm"):
        (root / key).symlink_to(datasets / key)
    file = write_findings(root / "chest.npz")
    prepare(root / "work-findings", "findings", file).rename(root / "findings")
    file = CASES / "multi_output.npz"
    prepare(root / "work-numbers", "numbers", file).rename(root / "numbers")
    file, random = root / "pictures.npz", np.random.RandomState(0)
    np.savez(file, x=random.randint(256, size=(300, 8, 8), dtype=np.uint8), y=random.rand(300, 3))
    prepare(root / "work-pictures", "pictures", file).rename(root / "pictures")
    return root


@pytest.fixture(scope="module")
def inspected(data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    templates = TEMPLATES | {name: code for name, (code, _) in REFUSED.items()}
    templates["accuracy"] = ACCURACY
    return inspect_templates(data, tmp_path_factory.mktemp("inspected"), templates)


@pytest.fixture(scope="module")
def retrained(data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("retrained")
    return folder, retrain_templates(data, folder, TEMPLATES)


@pytest.mark.parametrize("name", METRICS)
def test_a_template_trains_and_reports(inspected: dict[str, Any], name: str) -> None:
    reported = METRICS[name]
    assert sorted(inspected[name]["metrics"]) == sorted(reported + [f"val_{m}" for m in reported])
    directions = {
        m: d for m, d in inspected[name]["directions"].items() if not m.startswith("val_")
    }
    assert all(d == ("max" if m in ("auc", "binary_accuracy", "r2_score") else "min")
               for m, d in directions.items())  # fmt: skip


def test_accuracy_of_labels_is_explained(inspected: dict[str, Any]) -> None:
    assert "compares only the largest output" in inspected["accuracy"]["note"]
    assert "largest output" not in inspected["labels"]["note"]


def test_a_scripts_objective_is_proposed(inspected: dict[str, Any]) -> None:
    assert (inspected["labels"]["objective"], inspected["labels"]["direction"]) == (
        "val_auc", "max",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "wrapper"),
    [("logistic", "MultiOutputClassifier"), ("boosted", "MultiOutputRegressor"),
     ("forest", ""), ("ridge", "")],
)  # fmt: skip
def test_estimators_of_one_target_are_fitted_once_for_each(
    inspected: dict[str, Any], name: str, wrapper: str
) -> None:
    found = inspected[name]
    assert found["kind"] == "sklearn"
    assert ("fits one for each target" in found["note"]) == bool(wrapper)
    assert wrapper in found["note"]


@pytest.mark.parametrize("name", REFUSED)
def test_outputs_that_do_not_fit_are_refused(inspected: dict[str, Any], name: str) -> None:
    assert REFUSED[name][1] in inspected[name]["message"]


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_score_is_scikit_learns(
    data: Path, retrained: tuple[Path, dict[str, Any]], name: str
) -> None:
    folder, told = retrained
    kind, result = told[name][-1]
    assert kind == "Retrained", result
    found = result["evaluation"]
    assert found["problem"] == ""
    dataset = data / TEMPLATES[name].partition("# dataset: ")[2].partition("\n")[0]
    y = np.load(dataset / "y.npy")
    rows = split_rows(y, project("", dataset, stratified=False).split)["test"]
    lines = np.load(folder / name / PREDICTIONS)
    assert (lines[:, 0] == rows).all()
    actual, predicted, confidence = lines[:, 1::3], lines[:, 2::3], lines[:, 3::3]
    assert actual == pytest.approx(y[rows])
    outputs = found["outputs"]
    if outputs[0]["task"] == "multi-label":
        [output] = outputs
        check_labels(output, actual, predicted, confidence)
    else:
        assert len(outputs) == y.shape[1]
        for place, output in enumerate(outputs):
            check_number(output, actual[:, place], predicted[:, place])
        overall = scores(found["overall"])
        assert overall["r2"] == pytest.approx(metrics.r2_score(actual, predicted))
        assert overall["mean_absolute_error"] == pytest.approx(np.abs(actual - predicted).mean())
    for score in [s for o in outputs for s in o["scores"]] + found["overall"]:
        if score["low"] is not None:
            assert score["low"] - 1e-9 <= score["value"] <= score["high"] + 1e-9
    # The model's own metrics are the evaluation's, so they have intervals.
    with_ends = {score["name"] for score in found["measured"] if score["low"] is not None}
    own = {"binary_accuracy", "mean_absolute_error", "mae", "exact_match", "f1_macro", "r2"}
    assert with_ends >= own & result["metrics"].keys()


def test_each_output_learns_the_target_of_its_name(
    data: Path, inspected: dict[str, Any], retrained: tuple[Path, dict[str, Any]]
) -> None:
    found, (folder, told) = inspected["heads"], retrained
    assert "torque → torque (Nm), y_mm → y (mm), x_mm → x (mm)." in found["note"]
    assert (found["objective"], found["direction"]) == ("val_torque_mae", "min")
    names = json.loads((data / "robot-arm" / "meta.json").read_text())["target_names"]
    own = told["heads"][-1][1]["metrics"]
    lines = np.load(folder / "heads" / PREDICTIONS)
    errors = np.abs(lines[:, 1::3] - lines[:, 2::3]).mean(axis=0)
    for metric, target in (("torque_mae", "torque (Nm)"), ("x_mm_mae", "x (mm)")):
        assert own[metric] == pytest.approx(errors[names.index(target)], rel=1e-3)


def test_a_file_has_the_targets_in_one_output(
    data: Path, retrained: tuple[Path, dict[str, Any]]
) -> None:
    folder, _ = retrained
    for name, targets in (("heads", 3), ("label_heads", 5)):
        rows, file = data / TEMPLATES[name].split()[2] / "x.npy", folder / name / NETWORK_FILE
        done = python("-c", PREDICTED_SHAPE.format(str(rows), str(file)))
        assert done.stdout.strip() == f"(4, {targets})", done.stderr


def scores(found: list[dict[str, Any]]) -> dict[str, float]:
    return {score["name"]: score["value"] for score in found}


def check_labels(output: dict[str, Any], actual: Any, predicted: Any, shares: Any) -> None:
    assert (predicted == (shares > 0.5)).all()
    known = scores(output["scores"])
    assert known["exact_match"] == pytest.approx(metrics.accuracy_score(actual, predicted))
    assert known["label_accuracy"] == pytest.approx((actual == predicted).mean())
    for average in ("macro", "micro"):
        f1 = metrics.f1_score(actual, predicted, average=average, zero_division=0)
        assert known[f"f1_{average}"] == pytest.approx(f1)
    assert known["roc_auc_labels"] == pytest.approx(metrics.roc_auc_score(actual, shares))
    average = metrics.average_precision_score(actual, shares)
    assert known["average_precision"] == pytest.approx(average)
    losses = [
        metrics.log_loss(*pair, labels=[0, 1]) for pair in zip(actual.T, shares.T, strict=True)
    ]
    assert known["log_loss"] == pytest.approx(np.mean(losses), rel=1e-4)
    for place, label in enumerate(output["classes"]):
        pair = actual[:, place], predicted[:, place]
        assert label["support"] == actual[:, place].sum()
        assert label["recall"] == pytest.approx(metrics.recall_score(*pair))
        if label["precision"] is not None:
            assert label["precision"] == pytest.approx(metrics.precision_score(*pair))
        assert label["f1"] == pytest.approx(metrics.f1_score(*pair))
        area = metrics.roc_auc_score(actual[:, place], shares[:, place])
        assert label["roc_auc"] == pytest.approx(area)
    assert sum(output["calibration"]["rows"]) == actual.size


def check_number(output: dict[str, Any], actual: Any, predicted: Any) -> None:
    known = scores(output["scores"])
    assert known["r2"] == pytest.approx(metrics.r2_score(actual, predicted))
    error = metrics.mean_absolute_error(actual, predicted)
    assert known["mean_absolute_error"] == pytest.approx(error)


def test_a_table_of_several_numbers_has_importances(
    retrained: tuple[Path, dict[str, Any]],
) -> None:
    found = retrained[1]["ridge"][-1][1]["evaluation"]["importances"]
    assert found["score"] == "r2"
    means = {column["column"]: column["mean"] for column in found["columns"]}
    assert abs(means["temperature (°C)"]) < 0.01 < means["shoulder (°)"]


def test_no_target_outweighs_the_others(retrained: tuple[Path, dict[str, Any]]) -> None:
    """Millimetres and newton metres: after one epoch all three are learned a little."""
    outputs = retrained[1]["dense"][-1][1]["evaluation"]["outputs"]
    assert all(scores(output["scores"])["r2"] > 0.1 for output in outputs)
