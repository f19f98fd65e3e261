"""What real runners measure of models on demand, and models that are too large to be trained."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tuning.protocol.events import (
    Built,
    EpochEnd,
    Failed,
    ModelMeasured,
    NextTrial,
    TrialEnd,
    TrialRefused,
)
from tuning.protocol.orders import TrialOrder

from .harness import TrialRunner, project, search_order

pytestmark = pytest.mark.tensorflow

NETWORK = """
import keras

def build_model(hp, input_shape, num_classes):
    layers = [keras.layers.Flatten(), keras.layers.Dense(hp.Int("units", 4, 256)),
              keras.layers.Dense(num_classes, "softmax")]
    model = keras.Sequential([keras.Input(input_shape), *layers])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model
"""
ESTIMATOR = """
from sklearn.linear_model import RidgeClassifier

def build_model(hp):
    return RidgeClassifier(alpha=hp.Float("alpha", 1e-3, 1, sampling="log"))
"""
ALL = ["model_size", "latency", "batch_latency"]


def trial(runner: TrialRunner, order: TrialOrder) -> list[Any]:
    runner.send(replace(order, token=f"t{order.trial_id}"))
    events = runner.until(TrialEnd, TrialRefused, Failed)
    assert isinstance(runner.until(NextTrial)[-1], NextTrial)
    return events


def measured(events: list[Any]) -> list[dict[str, float]]:
    return [event.measures for event in events if isinstance(event, ModelMeasured)]


def test_networks_are_measured_and_refused(digits: Path, tmp_path: Path) -> None:
    order = search_order(project(NETWORK, digits), {}, executions_per_trial=2, measures=ALL)
    with TrialRunner(tmp_path / "work") as runner:
        runner.begin(order)
        small = measured(trial(runner, TrialOrder("0", {"units": 4}, 1)))
        large = measured(trial(runner, TrialOrder("1", {"units": 256}, 1)))
        # A model of the same architecture is trained with the graphs of an earlier one.
        again = measured(trial(runner, TrialOrder("2", {"units": 4}, 2)))
        for found in (small, large, again):
            assert len(found) == 2
            assert all(each.keys() == set(ALL) for each in found)
            assert all(value > 0 for each in found for value in each.values())
        assert large[0]["model_size"] > small[0]["model_size"] + 4 * 64 * 252
        assert again[0]["model_size"] == pytest.approx(small[0]["model_size"], rel=0.01)
        refused = trial(runner, TrialOrder("3", {"units": 256}, 1, max_parameters=5000))
        assert [type(event) for event in refused] == [Built, TrialRefused]
        assert refused[0].parameters > 5000
        too_few = trial(runner, TrialOrder("4", {"units": 4}, 1, min_parameters=5000))
        assert isinstance(too_few[-1], TrialRefused)
        allowed = trial(runner, TrialOrder("5", {"units": 4}, 1, max_parameters=5000))
        assert isinstance(allowed[-1], TrialEnd)
        assert not list((tmp_path / "work").rglob("measured-model*"))


def test_estimators_are_measured_fold_by_fold(digits: Path, tmp_path: Path) -> None:
    order = search_order(
        project(ESTIMATOR, digits), {}, objective="score", kind="sklearn", folds=3, measures=ALL
    )
    with TrialRunner(tmp_path / "work") as runner:
        runner.begin(order)
        events = trial(runner, TrialOrder("0", {"alpha": 0.1}, 1))
        assert len(measured(events)) == sum(isinstance(event, EpochEnd) for event in events) == 3
        assert all(value > 0 for each in measured(events) for value in each.values())
