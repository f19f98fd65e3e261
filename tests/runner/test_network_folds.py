"""Networks in folds: the rows are scikit-learn's, nothing is learned of rows that a fold is
validated on, and the scores are those of a loop of KFold around Keras."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from iterstrat.ml_stratifiers import MultilabelStratifiedKFold
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    TimeSeriesSplit,
)

from tuning.protocol.events import EpochEnd, TrialEnd
from tuning.protocol.orders import ProjectOrder
from tuning.runner.folds import rows_of_folds
from tuning.runner.inputs.data import Dataset, load_dataset, load_stored, row_numbers
from tuning.splits import arranged

from .harness import TrialRunner, project, search_order
from .series import hours, prepare
from .tables import raw_rows, write_table
from .warm import python

FOLDS, SEED = 3, 3
RANDOM = {"shuffle": True, "random_state": SEED}


def prepared(folder: Path, x: np.ndarray, y: np.ndarray, **facts: Any) -> Path:
    """A dataset of arrays, whose last two inputs are a group and a time."""
    folder.mkdir()
    np.save(folder / "x.npy", x.astype("float32"))
    np.save(folder / "y.npy", y)
    names = [*(f"x{place}" for place in range(x.shape[1] - 2)), "group", "time"]
    meta = {"feature_names": names, "input_shape": [x.shape[1]], **facts}
    (folder / "meta.json").write_text(json.dumps(meta), "utf-8")
    return folder


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    random = np.random.RandomState(0)
    x = random.normal(size=(90, 4))
    x[:, 2], x[:, 3] = random.randint(12, size=90), random.permutation(90)
    return prepared(tmp_path / "rows", x, np.arange(90) % 3, task="classification", num_classes=3)


def folds_on(order: ProjectOrder, **settings: Any) -> tuple[Dataset, list[Any]]:
    dataset = load_stored(order)
    return dataset, rows_of_folds(search_order(order, {}, folds=FOLDS, **settings), dataset)


def check(dataset: Dataset, found: list[Any], theirs: Any, key: np.ndarray | None = None) -> None:
    """Whether these folds are those of a class of scikit-learn's, on rows that are picked anew."""
    project = dataset.project
    assert project is not None
    numbers = row_numbers(project, "train", "validation")
    folder = Path(project.dataset_folder)
    x, y = (np.load(folder / f"{name}.npy")[numbers] for name in ("x", "y"))
    expected = list(theirs.split(x, y, key if key is None else key[numbers]))
    assert len(found) == len(expected) == FOLDS
    for ours, parts in zip(found, expected, strict=True):
        fold = dataset.fold(*ours)
        for part, places in zip(("train", "validation"), parts, strict=True):
            found_x, found_y = fold.raw(part)
            assert np.array_equal(found_x, x[places])
            assert np.array_equal(found_y, y[places])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("digits", StratifiedKFold(FOLDS, **RANDOM)),
        ("diabetes", KFold(FOLDS, **RANDOM)),
        ("digit-scenes", MultilabelStratifiedKFold(FOLDS, **RANDOM)),
    ],
)
def test_folds_at_random_are_scikit_learns(datasets: Path, name: str, theirs: Any) -> None:
    check(*folds_on(project("", datasets / name)), theirs)


@pytest.mark.parametrize(
    ("task", "kind"), [("classification", StratifiedGroupKFold), ("regression", GroupKFold)]
)
def test_folds_by_group_are_scikit_learns(rows: Path, task: str, kind: Any) -> None:
    meta = json.loads((rows / "meta.json").read_text("utf-8"))
    (rows / "meta.json").write_text(json.dumps({**meta, "task": task}), "utf-8")
    order = project("", rows, by="group", column="group", stratified=False)
    check(*folds_on(order), kind(FOLDS, **RANDOM), np.load(rows / "x.npy")[:, 2])


def test_folds_by_time_are_scikit_learns(rows: Path) -> None:
    order = project("", rows, by="time", column="time", stratified=False)
    check(*folds_on(order), TimeSeriesSplit(FOLDS))


@pytest.mark.slow
def test_windows_of_both_parts_of_a_fold_have_no_row_in_common(datasets: Path) -> None:
    dataset, found = folds_on(project("", datasets / "demand"))
    windows = dataset.windows
    assert windows is not None
    count = dataset.places["validation"].stop
    theirs = list(TimeSeriesSplit(FOLDS, gap=windows.gap).split(np.zeros(count)))
    for ours, (train, validation) in zip(found, theirs, strict=True):
        fold = dataset.fold(*ours)
        assert np.array_equal(fold.raw("train")[0], dataset.x[train])
        assert np.array_equal(fold.raw("validation")[1], dataset.y[validation])
        last = windows.start(train[-1]) + windows.length
        assert last <= windows.start(validation[0])
        assert np.shares_memory(fold.raw("train")[0], dataset.x), "views, no copies"
        assert fold.learned().rows("train")[0].shape[1] == windows.look_back


