"""A template of scikit-learn estimators, from the editor to a file that predicts, in a browser."""

import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.services import Tuneroom

from .steps import LONG, look, model_key, number_in, query, start_search, wait_until_completed

pytestmark = [pytest.mark.browser, pytest.mark.tensorflow]

CODE = """from sklearn import ensemble, linear_model
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def build_model(hp):
    model_type = hp.Choice("model_type", ["random_forest", "ridge"])
    with hp.conditional_scope("model_type", ["random_forest"]):
        if model_type == "random_forest":
            return ensemble.RandomForestClassifier(
                n_estimators=hp.Int("n_estimators", 10, 50, step=10),
                max_depth=hp.Int("max_depth", 3, 10),
            )
    with hp.conditional_scope("model_type", ["ridge"]):
        if model_type == "ridge":
            alpha = hp.Float("alpha", 1e-3, 1, sampling="log")
            return make_pipeline(StandardScaler(), linear_model.RidgeClassifier(alpha=alpha))
"""
# As a person would: scikit-learn's own copy of the data, the file, what the page says to trust.
EVALUATE = """
import json, sys
from skops import io
from sklearn.datasets import load_wine
sys.path.insert(0, sys.argv[3])
from tuning.protocol.orders import Split
from tuning.splits import split_rows
estimator = io.load(sys.argv[1], trusted=json.loads(sys.argv[2]))
x, y = load_wine(return_X_y=True)
rows = split_rows(y, Split(0.7, 0.15, 0.15, seed=0, stratified=True))["test"]
from sklearn.metrics import confusion_matrix
predicted = estimator.predict(x[rows].astype("float32"))
accuracy = float((predicted == y[rows]).mean())
print(json.dumps([accuracy, confusion_matrix(y[rows], predicted).tolist()]))
"""
ROOT = Path(__file__).resolve().parents[2]


def run(*words: str, cwd: Path) -> str:
    done = subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, check=False, cwd=cwd
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def check_confusion(page: Any, counts: list[list[int]]) -> None:
    """The page's matrix has these counts, and its cells list their rows."""
    matrix = page.locator("table.confusion tbody tr")
    matrix.nth(len(counts) - 1).wait_for()
    assert [
        [int(cell) for cell in row.locator("td b").all_inner_texts()] for row in matrix.all()
    ] == counts
    page.locator("#evaluation-plots .main-svg").first.wait_for()
    cell = page.get_by_role("button", name="class_1 predicted as class_1")
    cell.click()
    page.get_by_role("heading", name="class_1 predicted as class_1").wait_for()
    assert page.locator("#evaluation-rows tbody tr").count() == counts[1][1]


def test_an_estimator_from_the_editor_to_a_file(
    sign_in: Callable[..., Any], tuneroom: Tuneroom, tmp_path: Path
) -> None:
    page = sign_in(viewport={"width": 1280, "height": 900})
    page.goto("/templates/")
    page.get_by_role("link", name="New template").click()
    page.get_by_label("Name", exact=True).fill("Forest or ridge")
    page.get_by_label("Validate with dataset").select_option(label="Wine")
    page.get_by_label("Table", exact=True).check()
    page.get_by_label("Or paste code").fill(CODE)
    page.get_by_role("button", name="Create template").click()
    page.get_by_text(re.compile("sampled models.*: all were built")).wait_for(timeout=LONG)
    look(page, "estimator-template")

    page.get_by_role("link", name="Use in new project").click()
    page.get_by_label("Name", exact=True).fill("Wine by estimators")
    page.get_by_role("button", name="Create project").click()
    project = page.url

    # A mistake beside its field; then a search with a named scorer.
    page.get_by_role("link", name="New search").first.click(timeout=LONG)
    page.locator("[name=folds]").fill("21")
    page.locator("[name=scoring]").select_option("f1_macro")
    page.get_by_role("button", name="Start search").first.click()
    page.locator("[data-field=folds] .errorlist").wait_for()
    assert page.locator("[name=scoring]").input_value() == "f1_macro"
    look(page, "estimator-form")
    page.goto(project)
    start_search(page, tuner="random", scoring="f1_macro", max_trials="6", folds="4")
    wait_until_completed(page)
    page.locator("#history-plot .main-svg").first.wait_for()
    look(page, "estimator-search")

    # A trial with its folds.
    page.locator("#hero-best").click()
    page.locator("#folds-plot .main-svg").first.wait_for()
    page.get_by_text("mean of 4 folds").wait_for()
    look(page, "estimator-trial")

    page.get_by_role("button", name="Retrain", exact=True).click()
    page.wait_for_url("**/models/*/")
    link = page.get_by_role("link", name=re.compile("^Download .*skops")).first
    link.wait_for(timeout=LONG)
    look(page, "estimator-model")
    with page.expect_download() as downloading:
        link.click()
    model = tmp_path / downloading.value.suggested_filename
    downloading.value.save_as(model)
    assert model.suffix == ".skops"

    key = model_key(page, tuneroom)
    ((metrics, types),) = query(
        tuneroom, "SELECT test_metrics, trusted_types FROM tuning_savedmodel WHERE id = ?", key
    )
    (tmp_path / "evaluate.py").write_text(EVALUATE)
    accuracy, confusion = json.loads(run("evaluate.py", str(model), types, str(ROOT), cwd=tmp_path))
    assert json.loads(metrics)["accuracy"] == pytest.approx(accuracy)
    assert accuracy > 0.8
    shown = page.locator(".hero-score", has_text="Test accuracy").locator(".score").inner_text()
    assert number_in(shown) == pytest.approx(accuracy, abs=1e-3)

    check_confusion(page, confusion)

    # The snippet runs as it stands, beside the file.
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Download all (.zip)").click()
    bundle = tmp_path / "bundle.zip"
    downloading.value.save_as(bundle)
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(tmp_path / "bundle")
    script = next((tmp_path / "bundle").rglob("predict.py"))
    assert re.search(r"predicted: \['class_", run(script.name, cwd=script.parent))

    page.goto(project)
    page.get_by_text("f1_macro").first.wait_for()
    look(page, "estimator-project")
