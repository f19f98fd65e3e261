"""Templates that build scikit-learn estimators: read, cross-validated, refitted by real runners."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tuning.protocol.events import (
    Built,
    EpochEnd,
    Failed,
    Inspected,
    Retrained,
    TrialEnd,
)
from tuning.protocol.model_kinds import ModelKind
from tuning.protocol.orders import InspectOrder, ProjectOrder, RetrainOrder
from tuning.runner.inputs.data import load_dataset
from tuning.supervisor.model_files import store_model_file

from .check_templates import Recorder
from .evaluation.recount import recounted
from .harness import SPLIT, Runner, TrialRunner, project, search_order
from .warm import python

pytestmark = pytest.mark.tensorflow

FOREST_OR_RIDGE = """
from sklearn import ensemble, linear_model

def build_model(hp):
    model_type = hp.Choice("model_type", ["random_forest", "ridge"])
    with hp.conditional_scope("model_type", ["random_forest"]):
        if model_type == "random_forest":
            return ensemble.RandomForestClassifier(
                n_estimators=hp.Int("n_estimators", 10, 50, step=10),
                max_depth=hp.Int("max_depth", 3, 10),
                n_jobs=-1,
            )
    with hp.conditional_scope("model_type", ["ridge"]):
        if model_type == "ridge":
            return linear_model.RidgeClassifier(alpha=hp.Float("alpha", 1e-3, 1, sampling="log"))
"""
TROUBLES = (
    FOREST_OR_RIDGE.replace('"ridge"])', '"ridge", "exit", "nothing"])')
    + """    if model_type == "exit":
        raise SystemExit(3)
"""
)
PIPELINE = """
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

def build_model(hp):
    return make_pipeline(StandardScaler(), SVC(C=hp.Float("C", 1e-2, 1e2, sampling="log")))
"""
# KerasTuner's own example, from the docstring of SklearnTuner.
TUTORIAL = """
import keras_tuner
from sklearn import ensemble
from sklearn import datasets
from sklearn import linear_model
from sklearn import metrics
from sklearn import model_selection

def build_model(hp):
  model_type = hp.Choice('model_type', ['random_forest', 'ridge'])
  if model_type == 'random_forest':
    model = ensemble.RandomForestClassifier(
        n_estimators=hp.Int('n_estimators', 10, 50, step=10),
        max_depth=hp.Int('max_depth', 3, 10))
  else:
    model = linear_model.RidgeClassifier(
        alpha=hp.Float('alpha', 1e-3, 1, sampling='log'))
  return model

tuner = keras_tuner.tuners.SklearnTuner(
    oracle=keras_tuner.oracles.BayesianOptimizationOracle(
        objective=keras_tuner.Objective('score', 'max'),
        max_trials=10),
    hypermodel=build_model,
    scoring=metrics.make_scorer(metrics.accuracy_score),
    cv=model_selection.StratifiedKFold(5),
    directory='.',
    project_name='my_project')

X, y = datasets.load_iris(return_X_y=True)
X_train, X_test, y_train, y_test = model_selection.train_test_split(
    X, y, test_size=0.2)

tuner.search(X_train, y_train)

best_model = tuner.get_best_models(num_models=1)[0]
"""


def returning(expression: str, imports: str = "") -> str:
    return f"{imports}\ndef build_model(hp):\n    return {expression}\n"


def inspect(project_order: ProjectOrder, folder: Path) -> Any:
    with Runner(folder) as runner:
        return runner.result(InspectOrder(project_order), Inspected)


# One after another in this process: TensorFlow is imported once, and nothing here is hostile.
@pytest.fixture
def inspected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function that reads a template; returns its last event."""
    from tuning.runner.failures import failure_of
    from tuning.runner.inspection import inspect_template

    monkeypatch.chdir(tmp_path)

    def read(code: str, dataset: Path) -> Any:
        recorder = Recorder()
        try:
            inspect_template(InspectOrder(project(code, dataset)), recorder)  # type: ignore[arg-type]
        except Exception as error:  # noqa: BLE001  as the runner does
            return failure_of(error)
        return recorder.events[-1]

    return read