@pytest.mark.slow
def test_a_confirmation_has_other_folds_of_the_same_rows(datasets: Path) -> None:
    order = project("", datasets / "digits")
    _, first = folds_on(order)
    _, again = folds_on(order, fold_seed=8)
    assert not np.array_equal(first[0][1], again[0][1])
    for found in (first, again):
        tested = np.concatenate([validation for _, validation in found])
        assert sorted(tested) == list(range(load_dataset(order).count("train", "validation")))


def test_nothing_is_learned_of_a_folds_validation_rows(tmp_path: Path) -> None:
    def order_of(name: str, rows: np.ndarray) -> ProjectOrder:
        return project("", write_table(tmp_path / name, rows, "regression"), stratified=False)

    x = raw_rows(120)
    order = order_of("one", x)
    dataset, found = folds_on(order)
    places = row_numbers(order, "train", "validation")
    for number, (train, validation) in enumerate(found):
        changed = x.copy()
        # One number far away, and a category that no other row has.
        changed[places[validation[0]], [0, 5]] = 1e6, 3
        fold = load_stored(order_of(f"{number}", changed)).fold(train, validation).learned()
        kept = dataset.fold(train, validation).learned()
        assert np.array_equal(fold.rows("train")[0], kept.rows("train")[0])
        assert fold.facts["input_shape"] == kept.facts["input_shape"]
        changed[places[train[0]], 1] = 1e6
        moved = load_stored(order_of(f"{number}-moved", changed))
        learned = moved.fold(train, validation).learned()
        assert not np.array_equal(learned.rows("train")[0][1:], kept.rows("train")[0][1:])


def test_folds_take_no_space_on_the_disk_and_stay_mapped_where_they_can(
    rows: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arranged, "LARGE", 0)
    order = project("", rows, by="time", column="time", stratified=False)
    arranged.arrange(rows, order.split)
    before = sorted(path.name for path in rows.rglob("*"))
    dataset, found = folds_on(order)
    check(dataset, found, TimeSeriesSplit(FOLDS))
    assert all(np.shares_memory(dataset.fold(*one).rows("train")[0], dataset.x) for one in found)
    assert sorted(path.name for path in rows.rglob("*")) == before


def test_rows_keep_their_weights(rows: Path) -> None:
    meta = json.loads((rows / "meta.json").read_text("utf-8"))
    auxiliary = [{"name": "weight", "type": "weight"}]
    (rows / "meta.json").write_text(json.dumps({**meta, "auxiliary": auxiliary}), "utf-8")
    weights = np.random.RandomState(1).uniform(size=90)
    np.save(rows / "auxiliary-0.npy", weights)
    order = project("", rows)
    order = ProjectOrder(**{**order.__dict__, "weight_column": "weight"})
    dataset, found = folds_on(order)
    numbers = row_numbers(order, "train", "validation")
    for train, validation in found:
        fold = dataset.fold(train, validation)
        assert np.array_equal(fold.weights("train"), weights[numbers[train]])
        assert np.array_equal(fold.weights("validation"), weights[numbers[validation]])


# A script: the mean of its training rows is computed beside the builder.
SCRIPT = """
import keras
(x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
MEAN = x_train.mean()

def build_model(hp, input_shape, num_classes):
    print("mean", float(MEAN))
    model = keras.Sequential([
        keras.Input(input_shape),
        keras.layers.Flatten(),
        keras.layers.Dense(hp.Int("units", 4, 16), "relu"),
        keras.layers.Dropout(0.3),
        keras.layers.Dense(num_classes, "softmax"),
    ])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model
"""


