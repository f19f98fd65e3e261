"""A pruned trial that goes on where it stopped, in a real runner, over the protocol."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tuning.protocol.events import EpochEnd, Failed, TrialEnd, TrialPruned
from tuning.protocol.orders import TrialOrder

from .harness import TrialRunner, project, search_order

pytestmark = pytest.mark.tensorflow

NO_SPACE: dict[str, Any] = {"space": [], "values": {}}
# It writes down weights and optimizer variables at the ends of epochs and when a fit begins.
CODE = """
import keras
import keras_tuner as kt
import numpy as np


class Notes(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.note("begin")

    def on_epoch_end(self, epoch, logs):
        # By this metric the first epoch is the best one.
        logs["age"] = epoch
        self.note(epoch + 1)

    def note(self, name):
        variables = [*self.model.variables, *self.model.optimizer.variables]
        np.savez(f"{name}.npz", *[keras.ops.convert_to_numpy(one) for one in variables])


class Model(kt.HyperModel):
    def build(self, hp):
        hp.Choice("fit", ["keras", "loop", "own epochs", "deaf"])
        layers = [keras.layers.Flatten(), keras.layers.Dense(16, "relu"),
                  keras.layers.BatchNormalization(), keras.layers.Dense(10, "softmax")]
        if not hp.Boolean("lazy"):
            layers.insert(0, keras.Input((8, 8, 1)))
        model = keras.Sequential(layers)
        model.compile("adam", "sparse_categorical_crossentropy")
        return model

    def fit(self, hp, model, *args, callbacks, epochs, **kwargs):
        how = hp.get("fit")
        if how == "loop":
            for callback in callbacks:
                callback.set_model(model)
            for epoch in range(6):
                for callback in callbacks:
                    callback.on_epoch_end(epoch, {"val_loss": 1.0})
            return 1.0
        if how == "own epochs":
            epochs = 5
        if how == "deaf":
            kwargs.pop("initial_epoch", None)
        keeps_best = keras.callbacks.EarlyStopping(
            "age", patience=99, mode="min", restore_best_weights=True)
        return model.fit(*args, shuffle=False, epochs=epochs,
                         callbacks=[Notes(), keeps_best, *callbacks], **kwargs)
"""

SCRIPT = """
import keras
import keras_tuner as kt


def build_model(hp):
    inputs = keras.Input((8, 8, 1))
    x = keras.layers.Flatten()(inputs)
    x = keras.layers.Dense(16, "relu")(x)
    x = keras.layers.BatchNormalization()(x)
    model = keras.Model(inputs, keras.layers.Dense(10, "softmax")(x))
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


tuner = kt.RandomSearch(build_model, objective="val_loss", max_trials=3)
tuner.search(x_train, y_train, shuffle=False)
"""


@pytest.fixture(scope="module")
def runner(digits: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrialRunner]:
    order = search_order(
        project(CODE, digits), NO_SPACE, objective="val_loss", direction="min", epochs=6,
        resumes=True,
    )  # fmt: skip
    with TrialRunner(tmp_path_factory.mktemp("resumed") / "work") as running:
        running.begin(order)
        yield running


def ordered(trial_id: str, done: int = 0, **values: Any) -> TrialOrder:
    """A trial of six epochs, of which so many are behind it."""
    if done:
        values |= {
            "tuner/trial_id": trial_id, "tuner/initial_epoch": done, "tuner/epochs": 6,
        }  # fmt: skip
    return TrialOrder(trial_id, values, 1, f"{trial_id}-{done}", 0)


def losses(events: list[Any]) -> dict[int, float]:
    return {e.epoch: e.metrics["val_loss"] for e in events if isinstance(e, EpochEnd)}


def noted(runner: TrialRunner, name: str) -> list[np.ndarray]:
    with np.load(runner.folder / f"{name}.npz") as file:
        return [file[one] for one in file.files]


def are_equal(one: list[np.ndarray], other: list[np.ndarray]) -> bool:
    return len(one) == len(other) and all(map(np.array_equal, one, other))


@pytest.mark.parametrize("lazy", [False, True])
def test_three_epochs_and_then_three_are_six(runner: TrialRunner, lazy: bool) -> None:
    first = runner.judged(ordered("0001", lazy=lazy), prune_at=3)
    assert isinstance(first[-1], TrialPruned), first[-1]
    assert losses(first).keys() == {1, 2, 3}
    folder = runner.folder / "kt" / "search" / "trial_0001"
    assert {path.name for path in folder.iterdir()} == {
        "checkpoint.weights.h5",
        "build_config.json",
    }
    kept = shutil.copytree(folder, runner.folder / f"kept-{lazy}")
    stopped = noted(runner, "3")

    whole = runner.judged(ordered("0002", lazy=lazy), prune_at=None)
    assert isinstance(whole[-1], TrialEnd)
    assert not folder.exists(), "the supervisor has it by now"
    assert list((runner.folder / "kt").rglob("*.h5")) == []

    # As the supervisor does, on whichever machine the trial goes on; it is pruned once more.
    shutil.copytree(kept, folder)
    second = runner.judged(ordered("0001", done=3, lazy=lazy), prune_at=5)
    assert isinstance(second[-1], TrialPruned), second[-1]
    assert losses(second).keys() == {4, 5}
    assert are_equal(noted(runner, "begin"), stopped), "weights and the optimizer's state"
    third = runner.judged(ordered("0001", done=5, lazy=lazy), prune_at=None)
    assert isinstance(third[-1], TrialEnd), third[-1]
    assert third[-1].best_step == 0, "counted from the first epoch of this order"
    assert {**losses(first), **losses(second), **losses(third)} == losses(whole)
    assert not folder.exists(), "a trial that has ended needs no weights"


def test_a_model_that_was_trained_in_an_earlier_ones_graph(digits: Path, tmp_path: Path) -> None:
    """Most templates have no `fit`, and are trained by a model that the runner has kept."""
    order = search_order(
        project(SCRIPT, digits), NO_SPACE, objective="val_loss", direction="min", epochs=6,
        resumes=True,
    )  # fmt: skip
    with TrialRunner(tmp_path / "work") as runner:
        runner.begin(order)
        whole = runner.judged(ordered("0001"), prune_at=None)
        first = runner.judged(ordered("0002"), prune_at=3)
        assert isinstance(first[-1], TrialPruned), first[-1]
        # Another one is trained by the same kept model meanwhile.
        folder = runner.folder / "kt" / "search" / "trial_0002"
        kept = shutil.copytree(folder, tmp_path / "kept")
        runner.judged(ordered("0003"), prune_at=1)
        shutil.copytree(kept, folder)
        second = runner.judged(ordered("0002", done=3), prune_at=None)
    assert isinstance(second[-1], TrialEnd), second[-1]
    assert {**losses(first), **losses(second)} == losses(whole)


def test_weights_that_are_not_wanted_are_not_written(runner: TrialRunner) -> None:
    events = runner.judged(ordered("0006"), prune_at=2, keep_weights=False)
    assert isinstance(events[-1], TrialPruned), events[-1]
    assert list((runner.folder / "kt").rglob("*.h5")) == []


@pytest.mark.parametrize("how", ["loop", "own epochs"])
def test_what_cannot_go_on_leaves_no_weights(runner: TrialRunner, how: str) -> None:
    events = runner.judged(ordered("0003", fit=how), prune_at=2)
    assert isinstance(events[-1], TrialPruned), events[-1]
    assert list((runner.folder / "kt").rglob("*.h5")) == []


def test_a_fit_that_begins_anew_says_so(runner: TrialRunner) -> None:
    runner.judged(ordered("0004", fit="deaf"), prune_at=2)
    events = runner.judged(ordered("0004", done=2, fit="deaf"), prune_at=None)
    assert isinstance(events[-1], Failed)
    assert "begins with the first epoch again" in events[-1].message
    assert losses(events) == {}


def test_weights_that_are_gone_are_missed(runner: TrialRunner) -> None:
    (failed,) = runner.judged(ordered("0005", done=2), prune_at=None)
    assert failed.code == "missing_file"
