"""From an empty project list to a downloaded model that predicts, in a real browser."""

import hashlib
import json
import os
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.runner.warm import python
from tests.services import ROOT, Tuneroom, wait_for

from .steps import (
    LONG,
    create_project,
    number_in,
    query,
    search_key,
    start_search,
    wait_until_completed,
)

pytestmark = [pytest.mark.browser, pytest.mark.tensorflow]

EVALUATE = """
import json, sys
import keras, numpy as np
from sklearn.datasets import load_digits
sys.path.insert(0, {root!r})
from tuning.protocol.orders import Split
from tuning.splits import split_rows
x, y = load_digits(return_X_y=True)
x = x.reshape(-1, 8, 8, 1)
rows = split_rows(y, Split(0.7, 0.15, 0.15, seed=0, stratified=True))["test"]
model = keras.models.load_model({path!r})
predicted = model.predict(x[rows], verbose=0).argmax(axis=1)
print(json.dumps({{"accuracy": float((predicted == y[rows]).mean()), "rows": len(rows)}}))
"""

UNASKED = """
from tuning.models import Dataset, HyperModel, Inspection
wine, dense = Dataset.objects.get(key="wine"), HyperModel.objects.current().get(key="dense")
Inspection.objects.get_or_create(dataset=wine, hypermodel=dense)
"""


def save_picture(page: Any, name: str) -> None:
    """For the README: with SCREENSHOTS=docs the pictures there are made anew."""
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"screenshot-{name}.png")


def test_the_main_job(sign_in: Callable[..., Any], tuneroom: Tuneroom, tmp_path: Path) -> None:
    page = sign_in(viewport={"width": 1280, "height": 900})
    create_project(page, "Digits by hand")
    project = int(re.search(r"/projects/(\d+)/", page.url)[1])  # type: ignore[index]

    # Random search: every trial appears on the open page.
    start_search(page, tuner="random", max_trials="4", epochs="12")
    search = search_key(page, tuneroom)
    wait_until_completed(page)
    page.locator("#history-plot .main-svg").first.wait_for()
    check_numbers(page, tuneroom, search)

    # Hyperband on the same project.
    page.goto(f"/projects/{project}/")
    start_search(page, tuner="hyperband", epochs="4")
    hyperband = search_key(page, tuneroom)
    wait_until_completed(page)
    check_numbers(page, tuneroom, hyperband)
    check_hyperband(page, tuneroom, hyperband)

    # Retrain the best, and take it home.
    page.goto(f"/searches/{search}/")
    page.get_by_role("button", name="Retrain best").click()
    page.wait_for_url("**/models/*/")
    download_link = page.get_by_role("link", name=re.compile("^Download .*keras")).first
    download_link.wait_for(timeout=LONG)
    shown = number_in(page.locator(".hero .score").first.inner_text())
    with page.expect_download() as downloading:
        download_link.click()
    model = tmp_path / downloading.value.suggested_filename
    downloading.value.save_as(model)
    assert model.suffix == ".keras"
    assert hashlib.sha256(model.read_bytes()).hexdigest() in page.content()
    check_bundle(page, model, tmp_path)

    # In another process, with scikit-learn's own copy of the data.
    code = EVALUATE.format(root=str(ROOT), path=str(model))
    done = python("-c", code)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["accuracy"] > 0.9
    (stored,) = query(
        tuneroom, "SELECT test_metrics FROM tuning_savedmodel WHERE project_id = ?", project
    )
    assert json.loads(stored[0])["accuracy"] == pytest.approx(result["accuracy"], abs=1e-6)
    assert shown == pytest.approx(result["accuracy"], abs=1e-3)

    page.goto(f"/projects/{project}/")
    assert page.locator("section[aria-labelledby=saved-models] tbody tr").count() == 1
    save_picture(page, "project")


def check_numbers(page: Any, tuneroom: Tuneroom, search: int) -> None:
    """The summary and the table agree with the rows of the epochs."""
    rows = query(
        tuneroom,
        "SELECT t.number, t.score, e.metrics FROM tuning_trial t JOIN tuning_epoch e"
        " ON e.trial_id = t.id AND e.attempt = t.attempt WHERE t.search_id = ?",
        search,
    )
    best_epochs: dict[int, float] = {}
    scores: dict[int, float] = {}
    for number, score, metrics in rows:
        value = json.loads(metrics)["val_accuracy"]
        best_epochs[number] = max(value, best_epochs.get(number, 0))
        scores[number] = score
    assert scores == pytest.approx(best_epochs)
    best = max(scores.values())
    assert number_in(page.locator("#search-hero .score").inner_text()) == pytest.approx(
        best, abs=1e-3
    )
    page.get_by_role("link", name=f"All {len(scores)} trials").click()
    cells = page.locator("#trial-table td.score-cell")
    cells.nth(len(scores) - 1).wait_for()
    shown = [number_in(text) for text in cells.all_inner_texts()]
    assert sorted(shown) == pytest.approx(sorted(scores.values()), abs=1e-3)