def test_an_estimator_is_recognised(datasets: Path, tmp_path: Path) -> None:
    found = inspect(project(FOREST_OR_RIDGE, datasets / "wine"), tmp_path / "work")
    assert isinstance(found, Inspected), found
    assert (found.kind, found.parameters) == (ModelKind.SKLEARN, 0)
    assert found.metrics == ["score", "score_std"]
    assert found.summary.startswith("RandomForestClassifier(max_depth=3,")
    # The harness gives its runners one core, whatever the template asks for.
    assert "n_jobs=1" in found.summary
    conditions = {
        entry["config"]["name"]: [c["config"]["values"] for c in entry["config"]["conditions"]]
        for entry in found.space["space"]
    }
    assert conditions == {
        "model_type": [], "n_estimators": [["random_forest"]], "max_depth": [["random_forest"]],
        "alpha": [["ridge"]],
    }  # fmt: skip
    assert (found.samples.tried, found.samples.failed, found.samples.largest) == (20, 0, 0)
    assert found.note == ""


def test_kerastuners_own_example_is_taken_unmodified(inspected: Any, datasets: Path) -> None:
    found = inspected(TUTORIAL, datasets / "iris")
    assert found.kind == ModelKind.SKLEARN
    assert found.note.startswith("The code is a script. Its builder build_model is used.")
    names = [entry["config"]["name"] for entry in found.space["space"]]
    assert names == ["model_type", "n_estimators", "max_depth", "alpha"]


def test_images_become_rows_of_numbers(inspected: Any, datasets: Path) -> None:
    found = inspected(PIPELINE, datasets / "digits")
    assert found.kind == ModelKind.SKLEARN
    assert "Each image of 8 × 8 × 1 reaches the estimator as one row of 64 numbers" in found.note


REGRESSOR = "from sklearn.ensemble import RandomForestRegressor"
FUNCTION = """
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

def doubled(x):
    return 2 * x

def build_model(hp):
    return make_pipeline(FunctionTransformer(doubled), Ridge())
"""


@pytest.mark.parametrize(
    ("code", "key", "sentence"),
    [
        (returning("RandomForestRegressor()", REGRESSOR), "iris",
         "The template built RandomForestRegressor, a regressor, but the dataset's targets are "
         "classes: it takes a classifier."),
        (PIPELINE, "diabetes",
         "The template built Pipeline, a classifier, but the dataset's targets are numbers to "
         "predict: it takes a regressor."),
        (returning("KMeans(3)", "from sklearn.cluster import KMeans"), "iris", "a clusterer"),
        (returning("StandardScaler()", "from sklearn.preprocessing import StandardScaler"), "iris",
         "The template built StandardScaler, which has no predict"),
        (returning("RandomForestRegressor", REGRESSOR), "diabetes",
         "build_model returned the class RandomForestRegressor. It must return"),
        (returning("RandomForestRegressor(max_depth='deep')", REGRESSOR), "diabetes",
         "InvalidParameterError: The 'max_depth' parameter of RandomForestRegressor must be"),
    ],
)  # fmt: skip
def test_a_mistake_is_a_sentence(
    inspected: Any, datasets: Path, code: str, key: str, sentence: str
) -> None:
    found = inspected(code, datasets / key)
    assert isinstance(found, Failed), found
    assert sentence in found.message


def test_what_cannot_be_saved_is_said_before_a_search(inspected: Any, datasets: Path) -> None:
    found = inspected(FUNCTION, datasets / "diabetes")
    assert found.kind == ModelKind.SKLEARN
    assert "holds template.doubled, which cannot be saved safely" in found.note


@pytest.fixture(scope="module")
def runner(datasets: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrialRunner]:
    """In a search with four folds and a named scorer."""
    order = search_order(
        project(TROUBLES, datasets / "wine"), {}, objective="score", kind=ModelKind.SKLEARN,
        folds=4, scoring="f1_macro",
    )  # fmt: skip
    with TrialRunner(tmp_path_factory.mktemp("search") / "work") as running:
        running.begin(order)
        yield running


FOREST = {"model_type": "random_forest", "n_estimators": 20, "max_depth": 4}


def scores(events: list[Any]) -> list[float]:
    return [event.metrics["score"] for event in events if isinstance(event, EpochEnd)]


def test_every_fold_is_told(runner: TrialRunner) -> None:
    events = runner.trial("0", FOREST, seed=5)
    assert [type(event) for event in events] == [Built, *[EpochEnd] * 4, TrialEnd]
    assert events[0].summary.startswith("RandomForestClassifier(")
    folds = events[1:-1]
    assert [(fold.execution, fold.epoch) for fold in folds] == [(0, 1), (1, 1), (2, 1), (3, 1)]
    assert all(fold.seconds > 0 for fold in folds)
    end = events[-1]
    assert end.metrics["score"] == pytest.approx(np.mean(scores(events)))
    assert end.metrics["score_std"] == pytest.approx(np.std(scores(events), ddof=1))
    assert end.best_step == 0
    assert not list(runner.folder.rglob("*.pickle"))


