"""What KerasTuner and TensorFlow themselves write."""

from pathlib import Path

import pytest

from tests.runner.warm import python
from tuning.protocol.events import IMPORTED, FoundTrial, Imported, decode_event
from tuning.protocol.orders import ImportOrder
from tuning.runner.imports.importing import import_search

pytestmark = pytest.mark.tensorflow

KERAS_TUNER = """
import keras_tuner as kt

class Tuner(kt.Tuner):
    def run_trial(self, trial):
        hp = trial.hyperparameters
        units = hp.Int("units", 8, 64, step=8)
        if hp.Choice("optimizer", ["adam", "sgd"]) == "sgd":
            with hp.conditional_scope("optimizer", ["sgd"]):
                hp.Float("momentum", 0.0, 0.9)
        return [{"val_loss": 1 / units, "val_accuracy": units / 100} for _ in range(2)]

# A Hyperband that knows no hyperparameters ends at once.
space = kt.HyperParameters()
space.Int("units", 8, 64, step=8)
oracle = kt.oracles.{oracle}
Tuner(oracle, hypermodel=None, directory="kt", project_name="mine").search()
"""
HPARAMS = """
import tensorflow as tf
from tensorboard.plugins.hparams import api as hp

units = hp.HParam("units", hp.Discrete([8, 16]))
dropout = hp.HParam("dropout", hp.RealInterval(0.1, 0.5))
with tf.summary.create_file_writer("logs").as_default():
    hp.hparams_config(hparams=[units, dropout], metrics=[hp.Metric("accuracy")])
for number, (u, d) in enumerate([(8, 0.1), (16, 0.2), (8, 0.5)]):
    with tf.summary.create_file_writer(f"logs/run-{number}").as_default():
        hp.hparams({units: u, dropout: d, "activation": "relu"})
        for step in range(3):
            tf.summary.scalar("accuracy", (number + 1) * 0.1 + step * 0.125, step=step)
"""


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def written_by(program: str, folder: str) -> tuple[Imported, list[FoundTrial]]:
    done = python("-c", program)
    assert done.returncode == 0, done.stderr
    # As people do it.
    assert python("-m", "zipfile", "-c", "upload", folder).returncode == 0
    events: list[object] = []
    import_search(ImportOrder("upload", "upload.zip", 2**26), events.append)
    imported = events[-1]
    assert isinstance(imported, Imported)
    trials = [decode_event(line) for line in Path(IMPORTED).read_bytes().splitlines()]
    return imported, [trial for trial in trials if isinstance(trial, FoundTrial)]


@pytest.mark.parametrize(
    ("oracle", "tuner"),
    [
        ("RandomSearchOracle(objective='val_loss', max_trials=4, seed=1)", "random"),
        ("BayesianOptimizationOracle(objective='val_loss', max_trials=4, seed=1)", "bayesian"),
        ("HyperbandOracle('val_loss', max_epochs=9, hyperparameters=space, seed=1)", "hyperband"),
        ("GridSearchOracle(objective='val_loss', max_trials=4)", "random"),
    ],
)
def test_keras_tuner(oracle: str, tuner: str) -> None:
    imported, trials = written_by(KERAS_TUNER.replace("{oracle}", oracle), "kt/mine")
    assert (imported.name, imported.tuner) == ("mine", tuner)
    assert (imported.objective, imported.direction) == ("val_loss", "min")
    kinds = {e["config"]["name"]: e["class_name"] for e in imported.space["space"]}
    assert kinds == {"units": "Int", "optimizer": "Choice", "momentum": "Float"}
    assert len(trials) == imported.trials >= 4
    for trial in trials:
        units = trial.values["units"]
        assert trial.status == "completed"
        assert trial.metrics == {"val_loss": 1 / units, "val_accuracy": units / 100}
        assert ("momentum" in trial.values) <= (trial.values["optimizer"] == "sgd")
        assert [epoch.epoch for epoch in trial.epochs] == [trial.best_epoch]
        assert trial.started > 0


def test_the_hparams_api() -> None:
    imported, trials = written_by(HPARAMS, "logs")
    assert (imported.origin, imported.objective) == ("tensorboard", "accuracy")
    entries = {e["config"]["name"]: (e["class_name"], e["config"]) for e in imported.space["space"]}
    assert entries["units"][1]["values"] == [8, 16]
    dropout = entries["dropout"][1]
    assert (dropout["min_value"], dropout["max_value"]) == (0.1, 0.5)
    assert entries["activation"][0] == "Fixed"
    assert [trial.values["units"] for trial in trials] == [8, 16, 8]
    assert trials[0].values == {"units": 8, "dropout": 0.1, "activation": "relu"}
    assert trials[2].metrics["accuracy"] == pytest.approx(0.55)
    assert [epoch.epoch for epoch in trials[2].epochs] == [1, 2, 3]
    assert all(trial.status == "completed" for trial in trials)
