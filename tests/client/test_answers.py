"""What scripts ask by the client: predictions, comparisons, webhooks, notifications."""

from base64 import b64decode
from typing import Any

import numpy as np
import pandas as pd
import pytest
import requests
import tuneroom
from django.contrib.auth.models import User
from tuneroom.answers import plain_row

from tests.api.conftest import PNG, answer_of_images, with_pictures
from tests.views.evaluations import LINES, classification, evaluated
from tests.views.test_predict import answer, table  # noqa: F401
from tuning.models import (
    Dataset,
    Delivery,
    ModelEvaluation,
    Notification,
    Prediction,
    Team,
    TeamEvent,
)
from tuning.models import SavedModel as SavedModelRow
from tuning.protocol.statuses import Status

from .conftest import SiteAdapter


@pytest.fixture
def model(connected: tuneroom.Client, saved_model: SavedModelRow) -> tuneroom.Model:
    return connected.project("Digits").model(saved_model.number)


def test_rows_are_predicted(
    connected: tuneroom.Client, model: tuneroom.Model, table: Dataset  # noqa: F811
) -> None:  # fmt: skip
    outputs = answer()["outputs"]
    connected.http.sleep = lambda _: Prediction.objects.update(
        status=Status.COMPLETED, answer=answer(rows=1, outputs=outputs)
    )  # type: ignore[assignment]
    found = model.predict({"size": np.float32(5.5), "<b>town": float("nan")})
    assert (found.values, found.scores) == (["b"], [{"a": 0.25, "b": 0.75, "c": 1e-05}])
    assert Prediction.objects.get().rows == [{"size": 5.5, "<b>town": None}]
    with pytest.raises(tuneroom.Problem) as refused:
        model.predict({"size": "many"})
    assert refused.value.errors == {"rows.0.size": "Enter a number, such as 12.5."}
    connected.http.sleep = lambda _: Prediction.objects.update(status=Status.STOPPED)  # type: ignore[assignment]
    with pytest.raises(tuneroom.Failed, match="has replaced this one"):
        model.predict({"size": 1})


def test_missing_values_of_a_table_of_pandas_are_missing() -> None:
    frame = pd.DataFrame({"size": [1, None], "town": ["Bonn", None]}).convert_dtypes()
    assert frame["size"][1] is pd.NA
    rows = [plain_row(row) for row in frame.to_dict("records")]
    assert rows == [{"size": 1, "town": "Bonn"}, {"size": None, "town": None}]


def test_several_targets_are_a_dictionary_each() -> None:
    outputs = [
        {"name": name, "values": values, "scores": []}
        for name, values in (("height", [1.5, 2.5]), ("width", [3.5, None]))
    ]
    found = tuneroom.Prediction(None, {"id": 1, "outputs": outputs})  # type: ignore[arg-type]
    assert found.values == [{"height": 1.5, "width": 3.5}, {"height": 2.5, "width": None}]


def test_models_are_evaluated_and_compared(
    model: tuneroom.Model, saved_model: SavedModelRow
) -> None:
    assert model.evaluation().status == ""
    assert model.evaluate().status == "queued"
    ModelEvaluation.objects.all().delete()
    evaluated(saved_model, classification(), LINES)
    assert model.evaluation().refresh().scores["accuracy"] == 0.9444
    other = SavedModelRow.objects.get(pk=saved_model.pk)
    other.pk, other._state.adding, other.number = None, True, 2
    other.save()
    evaluated(other, classification(), LINES)
    [verdict] = model.compare(2)
    assert (verdict.model, verdict.is_noise) == (2, True)


def test_mistakes_and_reconstructions_have_pictures(
    connected: tuneroom.Client, model: tuneroom.Model, saved_model: SavedModelRow, bob: User
) -> None:
    with_pictures(saved_model)
    first, second = model.test_rows()
    assert (first.row, first.actual, first.predicted, first.judged) == (
        8,
        "<b>cat</b>",
        "dog",
        0.95,
    )
    assert (first.picture() or b"").startswith(b"\x89PNG")
    assert (second.row, second.cells, second.reconstructed_picture()) == (3, {}, None)
    correct = [row.row for row in model.test_rows(actual=1, predicted=1)]
    assert correct == [5, 1]
    data = connected.dataset("Test digits")
    assert (data.version, data.picture()) == (1, b"\x89PNG thumbnails")
    row = Prediction.objects.create(
        saved_model=saved_model, created_by=bob, key="prediction-1", source="picture",
        answer=answer_of_images(), status=Status.COMPLETED,
    )  # fmt: skip
    asked = tuneroom.Prediction(connected.http, {"id": row.pk}).refresh()
    assert asked.picture() == asked.reconstructed_picture() == b64decode(PNG)
    cells = {"names": ["size"], "given": ["4"], "cells": ["4.25"], "picture": ""}
    Prediction.objects.update(answer={**answer_of_images(), "reproduced": cells})
    assert asked.refresh().reconstruction == {"size": ("4", "4.25")}
    assert asked.reconstructed_picture() is None


def test_webhooks_are_changed_and_their_events_sent_again(
    owner: tuneroom.Client, site: SiteAdapter, team: Team
) -> None:
    hook = owner.team("Digits team").add_webhook("https://example.com/hook")
    first = hook.secret
    assert hook.replace_secret() not in ("", first)
    assert [each.url for each in owner.team(team.pk).webhooks()] == ["https://example.com/hook"]
    assert hook.change(url="https://example.com/other").url == "https://example.com/other"
    assert (hook.enabled, hook.secret) == (True, "")

    def search_ends(request: requests.PreparedRequest) -> None:
        """Before the client asks for the delivery of its test."""
        if str(request.url).endswith("/test"):
            event = TeamEvent.objects.create(
                kind="search.ended", team=team, path="/",
                facts={"search": {"number": 1, "trials": 3}},
            )  # fmt: skip
            Delivery.objects.create(webhook_id=hook.id, event=event)

    site.after = search_ends
    delivery = hook.send_test()
    assert (delivery.type, delivery.resend().status) == ("webhook.test", "waiting")


def test_notifications_are_read(connected: tuneroom.Client, bob: User, team: Team) -> None:
    facts: dict[str, Any] = {"team": {"name": team.name}, "webhook": {"by": "alice"}}
    for _ in range(2):
        event = TeamEvent.objects.create(kind="webhook.test", team=team, path="/", facts=facts)
        Notification.objects.create(event=event, user=bob)
    newest, _ = connected.notifications(unread=True)
    assert (newest.type, newest.is_read) == ("webhook.test", False)
    assert newest.text
    newest.read()
    assert len(connected.notifications(unread=True)) == 1
    connected.read_notifications()
    assert connected.notifications(unread=True) == []
    assert all(each.is_read for each in connected.notifications())
