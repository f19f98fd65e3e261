"""What a runner says of its model on the test rows: stored beside the model, or refused without
harm to it."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings

from tuning.actions.saved_models import delete_saved_model, evaluate, retrain
from tuning.models import Dataset, ModelEvaluation, SavedModel
from tuning.protocol.evaluation import Evaluation, OutputReport, Score
from tuning.protocol.events import (
    BadEvent,
    Evaluated,
    Failed,
    Retrained,
    decode_event,
    encode_event,
)
from tuning.protocol.orders import EvaluateOrder
from tuning.protocol.statuses import Status
from tuning.supervisor import files

from .fake_runner import good_trial

REPORT = Evaluation(rows=2, outputs=[OutputReport("y", "regression", [Score("r2", None)])])
LINES = np.array([[4.0, 1.0, 1.5, np.nan], [0.0, 2.0, 2.5, np.nan]])


def npy(lines: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, lines, allow_pickle=True)
    return buffer.getvalue()


@pytest.fixture
def retrained(make_search: Any, make_slot: Any, alice: Any) -> Any:
    def retrained(evaluation: Evaluation, predictions: bytes) -> SavedModel:
        search = make_search(max_trials=1)
        for dataset in Dataset.objects.filter(pk=search.project.dataset_id):
            dataset.profile["rows"] = 10
            dataset.save()
        make_slot(good_trial).run()
        saved = retrain(alice, search.trials.get())
        make_slot(good_trial, evaluation=evaluation, predictions=predictions).run()
        saved.refresh_from_db()
        assert saved.status == Status.COMPLETED
        return saved

    return retrained


def test_report_and_predictions_are_kept_as_long_as_the_model(
    retrained: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = retrained(REPORT, npy(LINES))
    evaluation = saved.evaluation
    assert evaluation.report["rows"] == 2
    assert evaluation.report["outputs"][0]["scores"] == [
        {"name": "r2", "value": None, "low": None, "high": None}
    ]
    path = Path(settings.SAVED_MODELS_ROOT) / evaluation.file
    assert np.array_equal(np.load(path), LINES, equal_nan=True)
    monkeypatch.setattr(files, "SWEEP_AFTER", -files.SWEEP_AFTER)
    files.sweep()
    assert path.exists()
    delete_saved_model(saved)
    files.sweep()
    assert not path.exists()


@pytest.mark.parametrize(
    "predictions",
    [
        b"", b"no array", npy(LINES[:1]), npy(LINES.astype("float32")),
        npy(np.full((2, 4), np.inf)),
        npy(np.array([["a"] * 4] * 2, dtype=object)), npy(np.zeros((2_000, 4))),
    ],
)  # fmt: skip
def test_predictions_that_are_none_cost_the_evaluation_and_not_the_model(
    retrained: Any, predictions: bytes
) -> None:
    saved = retrained(REPORT, predictions)
    evaluation = ModelEvaluation.objects.get(saved_model=saved)
    assert (saved.test_metrics, evaluation.file) == ({"accuracy": 0.9}, "")
    assert evaluation.report["problem"].startswith("The runner reported ")
    assert evaluation.report["outputs"] == []


def test_more_test_rows_than_the_dataset_has_are_refused(retrained: Any) -> None:
    saved = retrained(Evaluation(11, outputs=REPORT.outputs), npy(np.zeros((11, 4))))
    assert "more test rows" in saved.evaluation.report["problem"]


def test_a_model_without_evaluation_says_why(retrained: Any) -> None:
    saved = retrained(Evaluation(problem="It predicts NaN."), b"")
    assert saved.evaluation.report["problem"] == "It predicts NaN."


def test_every_field_of_a_report_is_checked() -> None:
    event = Retrained({}, 0, {}, evaluation=REPORT)
    assert decode_event(encode_event(event)) == event
    document = json.loads(encode_event(event))
    for place, value in (
        ("scores", [{"name": "r2", "value": "high"}]), ("confusion", {"classes": [-1]}),
        ("curves", [{"kind": "roc", "of_class": 0, "area": 1, "x": ["a"], "y": []}]),
        ("confusion", {"classes": [0], "counts": [[1.5]]}), ("calibration", None),
    ):  # fmt: skip
        output = {**document["evaluation"]["outputs"][0], place: value}
        line = {**document, "evaluation": {**document["evaluation"], "outputs": [output]}}
        with pytest.raises(BadEvent):
            decode_event(json.dumps(line).encode())


def test_a_model_without_evaluation_gets_one_by_its_file(
    retrained: Any, make_slot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = retrained(Evaluation(problem="It predicts NaN."), b"")
    assert evaluate(saved)
    assert not evaluate(saved), "it waits already"
    events = [Failed("killed", "The process was killed.")]
    make_slot(answers=iter(events)).run()
    evaluation = ModelEvaluation.objects.get(saved_model=saved)
    assert (evaluation.status, evaluation.report) == (Status.FAILED, {})
    assert evaluate(saved)
    slot = make_slot(answers=iter([Evaluated(REPORT)]), predictions=npy(LINES))
    slot.run()
    order = slot.started[0].orders[0]
    assert isinstance(order, EvaluateOrder)
    assert (order.model, order.metrics) == ("model.keras", {"accuracy": 0.9})
    evaluation.refresh_from_db()
    assert evaluation.report["rows"] == 2
    assert np.array_equal(
        np.load(Path(settings.SAVED_MODELS_ROOT) / evaluation.file), LINES, equal_nan=True
    )
    assert not evaluate(saved), "it has one"
    # Models of earlier versions have no row at all.
    evaluation.delete()
    assert evaluate(saved)
    make_slot(answers=iter([Evaluated(REPORT)]), predictions=b"no array").run()
    evaluation = ModelEvaluation.objects.get(saved_model=saved)
    assert evaluation.report["problem"].startswith("The runner reported ")
