"""Which rows of the project the names of a script's data stand for."""

import ast

import numpy as np
import pytest

from tuning.runner.template.script_data import Rows, ScriptData
from tuning.runner.template.scripts import read_script
from tuning.runner.template.stand_ins import stand_in


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


def test_rows_are_also_taken_by_their_places_in_a_table() -> None:
    x, y = np.arange(12.0).reshape(6, 2), np.array([0, 1, 2, 0, 1, 2])
    facts = {"num_classes": 3, "feature_names": ["a", "b"], "task": "classification"}
    inputs = stand_in(Rows("x"), lambda _: (x, y), facts)
    targets = stand_in(Rows("y"), lambda _: (x, y), facts)
    places = np.array([4, 0])
    assert inputs.iloc[places].tolist() == [[8.0, 9.0], [0.0, 1.0]]
    assert inputs.iloc[places].columns == ["a", "b"]
    assert targets.iloc[places].reset_index(drop=True).tolist() == [1, 0]
