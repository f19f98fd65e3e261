"""Code that somebody brings along, from the editor to a finished search, in a real browser."""

import json
import re
import statistics
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.services import Tuneroom

from .steps import (
    LONG,
    fill_and_start,
    look,
    number_in,
    query,
    search_key,
    start_search,
    wait_until_completed,
)

pytestmark = [pytest.mark.browser, pytest.mark.tensorflow]

FOLDS = 3
CODE = """from tensorflow import keras
import kerastuner as kt


def build_model(hp):
    model = keras.Sequential([
        keras.layers.Input((8, 8, 1)),
        keras.layers.Flatten(),
        keras.layers.Dense(hp.Int("units", 8, 128, step=8), activation="relu"),
        keras.layers.Dense(10, activation="softmax"),
    ])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


tuner = kt.RandomSearch(build_model, objective="val_accuracy", max_trials=3)
tuner.search(None)
"""


def test_pasted_code_reaches_a_finished_search(
    sign_in: Callable[..., Any], tuneroom: Tuneroom
) -> None:
    page = sign_in(viewport={"width": 1280, "height": 900})
    page.get_by_role("link", name="Model templates").click()
    page.get_by_role("link", name="New template").click()
    page.get_by_label("Name", exact=True).fill("Brought along")
    page.get_by_label("Validate with dataset").select_option(label="Digits")
    page.get_by_label("Images").check()

    # A mistake: the line is named, and nothing that was typed is lost.
    editor = page.get_by_label("Or paste code")
    editor.fill(CODE.replace("def build_model(hp):", "def build_model(hp:"))
    assert page.locator(".editor-lines span").count() == CODE.count("\n") + 1
    page.get_by_role("button", name="Create template").click()
    page.locator(".form-errors").get_by_text(re.compile("Line 5, column 16")).wait_for()
    assert page.locator(".editor-lines .wrong").inner_text() == "5"
    heights = [page.locator(f".editor {part}").bounding_box()["height"]
               for part in (".editor-lines", "textarea")]  # fmt: skip
    assert heights[0] == pytest.approx(heights[1], abs=2)
    look(page, "form")
    assert "def build_model(hp:" in editor.input_value()

    # Tab indents, and Escape lets it leave.
    editor.fill("")
    editor.press("Tab")
    assert editor.input_value() == "    "
    editor.press("Shift+Tab")
    assert editor.input_value() == ""
    editor.press("Escape")
    editor.press("Tab")
    assert page.get_by_label("Constants").evaluate("field => field === document.activeElement")
    editor.fill(CODE)
    page.get_by_role("button", name="Create template").click()

    # It is read while somebody looks on.
    page.get_by_role("heading", name="Brought along", level=1).wait_for()
    page.get_by_text(re.compile("The code is a script. Its builder build_model")).wait_for(
        timeout=LONG
    )
    page.get_by_text(re.compile(r"sampled models.*: median [\d,]+ parameters")).wait_for()
    look(page, "detail")

    page.get_by_role("link", name="Use in new project").click()
    page.get_by_label("Name", exact=True).fill("With our own code")
    page.get_by_role("button", name="Create project").click()
    project = page.url
    page.get_by_role("link", name="New search").first.click(timeout=LONG)
    try_out(page)
    fill_and_start(page, tuner="random", max_trials="2", epochs="2", folds=str(FOLDS))
    search = search_key(page, tuneroom)
    wait_until_completed(page)
    page.locator("#search-hero").get_by_text("2 completed").wait_for()
    page.locator("#hero-best").click()
    check_folds(page, tuneroom, search)
    download_retrained(page)

    # A new version, and the project goes on with it.
    page.goto("/templates/")
    page.get_by_role("link", name="Brought along").click()
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Or paste code").fill(CODE.replace("128, step", "16, step"))
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="View changes in version 2").click()
    page.get_by_text("1 line added, 1 line removed").wait_for()
    look(page, "diff")
    page.goto(project)
    look(page, "project")
    page.get_by_role("button", name="Use version 2 for new searches").click()
    page.get_by_text("New searches use version 2").wait_for()
    page.get_by_role("link", name="New search").first.wait_for(timeout=LONG)


