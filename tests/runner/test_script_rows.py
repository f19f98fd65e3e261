"""Which rows of the project the names of a script's data stand for."""

import ast

import pytest

from tuning.runner.template.script_data import Rows, ScriptData
from tuning.runner.template.scripts import read_script


@pytest.mark.parametrize(
    "code",
    ["x_val = x[8000:]", "x_train, x_val = x[:8000], x[8000:]", "x_val = x[places]"],
)
def test_later_rows_are_validation_rows_however_they_are_divided(code: str) -> None:
    data = ScriptData()
    data.names["x"] = Rows("x")
    found = data.learn(ast.parse(code).body[0], of_data=True)
    assert found["x_val"] == Rows("x", "validation")


DIVIDED = """
import optuna
from functools import partial
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier


def objective(trial, data):
    x_tr, x_va, y_tr, y_va = data
    knn = KNeighborsClassifier(trial.suggest_int("k", 1, 9)).fit(x_tr, y_tr)
    return knn.score(x_va, y_va)


LOADED
study = optuna.create_study(direction="maximize")
study.optimize(partial(objective, data=data), n_trials=9)
"""
PARTS = {
    "_X_train": ("x", "train"), "_X_test": ("x", "validation"),
    "_y_train": ("y", "train"), "_y_test": ("y", "validation"),
}  # fmt: skip


@pytest.mark.parametrize("target", ["data", "splits = data"])
def test_a_division_that_is_passed_on_has_the_projects_rows(target: str) -> None:
    loaded = f"X, y = load_wine(return_X_y=True)\n{target} = train_test_split(X, y, stratify=y)"
    script = read_script(DIVIDED.replace("LOADED", loaded), "<template>")
    assert not script.missing
    assert {name: (rows.what, rows.part) for name, rows in script.data.items()} == PARTS
