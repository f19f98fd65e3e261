"""A template under a search space that somebody edited: what its own calls of hp return."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tuning.protocol.events import Inspected, TrialEnd
from tuning.protocol.orders import InspectOrder
from tuning.spaces.edits import Range, Values, edited
from tuning.spaces.hyperparameters import default_values, read_space

from .harness import Runner, TrialRunner, project, search_order

pytestmark = pytest.mark.tensorflow

# It reports what it got, and how many entries KerasTuner keeps of its space.
CODE = """
import keras
import keras_tuner as kt

UNUSED = -1.0


class Reporting(kt.HyperModel):
    def build(self, hp):
        self.got = {"layers": hp.Int("layers", 1, 3, default=1)}
        sizes = []
        for i in (1, 2, 3):
            with hp.conditional_scope("layers", list(range(i, 4))):
                sizes.append(hp.Int(f"units_{i}", 8, 64, step=8, default=16))
                self.got[f"units_{i}"] = sizes[-1]
        kind = hp.Choice("kind", ["plain", "dropped"])
        self.got["rate"] = hp.Float(
            "rate", 0.0, 0.5, step=0.25, parent_name="kind", parent_values=["dropped"]
        )
        self.got["learning_rate"] = hp.Float("learning_rate", 1e-4, 1e-2, sampling="log")
        self.got["bias"] = hp.Boolean("bias", default=False)
        self.got["decay"] = hp.Fixed("decay", 0.5)
        model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten()])
        for units in sizes[: self.got["layers"]]:
            model.add(keras.layers.Dense(units, use_bias=self.got["bias"]))
        if kind == "dropped":
            model.add(keras.layers.Dropout(self.got["rate"]))
        model.add(keras.layers.Dense(10, "softmax"))
        model.compile(
            keras.optimizers.Adam(self.got["learning_rate"]),
            "sparse_categorical_crossentropy",
            metrics=["accuracy"],
        )
        self.entries = len(hp.space)
        return model

    def fit(self, hp, model, *args, **kwargs):
        history = model.fit(*args, **kwargs).history
        results = {name: values[-1] for name, values in history.items()}
        results["entries"] = self.entries
        for name, value in self.got.items():
            results["got_" + name] = UNUSED if value is None else float(value)
        return results
"""


@pytest.fixture(scope="module")
def own(digits: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The template's space as its inspection reads it."""
    with Runner(tmp_path_factory.mktemp("inspected") / "work") as runner:
        inspected = runner.result(InspectOrder(project(CODE, digits)), Inspected)
    assert isinstance(inspected, Inspected), inspected
    return inspected.space


@pytest.fixture(scope="module")
def places(own: dict[str, Any]) -> dict[str, int]:
    return {parameter.name: place for place, parameter in enumerate(read_space(own))}


@pytest.fixture(scope="module")
def space(own: dict[str, Any], places: dict[str, int]) -> dict[str, Any]:
    edits: dict[str, Any] = {
        "layers": Values((2, 1)),
        "units_1": Range(96, 128, 16),
        "units_2": Values((40,)),
        "kind": Values(("dropped",)),
        "rate": Values((0.1, 0.3)),
        "learning_rate": Values((0.02, 0.03)),
        "bias": Values((True,)),
        "decay": Range(0.1, 0.9),
    }
    return edited(own, {places[name]: edit for name, edit in edits.items()})


@pytest.fixture(scope="module")
def runner(
    digits: Path, space: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TrialRunner]:
    with TrialRunner(tmp_path_factory.mktemp("edited") / "work") as running:
        running.begin(search_order(project(CODE, digits), space))
        yield running


def test_the_inspection_keeps_conditions(own: dict[str, Any], places: dict[str, int]) -> None:
    parameters = read_space(own)
    assert parameters[places["units_2"]].condition_text == "layers is 2 or 3"
    assert parameters[places["rate"]].condition_text == "kind is dropped"


@pytest.mark.parametrize(
    ("values", "got"),
    [
        ({"layers": 2, "units_1": 112, "units_2": 40, "rate": 0.3, "learning_rate": 0.03},
         {"layers": 2, "units_1": 112, "units_2": 40, "units_3": -1, "rate": 0.3,
          "learning_rate": 0.03}),
        ({"layers": 1, "units_1": 96, "rate": 0.1, "learning_rate": 0.02},
         {"layers": 1, "units_1": 96, "units_2": -1, "units_3": -1, "rate": 0.1,
          "learning_rate": 0.02}),
    ],
)  # fmt: skip
def test_a_trial_trains_with_the_edited_values(
    values: dict[str, Any], got: dict[str, float], runner: TrialRunner, own: dict[str, Any]
) -> None:
    values = {**values, "kind": "dropped", "bias": True, "decay": 0.7}
    end = runner.trial("t", values)[-1]
    assert isinstance(end, TrialEnd), end
    for name, value in {**got, "bias": 1.0, "decay": 0.7}.items():
        assert end.metrics[f"got_{name}"] == value, name
    # Were a condition lost, KerasTuner would keep the edited entry and the template's, too.
    assert end.metrics["entries"] == len(own["space"])


def test_the_baseline_of_an_edited_space(runner: TrialRunner, space: dict[str, Any]) -> None:
    values = default_values(space)
    assert values == {
        "layers": 1, "units_1": 96, "kind": "dropped", "rate": 0.1, "learning_rate": 0.02,
        "bias": True, "decay": 0.5,
    }  # fmt: skip
    end = runner.trial("b", values)[-1]
    assert isinstance(end, TrialEnd), end
    assert end.metrics["got_units_1"] == 96
    assert end.metrics["got_units_2"] == -1


def test_hyperband_goes_on_in_an_edited_space(
    digits: Path, space: dict[str, Any], tmp_path: Path
) -> None:
    values = {
        "layers": 2, "units_1": 112, "units_2": 40, "kind": "dropped", "rate": 0.3,
        "learning_rate": 0.03, "bias": True, "decay": 0.7,
    }  # fmt: skip
    band = {"tuner/bracket": 1, "tuner/round": 0, "tuner/epochs": 1, "tuner/initial_epoch": 0}
    with TrialRunner(tmp_path / "work") as running:
        running.begin(search_order(project(CODE, digits), space, hyperband=True, epochs=2))
        parent = running.trial("0000", {**values, **band})[-1]
        assert isinstance(parent, TrialEnd), parent
        child = {**band, "tuner/round": 1, "tuner/epochs": 2, "tuner/initial_epoch": 1}
        end = running.trial("0001", {**values, **child, "tuner/trial_id": "0000"})[-1]
        assert isinstance(end, TrialEnd), end
        assert end.metrics["got_units_1"] == 112
        assert running.finish() == 0
