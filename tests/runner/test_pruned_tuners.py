"""Trials of custom tuners and cross-validations that are pruned, in a real runner."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tuning.protocol.events import EpochEnd, TrialEnd, TrialPruned
from tuning.protocol.orders import TrialOrder

from .harness import TrialRunner, project, search_order

pytestmark = pytest.mark.tensorflow

NO_SPACE: dict[str, Any] = {"space": [], "values": {}}
# One class whose values decide how it trains; it writes down how far it came.
CODE = """
import json

import keras
import keras_tuner as kt
import numpy as np


def note(*what):
    with open("diary.jsonl", "a") as file:
        file.write(json.dumps(what) + "\\n")


class Ending(keras.callbacks.Callback):
    def on_train_end(self, logs=None):
        note("fit ended")


def build_model(hp):
    model = keras.Sequential([
        keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(10, "softmax"),
    ])
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


class Own(kt.Tuner):
    def run_trial(self, trial, x, y, validation_data, callbacks, **kwargs):
        way = trial.hyperparameters.Choice("way", [
            "inherited", "fits", "fit by fit", "update_trial", "heeds", "swallows",
            "from 1", "without steps", "result", "folds"])
        if way == "inherited":
            return super().run_trial(
                trial, x, y, validation_data=validation_data, callbacks=[Ending()], **kwargs)
        if way == "fits":
            for _ in range(3):
                model = self.hypermodel.build(trial.hyperparameters)
                history = model.fit(x, y, validation_data=validation_data, epochs=4, verbose=0,
                                    callbacks=[Ending()])
            return history
        if way == "fit by fit":
            model = self.hypermodel.build(trial.hyperparameters)
            for _ in range(6):
                history = model.fit(x[:64], y[:64], validation_data=validation_data, verbose=0)
            return history
        if way == "result":
            self.oracle.update_trial(trial.trial_id, {"accuracy": 0.5})
            self.oracle.update_trial(trial.trial_id, {"val_loss": 0.25})
            return
        if way == "folds":
            for _ in range(2):
                for step in range(2):
                    self.oracle.update_trial(trial.trial_id, {"val_loss": 2.0 - step}, step=step)
            return
        for step in range(6):
            note("step", step)
            try:
                if way == "without steps":
                    self.oracle.update_trial(trial.trial_id, {"val_loss": 6.0 - step})
                else:
                    shown = self.oracle.update_trial(
                        trial.trial_id, {"val_loss": 6.0 - step}, step=step + (way == "from 1"))
                if way == "heeds" and shown.status == "STOPPED":
                    break
            except BaseException:
                note("swallowed")
                if way != "swallows":
                    raise

    def on_trial_end(self, trial):
        if trial.hyperparameters.get("way") == "fits":
            # What a class does with its best model, say.
            model = self.hypermodel.build(trial.hyperparameters)
            model.fit(np.zeros((4, 8, 8, 1)), np.zeros(4), callbacks=[Ending()], verbose=0)
        super().on_trial_end(trial)


tuner = Own(oracle=None, hypermodel=build_model)
tuner.search(x_train, y_train)
"""
# Its epochs are what it says, not those of Keras.
LOOP = """
class Looping(kt.Tuner):
    def run_trial(self, trial, x, y):
        way = trial.hyperparameters.Choice("way", ["fit", "on_epoch_begin"])
        model = self.hypermodel.build(trial.hyperparameters)
        for epoch in range(6):
            note("epoch", epoch)
            if way == "on_epoch_begin":
                self.on_epoch_begin(trial, model, epoch)
                note("trained") if epoch > 1 else None
            else:
                model.fit(x[:64], y[:64], callbacks=[Ending()] if epoch > 1 else [], verbose=0)
            try:
                self.on_epoch_end(trial, model, epoch, logs={"mine": 1.0})
            except Exception:
                note("handled")
        return 1.0