# A `fit` of its own: it learns a scale of the rows and targets that it gets, and returns an error
# that Keras does not know.
FORECAST = """
import keras
import keras_tuner as kt

class Forecast(kt.HyperModel):
    def __init__(self, input_shape, output_units):
        super().__init__()
        self.input_shape, self.output_units = input_shape, output_units

    def build(self, hp):
        model = keras.Sequential([
            keras.Input(self.input_shape),
            keras.layers.Normalization(name="scale"),
            keras.layers.Flatten(),
            keras.layers.Dense(hp.Int("units", 4, 16), "tanh"),
            keras.layers.Dense(self.output_units),
        ])
        model.compile("adam", "mse")
        return model

    def fit(self, hp, model, x, y, validation_data=None, **kwargs):
        model.get_layer("scale").adapt(x)
        mean, deviation = y.mean(), y.std()
        x_val, y_val = validation_data
        model.fit(x, (y - mean) / deviation,
                  validation_data=(x_val, (y_val - mean) / deviation), **kwargs)
        predicted = model.predict(x_val, verbose=0) * deviation + mean
        return {"val_error": float(abs(predicted - y_val).mean())}
"""


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> tuple[ProjectOrder, Path]:
    """A project of windows of a series, and the file with its rows."""
    folder = tmp_path_factory.mktemp("series")
    random = np.random.RandomState(2)
    columns = {
        "when": hours(160),
        "load": (50 + 10 * np.sin(np.arange(160) / 4) + random.normal(0, 1, 160)).round(3),
        "degrees": random.uniform(5, 15, 160).round(3),
    }
    listed = {name: list(cells) for name, cells in columns.items()}
    prepared_at, _ = prepare(folder / "work", listed, known=[])
    rows = np.column_stack([columns["load"], columns["degrees"]])
    np.save(folder / "rows.npy", rows)
    return project(FORECAST, prepared_at, stratified=False), folder / "rows.npy"


@pytest.fixture(scope="module")
def by_hand(digits: Path, series: tuple[ProjectOrder, Path]) -> dict[str, Any]:
    """What Keras says of each fold in loops of scikit-learn's around it."""
    order, rows = series
    windows = load_stored(order).places["validation"].stop
    done = python("-m", "tests.runner.check_folds", str(digits), str(SEED), str(rows), str(windows))
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.tensorflow
def test_a_fit_of_its_own_trains_on_the_folds_of_windows(
    series: tuple[ProjectOrder, Path], by_hand: dict[str, Any], tmp_path: Path
) -> None:
    order, _ = series
    objective = {"objective": "val_error", "direction": "min"}
    search = search_order(order, {"space": [], "values": {}}, folds=FOLDS, epochs=2, **objective)
    with TrialRunner(tmp_path / "runner") as runner:
        runner.begin(search)
        events = runner.trial("t", {"units": 8}, seed=7)
    folds = by_hand["forecasts"]
    epochs = [event for event in events if isinstance(event, EpochEnd)]
    assert [(one.execution, one.epoch) for one in epochs] == [
        (fold, epoch) for fold in range(FOLDS) for epoch in (1, 2)
    ]
    for one in epochs:
        history = folds[one.execution]["history"]
        expected = {name: values[one.epoch - 1] for name, values in history.items()}
        assert one.metrics == pytest.approx(expected, rel=1e-3)
    assert isinstance(events[-1], TrialEnd), events[-1]
    errors = [fold["val_error"] for fold in folds]
    assert events[-1].metrics["val_error"] == pytest.approx(np.mean(errors), rel=1e-3)
    assert events[-1].scores == pytest.approx(errors, rel=1e-3)


@pytest.mark.tensorflow
def test_scores_are_those_of_keras_trained_by_hand(
    digits: Path, by_hand: dict[str, Any], tmp_path: Path
) -> None:
    order = project(SCRIPT, digits)
    order = ProjectOrder(**{**order.__dict__, "class_weights": True})
    search = search_order(order, {"space": [], "values": {}}, folds=FOLDS, epochs=2)
    with TrialRunner(tmp_path / "runner") as runner:
        assert runner.begin(search).independent
        events = runner.trial("t", {"units": 8}, seed=7)
        alone = runner.trial("t", {"units": 8}, seed=7, execution=1)
        log = runner.log
    assert by_hand["few in memory"]
    folds = by_hand["folds"]
    epochs = [event for event in events if isinstance(event, EpochEnd)]
    assert [(one.execution, one.epoch) for one in epochs] == [
        (fold, epoch) for fold in range(FOLDS) for epoch in (1, 2)
    ]
    for one in epochs:
        expected = {name: values[one.epoch - 1] for name, values in
                    folds[one.execution]["history"].items()}  # fmt: skip
        assert one.metrics == pytest.approx(expected, rel=1e-5)
    best = [max(fold["history"]["val_accuracy"]) for fold in folds]
    assert isinstance(events[-1], TrialEnd)
    assert events[-1].metrics["val_accuracy"] == pytest.approx(np.mean(best))
    means = [float(line.split()[1]) for line in log.splitlines() if line.startswith("mean ")]
    assert means[:FOLDS] == pytest.approx([fold["mean"] for fold in folds], rel=1e-5)
    assert [one.metrics for one in alone if isinstance(one, EpochEnd)] == [
        one.metrics for one in epochs if one.execution == 1
    ]
