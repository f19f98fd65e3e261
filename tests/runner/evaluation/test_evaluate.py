"""Models that cannot be evaluated stay models: the report says why."""

from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier

from tuning.protocol.evaluation import PREDICTIONS, Evaluation

from ..harness import project
from ..tables import raw_rows, write_table

pytestmark = pytest.mark.tensorflow


@pytest.fixture
def evaluated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function: the evaluation of an estimator that was fitted on a small table."""
    monkeypatch.chdir(tmp_path)
    folder = write_table(tmp_path / "table", raw_rows(60), "classification")

    def evaluated(estimator: Any, **split: Any) -> Evaluation:
        from tuning.runner.evaluation.evaluate import evaluate_estimator
        from tuning.runner.inputs.data import load_dataset
        from tuning.runner.saved.raw_sklearn import raw_rows as rows_of

        order = project("", folder, **split)
        dataset = load_dataset(order)
        estimator.fit(*rows_of(estimator, dataset, "train"))
        return evaluate_estimator(estimator, dataset, order, {}, Mock())

    return evaluated


class Broken(DummyClassifier):  # type: ignore[misc]
    def predict(self, x: Any) -> Any:
        raise MemoryError("no room for the distances")


class Nonsense(DummyClassifier):  # type: ignore[misc]
    def predict(self, x: Any) -> Any:
        return np.full(len(x), 7)


def test_without_test_rows_there_is_nothing_to_evaluate(evaluated: Any, tmp_path: Path) -> None:
    found = evaluated(DummyClassifier(), train=0.8, validation=0.2, test=0.0)
    assert found.problem.startswith("The project has no test rows")
    assert not (tmp_path / PREDICTIONS).exists()


def test_a_failing_prediction_is_a_sentence(evaluated: Any) -> None:
    found = evaluated(Broken())
    assert found.problem == (
        "Predicting the test rows failed: MemoryError: no room for the distances"
    )
    assert "not among the dataset's classes" in evaluated(Nonsense()).problem


def test_one_test_row_and_a_constant_model(evaluated: Any, tmp_path: Path) -> None:
    found = evaluated(DummyClassifier(), train=0.7, validation=0.28, test=0.02, stratified=False)
    assert found.problem == ""
    assert found.rows == len(np.load(tmp_path / PREDICTIONS)) == 1
    assert {column.mean for column in found.importances.columns} == {0.0}
    assert found.outputs[0].curves == []
