"""Trials in a real runner, over the protocol, as the supervisor orders them."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.services import PATIENCE
from tuning.protocol.events import Built, EpochEnd, Failed, NextTrial, TrialEnd

from .harness import TrialRunner, project, search_order

pytestmark = pytest.mark.tensorflow

# One template whose values decide what goes wrong, so that one runner serves many tests.
CODE = """
import keras
import keras_tuner as kt
import numpy as np


class Troubles(kt.HyperModel):
    def __init__(self, input_shape, num_classes):
        super().__init__()
        self.input_shape = input_shape
        self.num_classes = num_classes

    def build(self, hp):
        trouble = hp.Choice("trouble", ["none", "raise", "memory", "exit", "nothing", "nan",
                                        "inner", "dict", "input", "network"])
        if trouble == "raise":
            raise ValueError("these units do not fit")
        if trouble == "memory":
            raise MemoryError("no more")
        if trouble == "exit":
            raise SystemExit(3)
        if trouble == "network":
            keras.utils.get_file("x", "http://127.0.0.1:9/x")
        if trouble == "nothing":
            return None
        if trouble == "input":
            input()
        model = keras.Sequential([
            keras.Input(self.input_shape),
            keras.layers.Flatten(),
            keras.layers.Dense(hp.Int("units", 4, 16, default=8), "tanh"),
            keras.layers.Dense(3 if trouble == "inner" else self.num_classes, "softmax"),
        ])
        model.compile(
            keras.optimizers.Adam(hp.Float("learning_rate", 1e-4, 1e-1, default=1e-2)),
            "categorical_crossentropy" if trouble == "inner" else "sparse_categorical_crossentropy",
            metrics=["accuracy"],
        )
        return model

    def fit(self, hp, model, x, *args, **kwargs):
        if hp.get("trouble") == "nan":
            x = x * np.nan
        # The batch size is given twice, as in KerasTuner's guide.
        history = model.fit(x, *args, batch_size=hp.Choice("batch_size", [64, 128]), **kwargs)
        return {"other": 1.0} if hp.get("trouble") == "dict" else history