def try_out(page: Any) -> None:
    """A dry run of all configurations, in the form; a button makes a constraint of its result."""
    page.get_by_role("button", name="Start dry run").click()
    panel = page.locator("#dry-run-panel")
    panel.get_by_text("16 sampled models: all could be built").wait_for(timeout=LONG)
    panel.get_by_text("Expected duration").wait_for()
    look(page, "dry-run")
    # The largest has 64 * 128 + 128 + 128 * 10 + 10 parameters, the next one 9,010.
    panel.get_by_role("button", name="Exclude over 9,100 parameters").click()
    assert page.locator("#id_constraint_1").input_value() == "parameters"
    assert page.locator("#id_constraint_1_limit").input_value() == "9100"
    assert page.locator("#id_constraint_2").input_value() == ""


def check_folds(page: Any, tuneroom: Tuneroom, search: int) -> None:
    """The score is the mean of the folds' best epochs, and their spread is beside it."""
    page.get_by_text("Each fold trains a new model").wait_for()
    number = number_in(page.get_by_role("heading", level=1).inner_text())
    rows = query(
        tuneroom, "SELECT e.execution, e.metrics FROM tuning_epoch e JOIN tuning_trial t "
        "ON t.id = e.trial_id WHERE t.search_id = ? AND t.number = ?", search, number,
    )  # fmt: skip
    best: dict[int, float] = {}
    for fold, metrics in rows:
        best[fold] = max(best.get(fold, 0.0), json.loads(metrics)["val_accuracy"])
    assert sorted(best) == list(range(FOLDS))
    shown = number_in(page.locator(".hero .score").inner_text())
    assert shown == pytest.approx(statistics.mean(best.values()), abs=1e-3)
    spread = re.search(r"standard deviation ([\d.]+), .*\(n = 3\)", page.content())
    assert spread
    assert float(spread[1]) == pytest.approx(statistics.stdev(best.values()), rel=0.06)
    look(page, "folds")


def download_retrained(page: Any) -> None:
    page.locator("#retrain button").click()
    page.wait_for_url("**/models/*/")
    link = page.get_by_role("link", name=re.compile("^Download .*keras")).first
    link.wait_for(timeout=LONG)
    with page.expect_download() as downloading:
        link.click()
    with zipfile.ZipFile(downloading.value.path()) as model:
        assert "model.weights.h5" in model.namelist()


TUTORIAL = (Path(__file__).parents[1] / "runner" / "scripts" / "one_hot_cnn.py").read_text()


def test_a_tutorial_script_reaches_a_download(sign_in: Callable[..., Any]) -> None:
    page = sign_in(viewport={"width": 1280, "height": 900})
    page.goto("/templates/new/")
    page.get_by_label("Name", exact=True).fill("A tutorial")
    page.get_by_label("Validate with dataset").select_option(label="Digits")
    page.get_by_label("Images").check()
    page.get_by_label("Or paste code").fill(TUTORIAL)
    page.get_by_role("button", name="Create template").click()
    page.get_by_text(re.compile("NUM_CLASSES is 10 instead of 1000.*one-hot")).wait_for(
        timeout=LONG
    )
    look(page, "tutorial")
    page.get_by_role("link", name="Use in new project").click()
    page.get_by_label("Name", exact=True).fill("With a tutorial")
    page.get_by_role("button", name="Create project").click()
    start_search(page, tuner="random", max_trials="2", epochs="1")
    wait_until_completed(page)
    page.get_by_role("button", name="Retrain best").click()
    page.wait_for_url("**/models/*/")
    link = page.get_by_role("link", name=re.compile("^Download .*keras")).first
    link.wait_for(timeout=LONG)
    with page.expect_download() as downloading:
        link.click()
    assert downloading.value.suggested_filename.endswith(".keras")
