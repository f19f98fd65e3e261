"""A lost trial goes on from a checkpoint, in real runners, and ends as if it had not been lost."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from tuning.protocol.checkpoints import FOLDER
from tuning.protocol.events import CheckpointSaved, EpochEnd, Failed, Resumed, TrialEnd
from tuning.protocol.orders import SearchOrder, TrialOrder

from .harness import TrialRunner, project, search_order

pytestmark = pytest.mark.tensorflow

NO_SPACE: dict[str, Any] = {"space": [], "values": {}}
EPOCHS = 12
# What goes by the trial's seed or is remembered from epoch to epoch: the first weights, the order
# of the rows, dropout, means of batches, momentum, a learning rate that is cut, patience.
SCRIPT = """
import keras
import keras_tuner as kt


def build_model(hp):
    inputs = keras.Input((8, 8, 1))
    x = keras.layers.Flatten()(inputs)
    x = keras.layers.Dense(16, "relu")(x)
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.Dropout(0.4)(x)
    model = keras.Model(inputs, keras.layers.Dense(10, "softmax")(x))
    model.compile(keras.optimizers.Adam(0.03), "sparse_categorical_crossentropy")
    return model


tuner = kt.RandomSearch(build_model, objective="val_loss", max_trials=3)
tuner.search(x_train, y_train, callbacks=[
    keras.callbacks.ReduceLROnPlateau("val_loss", factor=0.5, patience=1, min_delta=0.05),
    keras.callbacks.EarlyStopping("val_loss", patience=6, restore_best_weights=True),
])
"""
# Whatever keeps a training from being continued as it was.
OBSTACLES = """
import keras
import keras_tuner as kt


class Doubled(keras.layers.Layer):
    def call(self, x):
        return 2 * x


class Subclass(keras.Model):
    pass


class Slow(keras.optimizers.SGD):
    pass


class Model(kt.HyperModel):
    def build(self, hp):
        what = hp.Choice("what", ["layer", "subclass", "optimizer"])
        inputs = keras.Input((8, 8, 1))
        x = keras.layers.Flatten()(inputs)
        if what == "layer":
            x = Doubled()(x)
        kind = Subclass if what == "subclass" else keras.Model
        model = kind(inputs, keras.layers.Dense(10, "softmax")(x))
        model.compile(Slow() if what == "optimizer" else "sgd", "sparse_categorical_crossentropy")
        return model
"""
FIT = """
    def fit(self, hp, model, *args, **kwargs):
        return model.fit(*args, **kwargs)
"""


def order_of(code: str, digits: Path, seconds: float | None, epochs: int = EPOCHS) -> SearchOrder:
    return search_order(
        project(code, digits), NO_SPACE, objective="val_loss", direction="min", epochs=epochs,
        checkpoint_seconds=seconds, early_stopping_metric="val_loss", early_stopping_patience=6,
        early_stopping_direction="min",
    )  # fmt: skip


def ended(runner: TrialRunner, order: TrialOrder) -> list[Any]:
    runner.send(order)
    return runner.until(TrialEnd, Failed)


def losses(events: list[Any]) -> dict[int, Any]:
    return {e.epoch: e.metrics for e in events if isinstance(e, EpochEnd)}


def test_a_killed_training_ends_as_one_that_was_not(digits: Path, tmp_path: Path) -> None:
    with TrialRunner(tmp_path / "lost") as runner:
        runner.begin(order_of(SCRIPT, digits, seconds=0))
        # After its sixth epoch it waits for a verdict, however late we kill it.
        runner.send(TrialOrder("0001", {}, 1, verdicts_after=5))
        before = [event for _ in range(4) for event in runner.until(CheckpointSaved)]
        runner.process.kill()
        runner.process.wait()
        # It went on until it was killed, and keeps the last two.
        names = [path.name for path in (runner.folder / FOLDER).iterdir()]
        last = max(int(name) for name in names if name.isdigit())
        stored = shutil.copytree(runner.folder / FOLDER / str(last), tmp_path / "stored")
    # Elsewhere: in a process that has not trained such a model, and in one that has.
    with TrialRunner(tmp_path / "other") as runner:
        runner.begin(order_of(SCRIPT, digits, seconds=None))
        after = []
        for token in ("first", "second"):
            shutil.copytree(stored, runner.folder / FOLDER / str(last))
            resumed = TrialOrder("0001", {}, 1, token, resume_after=last)
            after.append(ended(runner, resumed))
            assert Resumed(last, trial=token) in after[-1]
        whole = ended(runner, TrialOrder("0001", {}, 1, "whole"))
        assert not (runner.folder / FOLDER).exists()
    assert isinstance(whole[-1], TrialEnd), whole[-1]
    assert len(losses(whole)) > last
    assert len({metrics["learning_rate"] for metrics in losses(whole).values()}) > 1
    for events in after:
        assert [*losses(events)] == [*losses(whole)][last:]
        assert losses(events).items() <= losses(whole).items()
        assert losses(before).items() <= losses(whole).items()


@pytest.mark.parametrize("what", ["layer", "subclass", "optimizer", "fit"])
def test_what_could_go_on_otherwise_has_no_checkpoints_and_says_so(
    digits: Path, tmp_path: Path, what: str
) -> None:
    code = OBSTACLES + (FIT if what == "fit" else "")
    with TrialRunner(tmp_path / "work") as runner:
        runner.begin(order_of(code, digits, seconds=0, epochs=2))
        events = ended(runner, TrialOrder("0001", {"what": what} if what != "fit" else {}, 1))
        assert isinstance(events[-1], TrialEnd), events[-1]
        assert not any(isinstance(event, CheckpointSaved) for event in events)
        assert "This trial has no checkpoints" in runner.log


def test_a_checkpoint_that_does_not_fit_is_left_and_the_trial_begins_again(
    digits: Path, tmp_path: Path
) -> None:
    with TrialRunner(tmp_path / "work") as runner:
        runner.begin(order_of(SCRIPT, digits, seconds=0, epochs=2))
        for token, arrays in (("other", b""), ("cut off", b"PK\x03\x04")):
            broken = runner.folder / FOLDER / "1"
            broken.mkdir(parents=True, exist_ok=True)
            (broken / "state.json").write_text("{}")
            (broken / "variables.npz").write_bytes(arrays)
            events = ended(runner, TrialOrder("0001", {}, 1, token, resume_after=1))
            assert isinstance(events[-1], TrialEnd), events[-1]
            assert [*losses(events)] == [1, 2]
            assert not any(isinstance(event, Resumed) for event in events)
            # One of its own takes the place.
            assert CheckpointSaved(1, trial=token) in events
        assert runner.log.count("The checkpoint after epoch 1 is not used") == 2
