"""Balanced class weights: scikit-learn's figures, and a training computed by hand."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from tuning.protocol.events import Built, EpochEnd
from tuning.protocol.model_kinds import ModelKind
from tuning.runner.class_weights import balanced, for_fit
from tuning.runner.inputs.data import load_dataset

from .harness import TrialRunner, project, search_order

pytestmark = pytest.mark.tensorflow

RATE = 1e-6
NETWORK = f"""
import keras

def build_model(hp, input_shape, num_classes):
    end = keras.layers.Dense(num_classes, "softmax", kernel_initializer="zeros")
    model = keras.Sequential([keras.Input(input_shape), end])
    model.compile(keras.optimizers.SGD({RATE}), "sparse_categorical_crossentropy")
    return model
"""
PIPELINE = """
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

def build_model(hp):
    weight = {0: 1, 1: 2, 2: 3} if hp.Boolean("own") else None
    return make_pipeline(StandardScaler(), LogisticRegression(class_weight=weight))
"""


def test_the_weights_are_scikit_learns() -> None:
    y = np.repeat([0, 1, 3], [2, 30, 7])
    classes = np.unique(y)
    theirs = compute_class_weight("balanced", classes=classes, y=y)
    assert balanced(y) == pytest.approx(dict(zip(classes.tolist(), theirs, strict=True)))


def test_weights_of_the_script_stay_and_numbers_have_none() -> None:
    asked = replace(project("", Path("/")), class_weights=True)
    y = np.array([0, 0, 1])
    assert for_fit(asked, {}, y) == {"class_weight": {0: 0.75, 1: 1.5}}
    assert for_fit(replace(asked, class_weights=False), {}, y) == {}
    assert for_fit(asked, {"class_weight": {0: 1.0}}, y) == {}
    assert for_fit(asked, {"sample_weight": y}, y) == {}
    assert for_fit(asked, {}, y.astype("float32")) == {}
    assert for_fit(asked, {}, y[:, None]) == {}


def test_a_training_is_the_one_computed_by_hand(datasets: Path, tmp_path: Path) -> None:
    """Two steps with all rows; validation counts every row alike."""
    asked = replace(project(NETWORK, datasets / "wine"), class_weights=True)
    order = search_order(
        asked, {}, epochs=2, batch_size=1000, objective="val_loss", direction="min"
    )
    with TrialRunner(tmp_path / "work") as runner:
        runner.begin(order)
        ends = [e.metrics for e in runner.trial("0", {}) if isinstance(e, EpochEnd)]
    dataset = load_dataset(asked)
    (x, y), (x_val, y_val) = dataset.rows("train"), dataset.rows("validation")
    weights = np.array([balanced(y)[label] for label in y])
    wanted = _by_hand(x.astype("float64"), y, weights, x_val.astype("float64"), y_val)
    assert [end["val_loss"] for end in ends] == pytest.approx(wanted["val_loss"], rel=2e-5)
    assert [end["loss"] for end in ends] == pytest.approx(wanted["loss"], rel=2e-5)
    plain = _by_hand(x.astype("float64"), y, np.ones(len(y)), x_val.astype("float64"), y_val)
    assert wanted["val_loss"] != pytest.approx(plain["val_loss"], rel=2e-4)


def _by_hand(x: Any, y: Any, weights: Any, x_val: Any, y_val: Any) -> dict[str, list[float]]:
    kernel, bias = np.zeros((x.shape[1], 3)), np.zeros(3)
    found: dict[str, list[float]] = {"loss": [], "val_loss": []}

    def probabilities(rows: Any) -> Any:
        powers = np.exp(rows @ kernel + bias)
        return powers / powers.sum(axis=1, keepdims=True)

    for _ in range(2):
        p = probabilities(x)
        rows = np.arange(len(y))
        found["loss"].append(float(np.mean(weights * -np.log(p[rows, y]))))
        p[rows, y] -= 1
        slopes = p * weights[:, None] / len(y)
        kernel -= RATE * x.T @ slopes
        bias -= RATE * slopes.sum(axis=0)
        of_class = probabilities(x_val)[np.arange(len(y_val)), y_val]
        found["val_loss"].append(float(np.mean(-np.log(of_class))))
    return found


def test_estimators_balance_classes_unless_they_weigh_them(datasets: Path, tmp_path: Path) -> None:
    asked = replace(project(PIPELINE, datasets / "wine"), class_weights=True)
    order = search_order(asked, {}, objective="score", kind=ModelKind.SKLEARN, folds=2)
    with TrialRunner(tmp_path / "work") as runner:
        runner.begin(order)
        built = [
            next(e.summary for e in runner.trial(str(own), {"own": own}) if isinstance(e, Built))
            for own in (False, True)
        ]
    assert "class_weight='balanced'" in built[0]
    assert "{0: 1, 1: 2, 2: 3}" in built[1]
