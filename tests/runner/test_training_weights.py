"""Weights in training: balanced classes with scikit-learn's figures, a column of weights, and
trainings computed by hand."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold
from sklearn.multioutput import MultiOutputRegressor
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.class_weight import compute_class_weight

from tuning.protocol.events import Built, EpochEnd, Retrained
from tuning.protocol.model_kinds import ModelKind
from tuning.protocol.orders import RetrainOrder
from tuning.runner.inputs.data import load_dataset, row_numbers
from tuning.runner.training_weights import balanced, for_fit
from tuning.splits import split_rows

from .evaluation.recount import recounted
from .harness import Runner, TrialRunner, project, search_order

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


def test_weights_of_rows_and_classes_are_multiplied() -> None:
    asked = replace(project("", Path("/")), weight_column="w")
    y, weights = np.array([0, 0, 1]), np.array([1.0, 2.0, 3.0])
    assert for_fit(asked, {}, y, weights)["sample_weight"].tolist() == [1, 2, 3]
    both = for_fit(replace(asked, class_weights=True), {}, y, weights)
    assert both["sample_weight"].tolist() == [0.75, 1.5, 4.5]
    assert for_fit(asked, {"class_weight": {0: 1.0}}, y, weights) == {}


@pytest.fixture
def weighted(datasets: Path, tmp_path: Path) -> Path:
    """The wines, with groups of rows and a weight of each."""
    folder = tmp_path / "weighted"
    shutil.copytree(datasets / "wine", folder)
    rows = len(np.load(folder / "y.npy"))
    random = np.random.RandomState(4)
    np.save(folder / "auxiliary-0.npy", random.randint(0, 40, rows))
    np.save(folder / "auxiliary-1.npy", random.choice([0.0, 0.5, 3.0], rows))
    facts = json.loads((folder / "meta.json").read_text())
    auxiliary = [{"name": "grower"}, {"name": "weight"}]
    (folder / "meta.json").write_text(json.dumps({**facts, "auxiliary": auxiliary}))
    return folder


@pytest.mark.parametrize(
    ("columns", "classes"),
    [(False, True), (True, False), (True, True)],
)
def test_a_training_is_the_one_computed_by_hand(
    weighted: Path, tmp_path: Path, columns: bool, classes: bool
) -> None:
    """Two steps with all rows; validation counts every row alike."""
    order = project(NETWORK, weighted)
    asked = replace(order, class_weights=classes, weight_column="weight" if columns else "")
    order = search_order(
        asked, {}, epochs=2, batch_size=1000, objective="val_loss", direction="min"
    )
    with TrialRunner(tmp_path / "work") as runner:
        runner.begin(order)
        ends = [e.metrics for e in runner.trial("0", {}) if isinstance(e, EpochEnd)]
    dataset = load_dataset(asked)
    (x, y), (x_val, y_val) = dataset.rows("train"), dataset.rows("validation")
    weights = np.ones(len(y))
    if classes:
        weights *= [balanced(y)[label] for label in y]
    if columns:
        train = split_rows(np.load(weighted / "y.npy"), asked.split)["train"]
        weights *= np.load(weighted / "auxiliary-1.npy")[train]
    wanted = _by_hand(x.astype("float64"), y, weights, x_val.astype("float64"), y_val)
    assert [end["val_loss"] for end in ends] == pytest.approx(wanted["val_loss"], rel=2e-5)
    assert [end["loss"] for end in ends] == pytest.approx(wanted["loss"], rel=2e-5)
    plain = _by_hand(x.astype("float64"), y, np.ones(len(y)), x_val.astype("float64"), y_val)
    assert wanted["val_loss"] != pytest.approx(plain["val_loss"], rel=1e-4)


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


def _weighted_folds(weighted: Path, rows: np.ndarray) -> list[float]:
    """The scores of folds that keep growers together, computed with scikit-learn alone."""
    x, y = (np.load(weighted / f"{name}.npy")[rows] for name in ("x", "y"))
    groups, weights = (np.load(weighted / f"auxiliary-{n}.npy")[rows] for n in (0, 1))
    folds = StratifiedGroupKFold(2, shuffle=True, random_state=3)
    scores = []
    for train, test in folds.split(x, y, groups):
        fitted = make_pipeline(StandardScaler(), LogisticRegression())
        fitted.fit(x[train], y[train], logisticregression__sample_weight=weights[train])
        scores.append(fitted.score(x[test], y[test]))
    return scores


def test_estimators_are_weighted_and_divided_by_group(weighted: Path, tmp_path: Path) -> None:
    """Folds, the retrained model and its evaluation: a grower is never on both sides."""
    by_group = project(PIPELINE, weighted, by="group", column="grower")
    asked = replace(by_group, weight_column="weight")
    groups = np.load(weighted / "auxiliary-0.npy")
    dataset = load_dataset(asked)
    rows = row_numbers(asked, "train", "validation")
    order = search_order(asked, {}, objective="score", kind=ModelKind.SKLEARN, folds=2)
    with TrialRunner(tmp_path / "work") as runner:
        runner.begin(order)
        events = runner.trial("0", {"own": False})
    scores = [event.metrics["score"] for event in events if isinstance(event, EpochEnd)]
    assert scores == pytest.approx(_weighted_folds(weighted, rows))
    retrain = RetrainOrder(
        asked, {"own": False}, {}, epochs=1, batch_size=32, seed=1, kind=ModelKind.SKLEARN
    )
    with Runner(tmp_path / "again") as running:
        result = running.result(retrain, Retrained)
    lines = recounted(result, tmp_path / "again", asked)
    tested = lines[:, 0].astype(int)
    assert not set(groups[tested]) & set(groups[rows])
    assert sorted([*tested, *rows]) == list(range(len(groups)))
    (x, y), weights = dataset.rows("train", "validation"), dataset.weights("train", "validation")
    assert weights is not None
    own = make_pipeline(StandardScaler(), LogisticRegression())
    own.fit(x, y, logisticregression__sample_weight=weights)
    assert lines[:, 2].tolist() == own.predict(dataset.rows("test")[0]).tolist()


@pytest.mark.parametrize(
    ("estimator", "name"),
    [
        (LogisticRegression(), "sample_weight"),
        (
            make_pipeline(StandardScaler(), LogisticRegression()),
            "logisticregression__sample_weight",
        ),
        (
            make_pipeline(make_pipeline(LogisticRegression())),
            "pipeline__logisticregression__sample_weight",
        ),
        (GridSearchCV(make_pipeline(Ridge()), {}), "ridge__sample_weight"),
        (MultiOutputRegressor(Ridge()), "sample_weight"),
        (MultiOutputRegressor(KNeighborsRegressor()), ""),
        (make_pipeline(KNeighborsRegressor()), ""),
    ],
)
def test_each_estimator_takes_weights_in_its_way(estimator: Any, name: str) -> None:
    # It imports Keras, which takes seconds.
    from tuning.runner.estimators.weighting import fit_weighted, unweighted_note, weight_parameter

    random = np.random.RandomState(0)
    x, y = random.normal(size=(30, 3)), np.arange(30) % 2
    target = np.stack([y, y], axis=1) if isinstance(estimator, MultiOutputRegressor) else y
    assert weight_parameter(estimator) == name
    assert bool(unweighted_note(estimator)) == (not name)
    fit_weighted(estimator, x, target, random.uniform(size=30))
    estimator.predict(x)