def test_the_folds_scores_are_scikit_learns_own(runner: TrialRunner, datasets: Path) -> None:
    """Of the training and validation rows; the test rows are in no fold."""
    from sklearn.base import clone
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.metrics import f1_score
    from sklearn.model_selection import StratifiedKFold

    dataset = load_dataset(project("", datasets / "wine"))
    x, y = dataset.rows("train", "validation")
    estimator = RandomForestClassifier(n_estimators=20, max_depth=4, n_jobs=1)
    expected = []
    splitter = StratifiedKFold(4, shuffle=True, random_state=SPLIT.seed)
    for fold, (train, held_out) in enumerate(splitter.split(x, y)):
        np.random.seed(5 + fold)
        fitted = clone(estimator).fit(x[train], y[train])
        expected.append(f1_score(y[held_out], fitted.predict(x[held_out]), average="macro"))
    assert scores(runner.trial("0", FOREST, seed=5)) == pytest.approx(expected)


def test_a_trial_repeats_itself(runner: TrialRunner) -> None:
    first, other = (scores(runner.trial("1", FOREST, seed=seed)) for seed in (7, 8))
    assert scores(runner.trial("1", FOREST, seed=7)) == first
    assert first != other


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"model_type": "ridge", "alpha": -1.0}, "The 'alpha' parameter of RidgeClassifier"),
        ({"model_type": "exit"}, "The template ended the process: sys.exit(3)."),
        ({"model_type": "nothing"}, "build_model returned None. It must return a scikit-learn"),
    ],
)
def test_a_failure_is_that_of_one_trial(
    runner: TrialRunner, values: dict[str, Any], sentence: str
) -> None:
    failed = runner.trial("2", values)[-1]
    assert isinstance(failed, Failed)
    assert sentence in failed.message
    assert isinstance(runner.trial("3", {"model_type": "ridge", "alpha": 0.5})[-1], TrialEnd)


NAN = """
from sklearn.linear_model import Ridge

class Lost(Ridge):
    def score(self, x, y):
        return float("nan")

def build_model(hp):
    return Lost() if hp.Boolean("lost") else Ridge()
"""


def test_what_is_no_score_fails_with_its_fold(datasets: Path, tmp_path: Path) -> None:
    order = search_order(
        project(NAN, datasets / "diabetes", stratified=False), {}, objective="score",
        kind=ModelKind.SKLEARN, folds=3,
    )  # fmt: skip
    with TrialRunner(tmp_path / "work") as running:
        running.begin(order)
        failed = running.trial("0", {"lost": True})[-1]
        assert (failed.code, failed.message) == (
            "nan_score", "The score of fold 1 was nan, which is not a score.",
        )  # fmt: skip
        end = running.trial("1", {"lost": False})[-1]
        assert 0 < end.metrics["score"] < 1


def test_a_scorer_that_cannot_judge_is_a_sentence(datasets: Path, tmp_path: Path) -> None:
    order = search_order(
        project(PIPELINE, datasets / "iris"), {}, objective="score", kind=ModelKind.SKLEARN,
        scoring="neg_log_loss",
    )  # fmt: skip
    with TrialRunner(tmp_path / "work") as running:
        running.begin(order)
        failed = running.trial("0", {"C": 1.0})[-1]
    assert failed.message.startswith("The scorer neg_log_loss cannot judge Pipeline: ")


# Loads the file as a person would, in a process that knows nothing of Tuneroom.
EVALUATE = """
import json, sys
import numpy as np
from skops import io
estimator = io.load(sys.argv[1], trusted=json.loads(sys.argv[3]))
x, y = np.load(sys.argv[2] + "/x.npy"), np.load(sys.argv[2] + "/y.npy")
print(json.dumps(estimator.predict(x.reshape(len(x), -1)).tolist()))
"""


