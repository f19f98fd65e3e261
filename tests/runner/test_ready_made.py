"""KerasTuner's own HyperModels, made by scripts for shapes of their own, fit the project."""

from pathlib import Path
from typing import Any

import pytest

from .harness import inspect_templates

pytestmark = pytest.mark.tensorflow

HEAD = "# dataset: {}\nimport keras_tuner as kt\nfrom keras_tuner import applications as ready\n"
SEARCH = "tuner.search(x_train, y_train, validation_data=(x_val, y_val))\n"
TEMPLATES = {
    # Directly and by position; through a variable and by keyword; with another one within.
    "directly": (
        "digits",
        "from keras_tuner.applications import HyperXception as Network\n"
        "tuner = kt.Hyperband(Network(True, (71, 71, 3), None, 7), 'val_accuracy')\n",
    ),
    "table": (
        "iris",
        "hypermodel = ready.HyperResNet(input_shape=(64, 64, 3), classes=3)\n"
        "tuner = kt.RandomSearch(hypermodel, objective='val_accuracy')\n",
    ),
    "grey": (
        "digits",
        "augment = ready.HyperImageAugment(input_shape=(64, 64, 3))\n"
        "tuner = kt.RandomSearch(ready.HyperEfficientNet((64, 64, 3), None, 5, augment))\n",
    ),
}


@pytest.fixture(scope="module")
def found(datasets: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    codes = {name: HEAD.format(d) + code + SEARCH for name, (d, code) in TEMPLATES.items()}
    return inspect_templates(datasets, tmp_path_factory.mktemp("ready"), codes)


def test_the_projects_shape_and_classes_are_used(found: dict[str, Any]) -> None:
    note = found["directly"]["note"]
    assert "input_shape is (8, 8, 1) instead of (71, 71, 3), classes is 10 instead of 7" in note
    assert "Its loss takes one-hot targets" in note
    assert "val_accuracy" in found["directly"]["metrics"]


def test_other_data_are_refused_by_their_shape(found: dict[str, Any]) -> None:
    assert found["table"]["message"].endswith("but the dataset's inputs have shape (4,).")
    assert "takes colour images with 3 channels" in found["grey"]["message"]