def check_hyperband(page: Any, tuneroom: Tuneroom, search: int) -> None:
    """Promoted trials go on where their parents ended, and say so on their pages."""
    children = query(
        tuneroom,
        "SELECT id, tuner_values FROM tuning_trial"
        " WHERE search_id = ? AND tuner_values LIKE '%tuner/trial_id%'",
        search,
    )
    assert children
    key, values = children[0][0], json.loads(children[0][1])
    epochs = [row[0] for row in query(
        tuneroom, "SELECT epoch FROM tuning_epoch WHERE trial_id = ? ORDER BY epoch", key
    )]  # fmt: skip
    assert epochs == list(range(values["tuner/initial_epoch"] + 1, values["tuner/epochs"] + 1))
    page.goto(f"/trials/{key}/")
    page.get_by_text("Continues").wait_for()
    check_pictures(page)
    assert "tuner/" not in page.locator("main").inner_text()


def check_pictures(page: Any) -> None:
    """A plot is saved as it is drawn, in both formats."""
    starts = {"PNG": b"\x89PNG", "SVG": b"<svg"}
    for format, start in starts.items():
        with page.expect_download() as downloading:
            page.get_by_role("button", name=f"Save as {format}: accuracy over the epochs").click()
        path = Path(downloading.value.path())
        assert path.read_bytes().startswith(start)
        assert downloading.value.suggested_filename == f"accuracy-over-the-epochs.{format.lower()}"


def check_bundle(page: Any, model: Path, folder: Path) -> None:
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Download all (.zip)").click()
    path = folder / downloading.value.suggested_filename
    downloading.value.save_as(path)
    with zipfile.ZipFile(path) as bundle:
        names = {Path(name).name: name for name in bundle.namelist()}
        assert bundle.read(names[model.name]) == model.read_bytes()
        values = json.loads(bundle.read(names["hyperparameters.json"]))
        assert values
        assert not any(name.startswith("tuner/") for name in values)
        assert bundle.read(names["history.csv"]).decode().startswith("epoch")
        assert "keras" in bundle.read(names["template.py"]).decode()
        # The snippet runs as it stands, beside the file.
        bundle.extractall(folder / "bundle")
    script = next((folder / "bundle").rglob("predict.py"))
    done = python(script.name, cwd=script.parent)
    assert done.returncode == 0, done.stderr


def test_a_running_search_is_paused_resumed_and_stopped(
    sign_in: Callable[..., Any], tuneroom: Tuneroom
) -> None:
    page = sign_in(viewport={"width": 1280, "height": 900})
    # As set-up leaves it for every built-in template.
    done = tuneroom.manage("shell", "-c", UNASKED)
    assert done.returncode == 0, done.stderr
    create_project(page, "Digits to pause")
    # More than a machine of any speed has trained before somebody has looked.
    start_search(page, tuner="random", max_trials="1000", epochs="40")
    search = search_key(page, tuneroom)

    # Every epoch of a running trial appears on the open page, and every trial that has ended.
    page.locator("#running-plot .main-svg").first.wait_for(timeout=LONG)
    page.get_by_text(re.compile(r"epoch ([5-9]|\d\d) of 40")).first.wait_for(timeout=LONG)
    completed = re.compile(r"([2-9]|\d\d+) completed")
    page.locator("#search-hero").get_by_text(completed).wait_for(timeout=LONG)
    save_picture(page, "search")
    page.get_by_role("button", name="Pause").click()
    page.locator("#search-head .status-paused").wait_for()
    page.get_by_role("button", name="Resume").click()
    page.locator("#search-head .status-running").wait_for()
    page.get_by_role("link", name="Stop…").click()
    page.get_by_role("button", name=re.compile("Stop")).click()

    def ended() -> bool:
        sql = "SELECT count(*) FROM tuning_trial WHERE search_id = ? AND status = 'running'"
        return query(tuneroom, sql, search) == [(0,)]

    wait_for(ended, "the running trials have ended")
    page.locator("#search-head .status-stopped").wait_for()

    def read() -> bool:
        sql = (
            "SELECT count(*) FROM tuning_inspection i JOIN tuning_hypermodel h"
            " ON h.id = i.hypermodel_id WHERE h.key = 'dense' AND i.status = 'completed'"
        )
        return query(tuneroom, sql)[0][0] > 0

    wait_for(read, "an idle worker has inspected the template that nobody asked for")
    runners = tuneroom.data / "runners"
    # One folder is that of the process that it is a fork of.
    wait_for(lambda: len(list(runners.glob("worker-*/*"))) <= 2, "only the spare one is left")


def test_a_download_without_network_fails_clearly(
    sign_in: Callable[..., Any], tuneroom: Tuneroom
) -> None:
    """MNIST cannot be had here: the page says so, names it and says what to do."""
    page = sign_in()
    create_project(page, "Needs the network", dataset="MNIST")
    page.get_by_text(re.compile("MNIST could not be downloaded")).first.wait_for(timeout=LONG)
    page.get_by_role("button", name=re.compile("again", re.IGNORECASE)).first.wait_for()
