"""Executions and folds that are ordered one by one, of another process and in another order, give
together what one process gives that trains them all."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tuning.models import Search
from tuning.protocol.events import EpochEnd, TrialEnd
from tuning.protocol.model_kinds import ModelKind
from tuning.protocol.orders import SearchOrder
from tuning.protocol.tasks import Task
from tuning.runner.folds import folds_of
from tuning.supervisor.assignments.spread_trial import combined

from .harness import TrialRunner, project, search_order

pytestmark = pytest.mark.tensorflow

# Weights, the order of the rows and dropout depend on the seed of each execution.
NETWORK = """
import keras

def build_model(hp, input_shape, num_classes):
    model = keras.Sequential([
        keras.Input(input_shape),
        keras.layers.Flatten(),
        keras.layers.Dense(hp.Int("units", 4, 16), "relu"),
        keras.layers.Dropout(0.3),
        keras.layers.Dense(num_classes, "softmax"),
    ])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model
"""
FOREST = """
from sklearn.ensemble import RandomForestClassifier

def build_model(hp):
    return RandomForestClassifier(n_estimators=hp.Int("units", 4, 16))
"""
ORDERS = {
    "network": (NETWORK, {"executions_per_trial": 3, "epochs": 4, "kind": ModelKind.KERAS}),
    "folds": (FOREST, {"folds": 3, "objective": "score", "kind": ModelKind.SKLEARN}),
}


@pytest.fixture(scope="module", params=list(ORDERS))
def order(request: Any, digits: Path) -> SearchOrder:
    code, settings = ORDERS[request.param]
    return search_order(project(code, digits), {"space": [], "values": {}}, **settings)


@pytest.fixture
def runners(order: SearchOrder, tmp_path: Path) -> Iterator[list[TrialRunner]]:
    with TrialRunner(tmp_path / "one") as one, TrialRunner(tmp_path / "other") as other:
        for runner in (one, other):
            assert runner.begin(order).independent
        yield [one, other]


def epochs(events: list[Any]) -> list[tuple[Any, ...]]:
    """All but the time that they took."""
    return [(e.execution, e.epoch, e.metrics) for e in events if isinstance(e, EpochEnd)]


def test_each_execution_is_the_same_by_itself(
    order: SearchOrder, runners: list[TrialRunner]
) -> None:
    one, other = runners
    whole = one.trial("t", {"units": 8}, seed=7)
    parts = {}
    for execution, runner in ((2, other), (0, other), (1, one)):
        parts[execution] = runner.trial("t", {"units": 8}, seed=7, execution=execution)
    assert epochs(whole) == [epoch for _, part in sorted(parts.items()) for epoch in epochs(part)]
    assert len({str(metrics) for _, _, metrics in epochs(whole)}) == len(epochs(whole))
    results = {execution: part[-1] for execution, part in parts.items()}
    assert all(isinstance(result, TrialEnd) for result in results.values())
    search = Search(model_kind=order.kind, objective=order.objective)
    together = combined(search, results)
    assert replace(together, scores=[]) == whole[-1]
    if search.kind.has_epochs:
        alone = [result.metrics[order.objective] for _, result in sorted(results.items())]
        assert together.scores == alone


def test_a_confirmation_divides_the_same_rows_into_other_folds(digits: Path) -> None:
    order = search_order(project(FOREST, digits), {"space": [], "values": {}}, folds=3)
    x, y = np.zeros(30), np.repeat([0, 1, 2], 10)

    def parts(seed: int | None) -> list[list[int]]:
        folds = folds_of(replace(order, fold_seed=seed), Task.CLASSIFICATION).split(x, y)
        return [test.tolist() for _, test in folds]

    assert parts(None) == parts(order.project.split.seed)
    for seed in (5, 6):
        assert sorted(row for part in parts(seed) for row in part) == list(range(30))
        assert all(np.bincount(y[part]).max() <= 4 for part in parts(seed)), "still stratified"
    assert parts(None) != parts(5) != parts(6) == parts(6)
