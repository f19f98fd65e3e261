"""A question to a saved model from its row to its answer, and what a hostile runner may not say."""

import base64
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from tuning.actions.predictions import ask, ask_file
from tuning.actions.saved_models import retrain
from tuning.models import Prediction, SavedModel
from tuning.models.predictions import KEPT_FOR
from tuning.protocol.events import Failed, Predicted
from tuning.protocol.orders import PredictOrder
from tuning.protocol.predictions import PredictedOutput, RowSource
from tuning.protocol.statuses import Status
from tuning.supervisor import files

from .fake_runner import good_trial

OUTPUT = PredictedOutput("class", "classification", [3.0], [[0.1] * 10], True)
GOOD = Predicted(1, [OUTPUT], ["A note."])
TABLE = b"town,predicted class\r\n=SUM(1),-3\r\n"


@pytest.fixture
def saved(make_search: Any, make_slot: Any, alice: Any) -> SavedModel:
    search = make_search(max_trials=1)
    make_slot(good_trial).run()
    saved = retrain(alice, search.trials.get())
    make_slot(good_trial).run()
    return SavedModel.objects.get(pk=saved.pk)


def answers(*events: Any, table: bytes = TABLE) -> Any:
    """What a fake runner says to questions, one after the other."""
    return {"answers": iter(events), "table": table}


def test_an_answer_is_kept_with_its_table(saved: SavedModel, make_slot: Any, dora: Any) -> None:
    asked = ask(dora, saved, {"pixel": 1.0})
    slot = make_slot(**answers(GOOD))
    assert slot.run() == 1
    asked.refresh_from_db()
    assert (asked.status, asked.answer["notes"]) == (Status.COMPLETED, ["A note."])
    [runner] = slot.started
    order = runner.orders[0]
    assert isinstance(order, PredictOrder)
    assert (order.model, order.rows, order.about["class_names"][3]) == (
        "model.keras", [{"pixel": 1.0}], "3",
    )  # fmt: skip
    # A spreadsheet runs nothing of it; numbers stay numbers.
    stored = Path(settings.PREDICTIONS_ROOT) / asked.file
    assert stored.read_bytes() == b"town,predicted class\r\n'=SUM(1),-3\r\n"


def test_the_next_question_finds_the_model_loaded(
    saved: SavedModel, make_slot: Any, dora: Any, bob: Any
) -> None:
    slot = make_slot(**answers(GOOD, GOOD, GOOD))
    for person in (dora, bob):
        ask(person, saved, {})
        assert slot.run() == 1
    [runner] = slot.started
    assert len(runner.orders) == 2
    # It died meanwhile: the question does not suffer.
    runner.ended = True
    ask(dora, saved, {})
    slot.run()
    assert len(slot.started) == 2
    assert set(Prediction.objects.values_list("status", flat=True)) == {"completed"}
    slot.pool.close()
    assert all(one.ended for one in slot.started)


def test_a_runner_with_the_templates_code_does_not_wait(
    saved: SavedModel, make_slot: Any, dora: Any
) -> None:
    SavedModel.objects.update(layers_code="import keras")
    ask(dora, saved, {})
    slot = make_slot(**answers(GOOD))
    slot.run()
    assert slot.started[0].ended


def test_a_file_is_handed_over_and_deleted(saved: SavedModel, make_slot: Any, dora: Any) -> None:
    upload = Path(settings.UPLOADS_ROOT) / "coming"
    upload.write_bytes(b"a,b\n")
    asked = ask_file(dora, saved, RowSource.TABLE, upload, "my rows.csv")
    slot = make_slot(**answers(Failed("bad_data", "The file has a header but no rows.")))
    slot.run()
    order = slot.started[0].orders[0]
    assert (order.name, order.source) == ("my rows.csv", "table")
    asked.refresh_from_db()
    assert asked.failure_message == "The file has a header but no rows."
    assert not asked.original.exists()
    assert slot.started[0].ended


@pytest.mark.parametrize(
    ("event", "table"),
    [
        (replace(GOOD, rows=2), TABLE), (replace(GOOD, rows=0), TABLE),
        (replace(GOOD, outputs=[]), TABLE),
        (replace(GOOD, outputs=[replace(OUTPUT, values=[10.0])]), TABLE),
        (replace(GOOD, outputs=[replace(OUTPUT, values=[1.5])]), TABLE),
        (replace(GOOD, outputs=[replace(OUTPUT, values=[None])]), TABLE),
        (replace(GOOD, outputs=[replace(OUTPUT, scores=[[1.0]])]), TABLE),
        (replace(GOOD, picture=base64.b64encode(b"<svg>").decode()), TABLE),
        (replace(GOOD, picture="not base64"), TABLE),
        (GOOD, b"\xff\xfe"), (GOOD, b"only a head\r\n"), (GOOD, b""),
    ],
)  # fmt: skip
def test_what_a_runner_may_not_say(
    saved: SavedModel, make_slot: Any, dora: Any, event: Predicted, table: bytes
) -> None:
    asked = ask(dora, saved, {})
    make_slot(**answers(event, table=table)).run()
    asked.refresh_from_db()
    assert (asked.status, asked.failure_code) == (Status.FAILED, "bad_event")
    assert (asked.answer, asked.file) == ({}, "")


def test_a_missing_model_is_said(saved: SavedModel, make_slot: Any, dora: Any) -> None:
    (Path(settings.SAVED_MODELS_ROOT) / saved.file).unlink()
    asked = ask(dora, saved, {})
    make_slot(**answers(GOOD)).run()
    asked.refresh_from_db()
    assert asked.failure_message == "The model's file is missing."


def test_questions_and_answers_are_deleted_after_an_hour(
    saved: SavedModel, make_slot: Any, dora: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ask(dora, saved, {})
    make_slot(**answers(GOOD)).run()
    asked.refresh_from_db()
    stored = Path(settings.PREDICTIONS_ROOT) / asked.file
    monkeypatch.setattr(files, "SWEEP_AFTER", -files.SWEEP_AFTER)
    files.sweep()
    assert stored.exists()
    Prediction.objects.update(finished_at=timezone.now() - 2 * KEPT_FOR)
    files.sweep()
    assert not stored.exists()
    assert not Prediction.objects.exists()


def test_a_new_question_replaces_the_one_that_waits(
    saved: SavedModel, make_slot: Any, dora: Any, bob: Any
) -> None:
    first, other, second = ask(dora, saved, {}), ask(bob, saved, {}), ask(dora, saved, {})
    slot = make_slot(**answers(GOOD, GOOD))
    slot.run()
    found = dict(Prediction.objects.values_list("pk", "status"))
    assert found == {first.pk: "stopped", other.pk: "completed", second.pk: "completed"}