def retrain_order(code: str, dataset: Path, values: dict[str, Any], **more: Any) -> RetrainOrder:
    return RetrainOrder(
        project(code, dataset), values, {}, epochs=1, batch_size=32, seed=1,
        kind=ModelKind.SKLEARN, **more,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("code", "key", "values", "types"),
    [
        (FOREST_OR_RIDGE, "wine", FOREST, ["sklearn.tree._tree.Tree"]),
        (PIPELINE, "digits", {"C": 10.0}, []),
    ],
)
def test_the_file_predicts_the_same_in_another_process(
    datasets: Path, tmp_path: Path, code: str, key: str, values: dict[str, Any], types: list[str]
) -> None:
    order = retrain_order(code, datasets / key, values, scoring="f1_macro")
    with Runner(tmp_path / "work") as running:
        result = running.result(order, Retrained)
    assert isinstance(result, Retrained), result
    lines = recounted(result, tmp_path / "work", order.project)
    assert [s.name for s in result.evaluation.measured if s.low is not None] == [
        "f1_macro", "accuracy",
    ]  # fmt: skip
    assert result.trusted_types == types
    assert result.metrics.keys() == {"f1_macro", "accuracy"}
    assert {"python", "scikit_learn", "skops", "numpy"} <= result.versions.keys()
    files = [path.name for path in (tmp_path / "work").glob("*.skops")]
    assert files == ["model.skops"]
    file = tmp_path / "work" / "model.skops"
    store_model_file(file, tmp_path / "stored.skops", file.stat().st_size)
    given = [str(file), str(datasets / key), json.dumps(types)]
    done = python("-c", EVALUATE, *given, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    predicted = np.array(json.loads(done.stdout))
    dataset = load_dataset(project("", datasets / key))
    from sklearn.metrics import f1_score

    from tuning.splits import split_rows

    rows = split_rows(dataset.y, SPLIT)["test"]
    assert (lines[:, 2] == predicted[rows]).all()
    accuracy = float((predicted[rows] == dataset.y[rows]).mean())
    assert result.metrics["accuracy"] == pytest.approx(accuracy)
    assert result.metrics["accuracy"] > 0.9
    f1 = f1_score(dataset.y[rows], predicted[rows], average="macro")
    assert result.metrics["f1_macro"] == pytest.approx(f1)


def test_numbers_are_judged_by_r2_and_their_error(datasets: Path, tmp_path: Path) -> None:
    code = returning("Ridge(alpha=hp.Float('a', 0.1, 1))", "from sklearn.linear_model import Ridge")
    order = retrain_order(code, datasets / "diabetes", {"a": 0.5}, scoring="neg_mean_squared_error")
    with Runner(tmp_path / "work") as running:
        result = running.result(order, Retrained)
    assert result.metrics.keys() == {"neg_mean_squared_error", "r2", "mean_absolute_error"}
    recounted(result, tmp_path / "work", order.project)
    assert [score.name for score in result.evaluation.measured if score.low is None] == []
    assert result.metrics["neg_mean_squared_error"] < 0 < result.metrics["mean_absolute_error"]


PARALLEL = """
import os
from sklearn.ensemble import BaggingRegressor
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV

RUNNER = os.getpid()

class Here(Ridge):
    def fit(self, x, y):
        assert os.getpid() == RUNNER
        return super().fit(x, y)

def build_model(hp):
    inner = GridSearchCV(Here(), {"alpha": [0.1, 1.0]}, n_jobs=-1)
    return BaggingRegressor(inner, n_estimators=4, n_jobs=64)
"""


def test_it_keeps_to_the_cores_of_its_slot(datasets: Path, tmp_path: Path) -> None:
    """In threads of the runner: other processes would have to import everything again."""
    order = search_order(
        project(PARALLEL, datasets / "diabetes", stratified=False), {}, objective="score",
        kind=ModelKind.SKLEARN, folds=2,
    )  # fmt: skip
    with TrialRunner(tmp_path / "work", OMP_NUM_THREADS="2") as running:
        running.begin(order)
        built, *_, end = running.trial("0", {})
    assert isinstance(end, TrialEnd), end
    assert built.summary.count("n_jobs=2") == 2


def test_a_class_of_the_template_cannot_be_saved(datasets: Path, tmp_path: Path) -> None:
    with Runner(tmp_path / "work") as running:
        failed = running.result(retrain_order(FUNCTION, datasets / "diabetes", {}), Retrained)
    assert isinstance(failed, Failed)
    assert "holds template.doubled, which cannot be saved safely" in failed.message
    assert not list((tmp_path / "work").glob("*.skops"))
