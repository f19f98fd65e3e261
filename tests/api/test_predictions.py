"""Asking models by the API: rows as JSON, a file, the answer."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.views.test_predict import answer, answered, table  # noqa: F401
from tuning.models import Dataset, Prediction, SavedModel
from tuning.protocol.statuses import Status

from .conftest import Caller
from .test_write import errors

ROW = {"size": 5.5, "<b>town": "Köln"}


@pytest.fixture
def at(saved_model: SavedModel, table: Dataset) -> str:  # noqa: F811
    return f"projects/{saved_model.project_id}/models/{saved_model.number}/predictions"


def test_viewers_ask_about_rows_and_read_the_answer(
    dora_calls: Caller, bob_calls: Caller, at: str
) -> None:
    asked = dora_calls.post(at, {"rows": [ROW, {"size": 7}]})
    assert asked.status_code == 202, asked.content
    row = Prediction.objects.get()
    assert row.rows == [ROW, {"size": 7.0, "<b>town": None}]
    assert asked.json()["status"] == "queued"
    path = f"predictions/{row.pk}"
    assert bob_calls.get(path).status_code == 404, "each person sees their own"
    outputs = [
        {"name": "kind", "task": "classification", "values": [1.0, 2.0], "probabilities": True,
         "scores": [[0.25, 0.75, 0.0], [0.0, 0.1, 0.9]]}
    ]  # fmt: skip
    Prediction.objects.update(status=Status.COMPLETED, answer=answer(rows=2, outputs=outputs))
    found = dora_calls.get(path).json()
    assert (found["status"], found["rows"]) == ("completed", 2)
    [output] = found["outputs"]
    assert output["values"] == ["b", "c"]
    assert output["scores"][0] == {"a": 0.25, "b": 0.75, "c": 0.0}
    assert dora_calls.get(path, If_None_Match=dora_calls.get(path)["ETag"]).status_code == 304


def test_a_fault_names_the_row_and_the_column_in_the_words_of_the_page(
    dora_calls: Caller, at: str
) -> None:
    rows = [ROW, {"size": "many", "<b>town": "Atlantis"}, {"length": 3}, {"size": [1]}]
    assert errors(dora_calls.post(at, {"rows": rows})) == {
        "rows.1.size": "Enter a number, such as 12.5.",
        "rows.1.<b>town": "Select one of the values.",
        "rows.2.length": "The model has no column length.",
        "rows.3.size": "Enter a single value.",
    }
    assert errors(dora_calls.post(at, {"rows": []})) == {"rows": "Enter at least one row."}
    assert "rows" in errors(dora_calls.post(at, {"rows": [ROW] * 101}))
    assert not Prediction.objects.exists()


def test_a_file_is_predicted_and_all_rows_are_downloaded(
    dora: User, dora_calls: Caller, at: str, saved_model: SavedModel
) -> None:
    def send(name: str, content: bytes) -> Any:
        return dora_calls.client.post(
            f"/api/v1/{at}/file", {"rows": SimpleUploadedFile(name, content)},
            headers={"Authorization": f"Bearer {dora_calls.token}"},
        )  # fmt: skip

    asked = send("rows.csv", b"size,<b>town\n1,Bonn\n")
    assert asked.status_code == 202, asked.content
    row = Prediction.objects.get()
    assert (row.source, row.name) == ("table", "rows.csv")
    row.original.unlink()
    found = errors(send("rows.exe", b"MZ"))
    assert found["rows"].startswith("“rows.exe” has an unsupported type. Use .csv")
    assert errors(dora_calls.post(f"{at}/file")) == {"rows": "Select a file, or paste rows."}
    assert asked.json()["file"] is None
    missing = dora_calls.get(f"predictions/{row.pk}/rows.csv")
    assert missing.status_code == 404


def test_a_file_over_the_limit_of_the_site_is_refused_as_too_large(
    dora_calls: Caller, at: str, settings: Any
) -> None:
    """So little above the limit that only counting tells."""
    settings.UPLOAD_MAX_MB = 1
    refused = dora_calls.client.post(
        f"/api/v1/{at}/file", {"rows": SimpleUploadedFile("rows.csv", bytes((1 << 20) + 1))},
        headers={"Authorization": f"Bearer {dora_calls.token}"},
    )  # fmt: skip
    assert (refused.status_code, refused.json()["detail"]) == (
        413, "The file exceeds the limit of 1 MB.",
    )  # fmt: skip
    assert not Prediction.objects.exists()


def test_rows_are_sent_as_text(dora_calls: Caller, at: str) -> None:
    asked = dora_calls.client.post(
        f"/api/v1/{at}/file", {"pasted": "size\t<b>town\n1\tBonn"},
        headers={"Authorization": f"Bearer {dora_calls.token}"},
    )  # fmt: skip
    assert asked.status_code == 202, asked.content
    row = Prediction.objects.get()
    assert (row.source, row.name) == ("table", "pasted.csv")
    assert row.original.read_text() == "size\t<b>town\n1\tBonn\n"
    row.original.unlink()


def test_a_model_without_a_file_or_a_form_says_so(
    dora_calls: Caller, at: str, saved_model: SavedModel
) -> None:
    SavedModel.objects.update(file="", status=Status.RUNNING)
    refused = dora_calls.post(at, {"rows": [ROW]})
    assert (refused.status_code, refused.json()["detail"]) == (
        409, "The model has no file: its status is running.",
    )  # fmt: skip


def test_a_failure_has_its_advice(
    dora: User, dora_calls: Caller, at: str, saved_model: SavedModel
) -> None:
    row = answered(saved_model, dora, failure_code="bad_data", failure_message="No.", answer={})
    Prediction.objects.update(status=Status.FAILED)
    found = dora_calls.get(f"predictions/{row.pk}").json()
    assert found["failure"]["message"] == "No."
    assert found["outputs"] == []
