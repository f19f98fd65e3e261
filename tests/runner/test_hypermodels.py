"""The built-in templates: each builds, trains an epoch and declares its whole space."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tuning.hypermodels import BUILTIN, source_of

from .warm import python

CHECK = Path(__file__).parent / "check_templates.py"
CLASSIFICATION = ["accuracy", "loss", "val_accuracy", "val_loss"]
REGRESSION = ["loss", "mean_absolute_error", "val_loss", "val_mean_absolute_error"]


@pytest.fixture(scope="module")
def inspected(datasets: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("check")
    # Never downloads ImageNet's weights, on whatever machine.
    environment = {**os.environ, "https_proxy": "http://127.0.0.1:9"}
    done = python(str(CHECK), str(datasets), cwd=folder, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


pytestmark = pytest.mark.tensorflow


@pytest.mark.parametrize(
    ("case", "metrics"),
    [
        ("cnn on digits", CLASSIFICATION),
        ("cnn-blocks on digits", CLASSIFICATION),
        ("transfer on digits", CLASSIFICATION),
        ("batch-size on digits", CLASSIFICATION),
        ("batch-size on diabetes", REGRESSION),
        ("dense on wine", CLASSIFICATION),
        ("dense on breast-cancer", CLASSIFICATION),
        ("dense on diabetes", REGRESSION),
        ("text on reviews", CLASSIFICATION),
        ("autoencoder on pump-sensors", REGRESSION),
        ("conv-autoencoder on digits", REGRESSION),
    ],
)
def test_it_trains_and_reports(inspected: dict[str, Any], case: str, metrics: list[str]) -> None:
    assert inspected[case]["metrics"] == metrics
    assert inspected[case]["parameters"] > 100
    assert "Total params" in inspected[case]["summary"]


def test_every_builtin_is_among_the_cases(inspected: dict[str, Any]) -> None:
    assert {case.split(" on ")[0] for case in inspected} >= {t.key for t in BUILTIN}


def test_all_kinds_of_hyperparameters_appear(inspected: dict[str, Any]) -> None:
    entries = [e for result in inspected.values() if "space" in result for e in _space(result)]
    assert {e["class_name"] for e in entries} == {"Boolean", "Choice", "Fixed", "Float", "Int"}
    floats = [e["config"] for e in entries if e["class_name"] == "Float"]
    assert any(config["step"] for config in floats)
    assert any(config["sampling"] == "log" for config in floats)
    assert any(e["class_name"] == "Int" and e["config"]["step"] > 1 for e in entries)
    assert any(e["config"]["conditions"] for e in entries)


def test_conditional_values_are_found_without_being_active(inspected: dict[str, Any]) -> None:
    assert "filters_3" in _names(inspected["cnn on digits"])
    assert "momentum" in _names(inspected["dense on wine"])
    assert "rotation" in _names(inspected["cnn-blocks on digits"])


def test_values_of_fit_are_in_the_space(inspected: dict[str, Any]) -> None:
    assert {"batch_size", "shuffle"} <= _names(inspected["batch-size on digits"])


def test_transfer_is_inspected_offline_and_says_so(inspected: dict[str, Any]) -> None:
    result = inspected["transfer on digits"]
    assert result["summary"].startswith("Shown for weights = none")
    weights = next(e for e in _space(result) if e["config"]["name"] == "weights")
    assert weights["config"]["default"] == "imagenet"


def test_every_base_accepts_small_grey_images(inspected: dict[str, Any]) -> None:
    assert inspected["bases"] == {"InceptionV3": [None, 10], "EfficientNetB0": [None, 10]}


def test_poolings_cannot_shrink_an_image_away(inspected: dict[str, Any]) -> None:
    assert inspected["smallest blocks"] == [None, 10]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("syntax", "SyntaxError in line 2"),
        ("empty", "neither a keras_tuner.HyperModel class nor a function build_model(hp)"),
        ("argument", "asks for 'colour', which a project cannot supply"),
        ("import", "RuntimeError in line 1: at import"),
        ("two", "several HyperModel classes (A, B)"),
        ("no model", "build_model returned 1 (int). It must return a compiled Keras model"),
        ("endless scopes", "a conditional scope had still not been active"),
    ],
)
def test_an_unusable_template_says_why(inspected: dict[str, Any], name: str, text: str) -> None:
    raised = name in ("syntax", "import")
    code = "code_error" if raised else "no_model" if name == "no model" else "unusable_template"
    assert inspected[name]["code"] == code
    assert bool(inspected[name]["traceback"]) == raised
    assert text in inspected[name]["message"]


def test_templates_are_self_contained() -> None:
    """They import Keras and KerasTuner only: people copy them to other places."""
    for template in BUILTIN:
        if template.key == "optuna-script":
            continue
        lines = source_of(template).splitlines()
        imports = [line for line in lines if line.startswith(("import ", "from "))]
        assert imports == ["import keras", "import keras_tuner as kt"], template.key


def _space(result: dict[str, Any]) -> list[dict[str, Any]]:
    return result["space"]["space"]


def _names(result: dict[str, Any]) -> set[str]:
    return {entry["config"]["name"] for entry in _space(result)}
