"""Dry runs by real runners: what is counted is what Keras would train."""

from pathlib import Path
from typing import Any

import pytest

from tuning.protocol.events import DryRunEnd, ModelTried
from tuning.protocol.model_kinds import ModelKind
from tuning.protocol.orders import DryRunOrder
from tuning.spaces.checked import entry_of

from .harness import Runner, project

pytestmark = pytest.mark.tensorflow

NETWORK = """
import keras


def build_model(hp):
    units = hp.Choice("units", [4, 8, -1])
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(units), keras.layers.Dense(3)])
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model
"""
FOREST = """
from sklearn.ensemble import RandomForestClassifier


def build_model(hp):
    return RandomForestClassifier(n_estimators=hp.Int("trees", 1, 3))
"""


def dry_run(datasets: Path, folder: Path, code: str, kind: ModelKind, entry: Any) -> list[Any]:
    order = DryRunOrder(
        project(code, datasets / "iris"), {"space": [entry], "values": {}},
        kind, batch_size=16, folds=5, models=10,
    )  # fmt: skip
    with Runner(folder / kind) as runner:
        runner.receive()
        runner.send(order)
        events = runner.until(DryRunEnd)
    return [event for event in events if isinstance(event, ModelTried | DryRunEnd)]


def test_models_are_built_and_a_few_steps_timed(datasets: Path, tmp_path: Path) -> None:
    units = entry_of("Choice", "units", 4, values=[4, 8, -1], ordered=False)
    *tried, end = dry_run(datasets, tmp_path, NETWORK, ModelKind.KERAS, units)
    # All combinations of the small space, then it ends.
    assert end == DryRunEnd(0)
    [broken] = [each for each in tried if each.failure]
    assert broken.parameters == 0
    built = sorted((each for each in tried if not each.failure), key=lambda each: each.parameters)
    # Dense layers have (inputs + 1) * units weights.
    assert [each.parameters for each in built] == [5 * 4 + 5 * 3, 5 * 8 + 9 * 3]
    for each in built:
        # Adam has two numbers of each weight beside it, and its step and learning rate.
        assert 0 <= each.memory - 3 * 4 * each.parameters <= 16
        assert each.seconds > 0
    forest = entry_of("Int", "trees", 1, min_value=1, max_value=3, step=1, sampling="linear")
    *tried, end = dry_run(datasets, tmp_path, FOREST, ModelKind.SKLEARN, forest)
    assert len(tried) == 3
    assert all(each.seconds > 0 and not each.failure for each in tried)
