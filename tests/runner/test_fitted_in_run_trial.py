"""Tuner classes whose run_trial fits estimators of scikit-learn and saves nothing: what it fits
last by itself is the model."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from .harness import inspect_templates, retrain_templates
from .warm import python

pytestmark = pytest.mark.tensorflow

HEAD = """# dataset: diabetes
# kind: custom
import keras_tuner as kt
import numpy as np
from sklearn.linear_model import Lasso, Ridge
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
"""


def tuner(body: str, after: str = "") -> str:
    lines = "\n".join(f"        {line}" for line in body.strip().split("\n"))
    return f"""{HEAD}
class MyTuner(kt.engine.base_tuner.BaseTuner):
    def run_trial(self, trial, X, y):
        hp = trial.hyperparameters
        alpha = hp.Float("alpha", 0.01, 10.0, sampling="log")
{lines}
{after}
"""


# As in the common tutorial: two kinds of model, rows divided by itself, nothing saved.
TUTORIAL = tuner(
    """
kind = hp.Choice("model_type", ["ridge", "lasso"])
model = Ridge(alpha=alpha) if kind == "ridge" else Lasso(alpha=alpha)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=0)
model.fit(X_train, y_train)
return {"R2": model.score(X_test, y_test)}
""",
    'my_tuner = MyTuner(kt.oracles.RandomSearchOracle(kt.Objective("R2", "max"), max_trials=3))\n'
    "my_tuner.search(X, y)",
)
TEMPLATES = {
    "tutorial": TUTORIAL,
    # The scaler is fitted in the trial, so the file has to begin with it.
    "scaled": tuner(
        """
scaler = StandardScaler()
X_scaled = scaler.fit_transform(X * 1.0)
model = Ridge(alpha=alpha).fit(X_scaled, y)
self.oracle.update_trial(trial.trial_id, {"R2": model.score(X_scaled, y)})
"""
    ),
    # What the trial does to the rows by itself is in no file.
    "by hand": tuner(
        """
X = (X - X.mean(axis=0)) * 100 + 7
return {"R2": Ridge(alpha=alpha).fit(X, y).score(X, y)}
"""
    ),
    # The pipeline counts, not what it fits inside; imported only when it is needed.
    "pipeline": tuner(
        """
from sklearn.neighbors import KNeighborsRegressor
whole = make_pipeline(StandardScaler(), KNeighborsRegressor(int(alpha) + 5))
whole.fit(X, y)
return whole.score(X, y)
"""
    ),
    "grid": tuner(
        """
found = GridSearchCV(Ridge(), {"alpha": [alpha, 2 * alpha]}, cv=3, n_jobs=2).fit(X, y)
return float(found.best_score_)
"""
    ),
    "cross-validated": tuner(
        """
scores = cross_val_score(Ridge(alpha=alpha), X, y, cv=3)
return {"R2": scores.mean()}
"""
    ),
    "no model": tuner("return {'R2': alpha}"),
    "unsafe": tuner(
        """
class Guess(Ridge):
    pass

return {"R2": Guess(alpha=alpha).fit(X, y).score(X, y)}
"""
    ),
}
DOWNLOADABLE = ("tutorial", "scaled", "by hand", "pipeline", "grid", "cross-validated")


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fitted")


@pytest.fixture(scope="module")
def retrained(datasets: Path, work: Path) -> dict[str, Any]:
    return retrain_templates(datasets, work, TEMPLATES)


@pytest.fixture(scope="module")
def inspected(datasets: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return inspect_templates(datasets, tmp_path_factory.mktemp("read"), TEMPLATES)


@pytest.fixture(scope="module")
def predictions(retrained: dict[str, Any], datasets: Path, work: Path) -> dict[str, Any]:
    """R2 of each file on all rows of the dataset, as another process has it."""
    script = """
import json, sys
import numpy as np
from sklearn.metrics import r2_score
from skops import io
x, y = (np.load(f"{sys.argv[1]}/{name}.npy") for name in "xy")
found = {}
for file, *types in json.loads(sys.argv[2]):
    found[file] = r2_score(y, io.load(file, trusted=types).predict(x))
print(json.dumps(found))
"""
    files = [
        [f"{name}/model.skops", *retrained[name][-1][1]["trusted_types"]] for name in DOWNLOADABLE
    ]
    done = python("-c", script, str(datasets / "diabetes"), json.dumps(files), cwd=work)
    assert done.returncode == 0, done.stderr[-2000:]
    return {file.split("/")[0]: score for file, score in json.loads(done.stdout).items()}


@pytest.mark.parametrize(
    ("name", "estimator", "note"),
    [
        ("tutorial", "Ridge(alpha=0.01)", "rows, as run_trial divides them"),
        ("scaled", "StandardScaler", "The file begins with the StandardScaler"),
        ("by hand", "Ridge(alpha=0.01)", "Its inputs are not the dataset's rows"),
        ("pipeline", "KNeighborsRegressor", ""),
        ("grid", "GridSearchCV", ""),
        ("cross-validated", "Ridge(alpha=0.01)", "run_trial only cross-validates it"),
    ],
)
def test_what_was_fitted_last_is_the_model(
    retrained: dict[str, Any], name: str, estimator: str, note: str
) -> None:
    kind, fields = retrained[name][-1]
    assert kind == "Retrained", fields
    assert estimator in fields["summary"]
    assert (note in fields["note"]) if note else fields["note"] == ""
    takes_rows = name != "by hand"
    assert ("r2" in fields["metrics"]) == takes_rows


@pytest.mark.parametrize("name", [name for name in DOWNLOADABLE if name != "by hand"])
def test_the_file_predicts_the_datasets_rows(predictions: dict[str, Any], name: str) -> None:
    assert predictions[name] > 0.3


def test_the_file_knows_its_inputs(predictions: dict[str, Any], work: Path) -> None:
    with zipfile.ZipFile(work / "tutorial" / "model.skops") as archive:
        assert json.loads(archive.read("description.json"))["task"] == "regression"


@pytest.mark.parametrize(
    ("name", "text"),
    [("no model", "run_trial produces no model"), ("unsafe", "cannot be saved safely")],
)
def test_what_cannot_be_downloaded_is_said_before(
    retrained: dict[str, Any], inspected: dict[str, Any], name: str, text: str
) -> None:
    kind, fields = retrained[name][-1]
    assert (kind, fields["code"]) == ("Failed", "cannot_save")
    assert text in fields["message"]
    # Nothing but the check came before it: no fit on all rows.
    assert [kind for kind, _ in retrained[name]] == ["Progress", "Failed"]
    assert text in inspected[name]["note"]


def test_the_templates_page_names_the_model(inspected: dict[str, Any]) -> None:
    found = inspected["tutorial"]
    assert "The last fitted Ridge of a trial is the model to download." in found["note"]
    assert (found["objective"], found["direction"]) == ("R2", "max")
    assert found["metrics"] == ["R2"]
