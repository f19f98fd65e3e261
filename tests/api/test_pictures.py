"""What pages show of rows, by the API: a model's test rows, pictures, reconstructions."""

import io
from base64 import b64decode
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from PIL import Image

from tests.views.evaluations import LINES, classification, evaluated, regression
from tests.views.test_reconstruction import LINES as RECONSTRUCTED
from tests.views.test_reconstruction import reconstruction, report  # noqa: F401
from tuning.models import Dataset, Prediction, SavedModel
from tuning.protocol.evaluation import Evaluation, OutputReport, Reproduced, Score
from tuning.protocol.statuses import Status

from .conftest import PNG, Caller, answer_of_images, with_pictures
from .test_write import errors


@pytest.fixture
def at(saved_model: SavedModel) -> str:
    return f"projects/{saved_model.project_id}/models/{saved_model.number}/test-rows"


def rows_of(answer: Any) -> list[int]:
    assert answer.status_code == 200, answer.content
    return [item["row"] for item in answer.json()["items"]]


def test_mistakes_have_their_classes_and_their_pictures(
    dora_calls: Caller, charlie_calls: Caller, saved_model: SavedModel, at: str
) -> None:
    assert dora_calls.get(at).status_code == 404, "nothing was evaluated"
    images = with_pictures(saved_model)
    found = dora_calls.get(at).json()
    assert [found[name] for name in ("total", "title", "measure", "next")] == [
        2, "Most confident mistakes", "Probability", None,
    ]  # fmt: skip
    first = found["items"][0]
    assert (first["row"], first["actual"], first["predicted"], first["judged"]) == (
        8, "<b>cat</b>", "dog", 0.95,
    )  # fmt: skip
    picture = dora_calls.get(first["picture"])
    assert picture["Content-Type"] == "image/png"
    assert (np.asarray(Image.open(io.BytesIO(picture.content))) == images[8]).all()
    again = dora_calls.get(first["picture"], If_None_Match=picture["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    assert charlie_calls.get(first["picture"]).status_code == 404
    assert dora_calls.get(f"{at}/0.png").status_code == 404, "a training row"


def test_a_cell_of_the_confusion_matrix_comes_page_by_page(
    dora_calls: Caller, saved_model: SavedModel, at: str
) -> None:
    evaluated(saved_model, classification(), LINES)
    page = dora_calls.get(f"{at}?actual=0&predicted=1&limit=1")
    assert rows_of(page) == [8]
    last = dora_calls.get(page.json()["next"])
    assert (rows_of(last), last.json()["next"]) == ([3], None)
    assert rows_of(dora_calls.get(f"{at}?cursor=7")) == []
    assert errors(dora_calls.get(f"{at}?actual=0")) == {
        "actual": "The model has no such class or target."
    }
    assert "order" in errors(dora_calls.get(f"{at}?order=oldest"))
    assert "cursor" in errors(dora_calls.get(f"{at}?cursor=x"))


def test_numbers_are_not_rounded(dora_calls: Caller, saved_model: SavedModel, at: str) -> None:
    evaluated(saved_model, regression(), [[4, 1.23456789, 3.23456789, np.nan], [2, 5, 5, np.nan]])
    worst = dora_calls.get(at).json()["items"][0]
    assert [worst[name] for name in ("row", "actual", "predicted", "judged")] == [
        4, 1.23456789, 3.23456789, 2.0,
    ]  # fmt: skip


def test_labels_are_lists_and_of_one_label_whether_a_row_has_it(
    dora_calls: Caller, saved_model: SavedModel, at: str
) -> None:
    classes = [
        {**asdict(classification().outputs[0].classes[0]), "name": n} for n in ("sky", "sea")
    ]
    output = OutputReport("labels", "multi-label", [Score("f1", 0.5)], True)
    evaluation = evaluated(
        saved_model, Evaluation(1, outputs=[output]), [[6, 1, 0, 0.2, 0, 1, 0.7]]
    )
    evaluation.report["outputs"][0]["classes"] = classes
    evaluation.save()
    [row] = dora_calls.get(at).json()["items"]
    assert (row["actual"], row["predicted"], row["judged"]) == (["sky"], ["sea"], 2)
    [row] = dora_calls.get(f"{at}?target=1").json()["items"]
    assert (row["actual"], row["predicted"], row["judged"]) == (False, True, 0.7)


def test_an_autoencoder_shows_what_it_reproduces(
    dora_calls: Caller, reconstruction: SavedModel, at: str  # noqa: F811
) -> None:  # fmt: skip
    with_pictures(reconstruction)
    evaluated(reconstruction, report(examples=[Reproduced(3, picture=PNG)]), RECONSTRUCTED)
    found = dora_calls.get(f"{at}?order=largest").json()["items"]
    assert [(row["row"], row["judged"]) for row in found] == [(3, 0.5), (5, 0.1), (7, 0.01)]
    assert (found[0]["actual"], found[0]["predicted"]) == (None, None)
    shown = dora_calls.get(found[0]["reconstructed_picture"])
    assert shown.content == b64decode(PNG)
    assert shown["ETag"]
    assert found[1]["reconstructed_picture"] is None
    assert dora_calls.get(f"{at}/5/reconstruction.png").status_code == 404
    assert rows_of(dora_calls.get(f"{at}?order=smallest")) == [7, 5, 3]
    Dataset.objects.update(kind="table", profile={"columns": [{"name": "size"}, {"name": "age"}]})
    evaluated(reconstruction, report(examples=[Reproduced(3, ["4.5", "x"])]), RECONSTRUCTED)
    first = dora_calls.get(at).json()["items"][0]
    assert first["reconstruction"] == {"size": "4.5", "age": "x"}
    assert (first["picture"], first["reconstructed_picture"]) == (None, None)


def test_an_answer_has_what_was_sent_and_what_was_made_of_it(
    dora: User, dora_calls: Caller, alice_calls: Caller, saved_model: SavedModel
) -> None:
    row = Prediction.objects.create(
        saved_model=saved_model, created_by=dora, key="prediction-1", source="picture"
    )
    path = f"predictions/{row.pk}"
    waiting = dora_calls.get(path).json()
    assert (waiting["picture"], waiting["reconstruction"]) == (None, None)
    assert dora_calls.get(f"{path}/picture.png").status_code == 404
    Prediction.objects.update(answer=answer_of_images(), status=Status.COMPLETED)
    found = dora_calls.get(path).json()
    for address in (found["picture"], found["reconstruction"]["picture"]):
        assert dora_calls.get(address).content == b64decode(PNG)
        assert alice_calls.get(address).status_code == 404, "each person sees their own"
    cells = {"names": ["size"], "given": ["4"], "cells": ["4.25"], "picture": ""}
    Prediction.objects.update(answer={**answer_of_images(), "reproduced": cells})
    assert dora_calls.get(path).json()["reconstruction"] == {
        "columns": [{"name": "size", "given": "4", "reconstructed": "4.25"}], "picture": None,
    }  # fmt: skip


def test_a_dataset_shows_some_of_its_images(
    dora_calls: Caller, charlie_calls: Caller, saved_model: SavedModel
) -> None:
    with_pictures(saved_model)
    dataset = saved_model.project.dataset
    Dataset.objects.filter(pk=dataset.pk).update(team=saved_model.project.team)
    found = dora_calls.get(f"datasets/{dataset.pk}").json()
    assert found["version"] == 1
    shown = dora_calls.get(found["picture"])
    assert (shown.content, shown["Content-Type"]) == (b"\x89PNG thumbnails", "image/png")
    assert charlie_calls.get(found["picture"]).status_code == 404
    Dataset.objects.update(kind="table")
    assert dora_calls.get(f"datasets/{dataset.pk}").json()["picture"] is None
