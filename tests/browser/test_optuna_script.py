"""An Optuna script as its author has it, from the editor to the downloaded model, in a browser."""

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.services import Tuneroom

from .steps import LONG, look, query, search_key, start_search, wait_until_completed

pytestmark = [pytest.mark.browser, pytest.mark.tensorflow]

CODE = """import optuna
from sklearn.datasets import load_wine
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeClassifier

X, y = load_wine(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)


def objective(trial):
    if trial.suggest_categorical("kind", ["tree", "ridge"]) == "tree":
        model = DecisionTreeClassifier(max_depth=trial.suggest_int("max_depth", 1, 8))
    else:
        model = RidgeClassifier(alpha=trial.suggest_float("alpha", 1e-3, 10, log=True))
    model.fit(X_train, y_train)
    return model.score(X_test, y_test)


study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=1))
study.optimize(objective, n_trials=6)
print(study.best_params)
"""


def test_an_optuna_script_reaches_a_download(
    sign_in: Callable[..., Any], tuneroom: Tuneroom, tmp_path: Path
) -> None:
    page = sign_in(viewport={"width": 1280, "height": 900})
    page.goto("/templates/new/")
    page.get_by_label("Name", exact=True).fill("Tree or ridge")
    page.get_by_label("Validate with dataset").select_option(label="Wine")
    page.get_by_label("Table", exact=True).check()
    page.get_by_label("Or paste code").fill(CODE)
    page.get_by_role("button", name="Create template").click()
    # A script builds its models itself.
    page.get_by_text("There is no dry run").wait_for(timeout=LONG)
    look(page, "optuna-template")

    page.get_by_role("link", name="Use in new project").click()
    page.get_by_label("Name", exact=True).fill("Wine by a script")
    page.get_by_role("button", name="Create project").click()
    page.get_by_role("link", name="New search").first.click(timeout=LONG)
    assert page.locator("[name=max_trials]").input_value() == "6"
    look(page, "optuna-form")
    page.go_back()
    start_search(page)
    search = search_key(page, tuneroom)
    wait_until_completed(page)
    look(page, "optuna-search")
    sql = 'SELECT tuning_trial."values" FROM tuning_trial WHERE search_id = ?'
    trials = [json.loads(values) for (values,) in query(tuneroom, sql, search)]
    assert len(trials) == 6
    # Each has what its kind of model asks for, and nothing else.
    own = {"tree": {"kind", "max_depth"}, "ridge": {"kind", "alpha"}}
    assert all(set(values) == own[values["kind"]] for values in trials)

    page.locator("#hero-best").click()
    retrain = page.locator("#retrain")
    retrain.wait_for()
    assert retrain.locator("[name=epochs]").count() == 0, "the script decides how long it trains"
    page.get_by_role("button", name="Copy Optuna").wait_for()
    assert page.get_by_role("button", name="Copy KerasTuner").count() == 0
    look(page, "optuna-trial")
    retrain.get_by_role("button", name="Retrain", exact=True).click()
    page.wait_for_url("**/models/*/")
    link = page.get_by_role("link", name=re.compile("^Download .*skops")).first
    link.wait_for(timeout=LONG)
    look(page, "optuna-model")
    with page.expect_download() as downloading:
        link.click()
    model = tmp_path / downloading.value.suggested_filename
    downloading.value.save_as(model)
    assert hashlib.sha256(model.read_bytes()).hexdigest() in page.content()
