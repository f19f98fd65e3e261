"""Snippets are code that runs and gives the values back."""

import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from tuning.analysis.snippets import (
    forms,
    json_text,
    keras_tuner_lines,
    optuna_lines,
    predict_snippet,
    python_dict,
)
from tuning.models import Dataset, HyperModel, Project, SavedModel, Search, Trial
from tuning.protocol.model_kinds import ModelKind

VALUES: dict[str, Any] = {"units": 32, "rate": 1e-05, "name": 'a "b"\nc', "on": True, "none": None}


def test_python_gives_the_values_back() -> None:
    scope: dict[str, Any] = {}
    exec(python_dict(VALUES), scope)  # noqa: S102
    assert scope["hyperparameters"] == VALUES
    exec(python_dict({}), scope)  # noqa: S102
    assert scope["hyperparameters"] == {}


def test_json_gives_the_values_back() -> None:
    assert json.loads(json_text(VALUES)) == VALUES


def test_keras_tuner_gets_the_values(monkeypatch: pytest.MonkeyPatch) -> None:
    fixed: dict[str, Any] = {}

    class HyperParameters:
        def Fixed(self, name: str, value: Any) -> None:  # noqa: N802  KerasTuner's name
            fixed[name] = value

    module = ModuleType("keras_tuner")
    module.HyperParameters = HyperParameters  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "keras_tuner", module)
    exec(keras_tuner_lines(VALUES), {})  # noqa: S102
    assert fixed == VALUES


def test_optuna_gets_the_values(monkeypatch: pytest.MonkeyPatch) -> None:
    module = SimpleNamespace(trial=SimpleNamespace(FixedTrial=dict))
    monkeypatch.setitem(sys.modules, "optuna", module)
    names: dict[str, Any] = {}
    exec(optuna_lines(VALUES), names)  # noqa: S102
    assert names["trial"] == VALUES
    # Each template's own library: who has an Optuna script has no `hp`.
    keys = {kind: [each["key"] for each in forms(VALUES, kind.traits)] for kind in ModelKind}
    assert keys[ModelKind.OPTUNA] == ["python", "json", "optuna"]
    assert keys[ModelKind.KERAS] == keys[ModelKind.CUSTOM] == ["python", "json", "kerastuner"]


@pytest.mark.parametrize("task", ["classification", "regression"])
@pytest.mark.parametrize(
    "profile",
    [{}, {"num_classes": 3}, {"class_names": ["a", "b's"], "load_snippet": "x = [[1]]"},
     {"input_shape": [8, 8, 1]},
     {"columns": [{"name": 'a"b', "type": "number"}], "class_names": ["a", "b"]}],
)  # fmt: skip
def test_the_prediction_is_python(task: str, profile: dict[str, Any]) -> None:
    dataset = Dataset(key="d", name="D", task=task, profile=profile)
    project = Project(name="P", dataset=dataset, hypermodel=HyperModel(key="h"))
    trial = Trial(number=1, search=Search(project=project))
    code = predict_snippet(SavedModel(project=project, trial=trial), "d.keras")
    compile(code, "predict.py", "exec")
    assert ("load_model(file)" if "columns" in profile else 'load_model("d.keras")') in code
    assert ("argmax" in code) == (task == "classification")


DIGITS = """from sklearn.datasets import load_digits

x, y = load_digits(return_X_y=True)
x = x.reshape(-1, 8, 8, 1)
"""


@pytest.mark.parametrize(
    ("kind", "task", "profile", "printed"),
    [
        ("image", "classification", {"load_snippet": DIGITS, "num_classes": 10},
         "predicted: ['0', '1', '2', '3', '4']\nactual:    ['0', '1', '2', '3', '4']\n"),
        ("image", "classification", {"input_shape": [8, 8, 1], "num_classes": 2}, "predicted: ["),
        ("table", "regression", {"input_shape": [64]}, "predicted: ["),
    ],
)  # fmt: skip
def test_the_prediction_of_an_estimator_runs(
    kind: str, task: str, profile: dict[str, Any], printed: str, tmp_path: Path, capsys: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    from sklearn.datasets import load_digits
    from sklearn.tree import DecisionTreeClassifier
    from skops import io

    x, y = load_digits(return_X_y=True)
    few = y if profile.get("num_classes") == 10 else y % 2
    io.dump(DecisionTreeClassifier().fit(x, few), tmp_path / "d.skops")
    dataset = Dataset(key="d", name="D", kind=kind, task=task, profile=profile)
    project = Project(name="P", dataset=dataset, hypermodel=HyperModel(key="h"))
    trial = Trial(number=1, search=Search(project=project, model_kind="sklearn"))
    saved_model = SavedModel(
        project=project, trial=trial, trusted_types=["sklearn.tree._tree.Tree"]
    )
    monkeypatch.chdir(tmp_path)
    exec(predict_snippet(saved_model, "d.skops"), {})  # noqa: S102
    assert capsys.readouterr().out.startswith(printed)
