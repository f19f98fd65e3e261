"""Constants of a template's form reach the arguments of every kind of template, in real runs."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tuning.protocol.events import Failed, Inspected, Retrained, TrialEnd
from tuning.protocol.orders import InspectOrder, ProjectOrder, RetrainOrder

from .harness import Runner, TrialRunner, project, search_order

pytestmark = pytest.mark.tensorflow

HEAD = """
import keras
import keras_tuner as kt

def network(width, rate):
    model = keras.Sequential([
        keras.layers.Input((8, 8, 1)),
        keras.layers.Flatten(),
        keras.layers.Dense(width, "relu"),
        keras.layers.Dense(10, "softmax"),
    ])
    loss = "sparse_categorical_crossentropy"
    model.compile(keras.optimizers.Adam(rate), loss, metrics=["accuracy"])
    return model
"""
RATE = 'hp.Choice("rate", [0.01, 0.001])'
FUNCTION = (
    HEAD
    + f"""
def build_model(hp, width):
    return network(width, {RATE})
"""
)
HYPERMODEL = (
    HEAD
    + f"""
class Ours(kt.HyperModel):
    def __init__(self, width, name=None):
        super().__init__(name)
        self.width = width

    def build(self, hp):
        return network(self.width, {RATE})
"""
)
# Scripts that say another width, which the form's goes before: as a constant, as an argument.
GLOBAL = (
    HEAD
    + f"""
width = 7
def build_model(hp):
    return network(width, {RATE})
kt.RandomSearch(build_model, "val_accuracy").search(x_train, y_train)
"""
)
ARGUMENT = HYPERMODEL + 'kt.RandomSearch(Ours(7), "val_accuracy").search(x_train, y_train)'
# Its script says another width, which the form's goes before.
TUNER = (
    HEAD
    + f"""
def build_model(hp):
    return network(7, {RATE})

class Ours(kt.RandomSearch):
    def __init__(self, hypermodel, width, **kwargs):
        super().__init__(hypermodel, **kwargs)
        self.width = width

    def run_trial(self, trial, *args, **kwargs):
        hp = trial.hyperparameters
        model = network(self.width, {RATE})
        return model.fit(*args, **kwargs)

tuner = Ours(build_model, width=5, objective="val_accuracy", max_trials=3)
tuner.search(x_train, y_train)
"""
)
ESTIMATOR = """
from sklearn.ensemble import RandomForestClassifier

def build_model(hp, width):
    return RandomForestClassifier(width, max_depth=hp.Choice("rate", [3, 5]))
"""
WIDTH = 3
# Weights of 64 inputs and 10 classes.
PARAMETERS = 64 * WIDTH + WIDTH + 10 * WIDTH + 10


def given(code: str, dataset: Path) -> ProjectOrder:
    return replace(project(code, dataset), constants={"width": WIDTH})


def inspected(order: ProjectOrder, folder: Path) -> Any:
    with Runner(folder) as runner:
        return runner.result(InspectOrder(order), Inspected)


@pytest.mark.parametrize("code", [FUNCTION, HYPERMODEL, GLOBAL, ARGUMENT])
def test_a_builder_a_hypermodel_and_scripts(code: str, digits: Path, tmp_path: Path) -> None:
    found = inspected(given(code, digits), tmp_path / "work")
    assert isinstance(found, Inspected), found
    assert found.parameters == PARAMETERS


def test_without_it_the_form_is_named(digits: Path, tmp_path: Path) -> None:
    failed = inspected(project(FUNCTION, digits), tmp_path / "work")
    assert isinstance(failed, Failed)
    assert "or a value under Constants in the template's form: width = ..." in failed.message


@pytest.mark.parametrize(("code", "kind"), [(TUNER, "custom"), (ESTIMATOR, "sklearn")])
def test_a_tuner_class_and_an_estimator(code: str, kind: str, digits: Path, tmp_path: Path) -> None:
    order = given(code, digits)
    found = inspected(order, tmp_path / "inspected")
    assert isinstance(found, Inspected), found
    assert found.kind == kind
    metric = {"custom": "val_accuracy", "sklearn": "score"}[kind]
    values = {"rate": found.space["space"][0]["config"]["values"][0]}
    searching = search_order(order, found.space, objective=metric, kind=kind, folds=2)
    with TrialRunner(tmp_path / "search") as runner:
        runner.begin(searching)
        events = runner.trial("0000", values)
        assert isinstance(events[-1], TrialEnd), events
        built = events[0]
        assert runner.finish() == 0
    retraining = RetrainOrder(order, values, found.space, 1, 64, 1, kind=kind)
    with Runner(tmp_path / "retrain") as runner:
        retrained = runner.result(retraining, Retrained)
    assert isinstance(retrained, Retrained), retrained
    if kind == "custom":
        assert [built.parameters, found.parameters, retrained.parameters] == [PARAMETERS] * 3
    else:
        summaries = [built.summary, found.summary, retrained.summary]
        assert [f"n_estimators={WIDTH}" in summary for summary in summaries] == [True] * 3