tuner = Looping(oracle=None, hypermodel=build_model)
tuner.search(x_train, y_train)
"""
LOOP = CODE.partition("class Own")[0] + LOOP


class Bench:
    def __init__(self, runner: TrialRunner) -> None:
        self.runner = runner
        self._count = 0

    def pruned(self, at: int | None, way: str) -> list[Any]:
        self._count += 1
        (self.runner.folder / "diary.jsonl").unlink(missing_ok=True)
        order = TrialOrder(f"{self._count:04}", {"way": way}, 1, f"token-{self._count}", 1)
        return self.runner.judged(order, at)

    @property
    def diary(self) -> list[list[Any]]:
        file = self.runner.folder / "diary.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()]


@pytest.fixture(scope="module")
def bench(digits: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    order = search_order(
        project(CODE, digits), NO_SPACE, objective="val_loss", direction="min", epochs=4,
        executions_per_trial=2, kind="custom",
    )  # fmt: skip
    with TrialRunner(tmp_path_factory.mktemp("tuners") / "work") as runner:
        runner.begin(order)
        yield Bench(runner)


def epochs_of(events: list[Any]) -> list[tuple[int, int]]:
    return [(event.execution, event.epoch) for event in events if isinstance(event, EpochEnd)]


@pytest.mark.parametrize(("way", "after_trial"), [("inherited", 0), ("fits", 1)])
def test_a_fit_of_keras_ends_and_no_other_begins(bench: Bench, way: str, after_trial: int) -> None:
    events = bench.pruned(2, way)
    assert epochs_of(events) == [(0, 1), (0, 2)]
    assert isinstance(events[-1], TrialPruned), events[-1]
    assert bench.diary == [["fit ended"]] * (1 + after_trial)
    events = bench.pruned(6, way)
    assert epochs_of(events)[-1] == (1, 2)
    assert isinstance(events[-1], TrialPruned)
    assert bench.diary == [["fit ended"]] * (2 + after_trial)


def test_an_epoch_may_be_a_fit(bench: Bench) -> None:
    events = bench.pruned(3, "fit by fit")
    assert epochs_of(events) == [(0, 1), (0, 2), (0, 3)]
    assert isinstance(events[-1], TrialPruned)


def test_a_loop_with_epochs_of_its_own(digits: Path, tmp_path: Path) -> None:
    order = search_order(
        project(LOOP, digits), NO_SPACE, objective="mine", direction="min", kind="custom"
    )
    with TrialRunner(tmp_path / "work") as runner:
        runner.begin(order)
        # A fit is not begun, and neither is an epoch that the class announces.
        for way in ("fit", "on_epoch_begin"):
            events = Bench(runner).pruned(2, way)
            assert epochs_of(events) == [(0, 1), (0, 2)]
            assert isinstance(events[-1], TrialPruned), events[-1]
            assert Bench(runner).diary == [["epoch", 0], ["epoch", 1], ["epoch", 2]]


def test_a_loop_that_reports_by_update_trial(bench: Bench) -> None:
    events = bench.pruned(3, "update_trial")
    assert epochs_of(events) == [(0, 1), (0, 2), (0, 3), (0, 4)]
    assert isinstance(events[-1], TrialPruned)
    assert [e.metrics["val_loss"] for e in events[:-1]] == [6.0, 5.0, 4.0, 3.0]
    assert bench.diary[-1] == ["swallowed"]
    # As early versions of KerasTuner showed it.
    events = bench.pruned(3, "heeds")
    assert epochs_of(events) == [(0, 1), (0, 2), (0, 3)]
    assert isinstance(events[-1], TrialPruned)
    assert bench.diary[-1] == ["step", 2]
    # Whatever it does, it is pruned.
    events = bench.pruned(3, "swallows")
    assert len(epochs_of(events)) == 6
    assert isinstance(events[-1], TrialPruned)


@pytest.mark.parametrize("way", ["from 1", "without steps"])
def test_reports_are_numbered_as_epochs(bench: Bench, way: str) -> None:
    events = bench.pruned(None, way)
    assert epochs_of(events) == [(0, number) for number in range(1, 7)]
    assert isinstance(events[-1], TrialEnd), events[-1]
    assert (events[-1].metrics, events[-1].best_step) == ({"val_loss": 1.0}, 5)


def test_reports_that_begin_again_are_another_execution(bench: Bench) -> None:
    events = bench.pruned(None, "folds")
    assert epochs_of(events) == [(0, 1), (0, 2), (1, 1), (1, 2)]
    assert isinstance(events[-1], TrialEnd), events[-1]


def test_a_result_in_parts_is_no_loop(bench: Bench) -> None:
    events = bench.pruned(None, "result")
    assert epochs_of(events) == [(0, 1)]
    assert events[-1].metrics == {"val_loss": 0.25}


def test_a_cross_validation_ends_between_folds(digits: Path, tmp_path: Path) -> None:
    code = (
        "from sklearn.linear_model import RidgeClassifier\n"
        "def build_model(hp):\n"
        "    return RidgeClassifier(alpha=hp.Float('alpha', 0.1, 1.0))\n"
    )
    order = search_order(project(code, digits), NO_SPACE, kind="sklearn", objective="score")
    with TrialRunner(tmp_path / "work") as runner:
        runner.begin(order)
        events = runner.judged(TrialOrder("1", {}, 1, "first", 1), prune_at=3)
        assert epochs_of(events) == [(0, 1), (1, 1), (2, 1)]
        assert isinstance(events[-1], TrialPruned)
        events = runner.judged(TrialOrder("2", {}, 1, "second", 1), prune_at=5)
        assert len(epochs_of(events)) == 5
        assert isinstance(events[-1], TrialEnd), "all folds are there, and so is the score"