"""
SPACE = {
    "space": [
        {
            "class_name": "Int",
            "config": {
                "name": "units", "default": 8, "conditions": [], "min_value": 4,
                "max_value": 16, "step": 1, "sampling": "linear",
            },
        }
    ],
    "values": {},
}  # fmt: skip


@pytest.fixture(scope="module")
def runner(digits: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrialRunner]:
    """In a search for val_loss with two executions of two epochs."""
    order = search_order(
        project(CODE, digits),
        SPACE,
        objective="val_loss",
        direction="min",
        epochs=2,
        executions_per_trial=2,
    )
    with TrialRunner(tmp_path_factory.mktemp("search") / "work") as running:
        # With a `fit` of the template's own, a trial is ordered as a whole.
        assert not running.begin(order).independent
        yield running


def failure(runner: TrialRunner, trouble: str) -> Failed:
    event = runner.trial("t", {"trouble": trouble, "units": 8})[-1]
    assert isinstance(event, Failed)
    return event


@pytest.fixture(scope="module")
def events(runner: TrialRunner) -> list[Any]:
    """Those of one good trial."""
    return runner.trial("0", {"units": 8}, seed=5)


def test_a_trial_is_told_epoch_by_epoch(events: list[Any]) -> None:
    assert [type(event) for event in events] == [Built, *[EpochEnd] * 4, TrialEnd]
    assert events[0].parameters == 64 * 8 + 8 + 8 * 10 + 10
    assert "dense" in events[0].summary
    assert "Param #" in events[0].summary
    epochs = events[1:-1]
    assert [(e.execution, e.epoch) for e in epochs] == [(0, 1), (0, 2), (1, 1), (1, 2)]
    assert all(e.metrics.keys() == {"accuracy", "loss", "val_accuracy", "val_loss"} for e in epochs)
    assert all(e.seconds > 0 for e in epochs)


def test_the_score_is_the_mean_of_the_executions_best_epochs(events: list[Any]) -> None:
    *epochs, end = events[1:]
    best = [min(e.metrics["val_loss"] for e in epochs if e.execution == n) for n in (0, 1)]
    assert end.metrics["val_loss"] == pytest.approx(sum(best) / 2)
    assert end.best_step == 1


def test_a_trial_repeats_itself(runner: TrialRunner, events: list[Any]) -> None:
    same, other = (runner.trial("0", {"units": 8}, seed)[-1] for seed in (5, 6))
    assert same.metrics == events[-1].metrics
    assert other.metrics != events[-1].metrics


def test_nothing_but_the_log_is_left(runner: TrialRunner, events: list[Any]) -> None:
    assert isinstance(events[-1], TrialEnd)
    assert [path for path in (runner.folder / "kt").rglob("*") if path.is_file()] == []
    assert "Epoch 2/2" in runner.log
    assert "val_accuracy" in runner.log


def test_an_error_names_the_templates_line(runner: TrialRunner) -> None:
    failed = failure(runner, "raise")
    line = CODE.splitlines().index('            raise ValueError("these units do not fit")') + 1
    assert failed.code == "code_error"
    assert failed.message == f"ValueError in line {line}: these units do not fit"
    assert f'File "template.py", line {line}, in build' in failed.traceback
    assert 'raise ValueError("these units do not fit")' in failed.traceback
    assert "keras_tuner" not in failed.traceback


def test_an_error_inside_keras_names_the_templates_line_too(runner: TrialRunner) -> None:
    failed = failure(runner, "inner")
    assert failed.code == "unusable_template"
    assert "in fit\n    history = model.fit(" in failed.traceback


@pytest.mark.parametrize(
    ("trouble", "code", "text"),
    [
        ("memory", "out_of_memory", "no more"),
        ("exit", "code_error", "sys.exit(3)"),
        ("nothing", "no_model", "build returned None. It must return a compiled Keras model"),
        ("nan", "nan_score", "val_loss was nan"),
        (
            "dict",
            "no_score",
            "'val_loss' is not among the metrics that the training reported: other",
        ),
        ("input", "code_error", "EOFError"),
        ("network", "no_network", "connect the worker to the internet"),
    ],
)
def test_troubles_fail_the_trial_alone(
    runner: TrialRunner, trouble: str, code: str, text: str
) -> None:
    failed = failure(runner, trouble)
    assert (failed.code, text in failed.message) == (code, True), failed


def test_the_search_goes_on_after_failures(runner: TrialRunner) -> None:
    for _ in range(4):
        failure(runner, "raise")
    assert isinstance(runner.trial("8", {"units": 8})[-1], TrialEnd)


def test_early_stopping_and_a_missing_objective(digits: Path, tmp_path: Path) -> None:
    order = search_order(
        project(CODE, digits),
        SPACE,
        objective="val_auc",
        epochs=50,
        early_stopping_metric="val_accuracy",
        early_stopping_patience=1,
    )
    with TrialRunner(tmp_path / "work") as runner:
        runner.begin(order)
        *events, failed = runner.trial("0", {"learning_rate": 1e-9})
        assert len(events) < 10
        assert failed.code == "no_score"
        assert "accuracy, loss, val_accuracy, val_loss" in failed.message
        assert runner.finish() == 0


def test_hyperband_goes_on_where_the_parent_ended(digits: Path, tmp_path: Path) -> None:
    order = search_order(project(CODE, digits), SPACE, hyperband=True, epochs=4)
    bracket = {"units": 8, "learning_rate": 1e-2, "tuner/bracket": 1}
    parent = {**bracket, "tuner/epochs": 2, "tuner/initial_epoch": 0, "tuner/round": 0}
    child = {
        **bracket, "tuner/epochs": 4, "tuner/initial_epoch": 2, "tuner/round": 1,
        "tuner/trial_id": "0000",
    }  # fmt: skip
    with TrialRunner(tmp_path / "one") as runner:
        runner.begin(order)
        first = runner.trial("0000", parent)
        assert [e.epoch for e in first if isinstance(e, EpochEnd)] == [1, 2]
        kept = runner.folder / "kt" / "search" / "trial_0000"
        assert {path.name for path in kept.iterdir()} == {
            "checkpoint.weights.h5",
            "build_config.json",
        }
    with TrialRunner(tmp_path / "two") as runner:
        # As the supervisor does, on whichever machine the child runs.
        shutil.copytree(kept, runner.folder / "kt" / "search" / "trial_0000")
        runner.begin(order)
        second = runner.trial("0001", child)
        epochs = [e for e in second if isinstance(e, EpochEnd)]
        assert [e.epoch for e in epochs] == [3, 4]
        assert epochs[0].metrics["loss"] < first[-2].metrics["loss"]
        left = [path.name for path in (runner.folder / "kt" / "search").iterdir()]
        assert left == ["trial_0000"], "no trial goes on from one of the last round"
        # Weights of another shape, as after a table's inputs have changed: trained again.
        again = runner.trial("0003", {**child, "units": 16})
        assert isinstance(again[-1], TrialEnd)
        assert [e.epoch for e in again if isinstance(e, EpochEnd)] == [3, 4]
        assert again[1].metrics["loss"] < first[1].metrics["loss"]
        # A child whose parent's checkpoint is missing fails, and says why.
        lost = runner.trial("0002", {**child, "tuner/trial_id": "0009"})[-1]
        assert lost.code == "missing_file"
        left = (runner.folder / "kt" / "search").rglob("*.h5")
        assert list(left) == [], "earlier trials' checkpoints must not pile up"


def test_an_unusable_template_ends_the_search(digits: Path, tmp_path: Path) -> None:
    with TrialRunner(tmp_path / "work") as runner:
        failed = runner.result(search_order(project("x = 1", digits), SPACE), NextTrial)
        assert failed.code == "unusable_template"
        assert runner.receive() is None
        assert runner.process.wait(PATIENCE) == 0
