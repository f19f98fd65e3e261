"""Files by the API: in parts, the choices for what is in them, imports of searches."""

import hashlib
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.views.test_own_tables import COLUMNS, LOOK
from tuning.actions import partial_uploads
from tuning.models import Dataset, PartialUpload, Project, SearchImport, Team
from tuning.protocol.statuses import Status

from .conftest import Caller
from .test_write import errors, upload

CSV = b"age,label\n" + b"1,yes\n2,no\n" * 20


def send(caller: Caller, path: str, part: bytes, **headers: str) -> Any:
    shown = {"Authorization": f"Bearer {caller.token}", **headers}
    return caller.client.generic(
        "PUT", f"/api/v1/{path}", part, "application/octet-stream", headers=shown
    )


def test_a_file_arrives_in_parts(
    bob_calls: Caller, alice_calls: Caller, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partial_uploads, "PART_SIZE", 128)
    made = bob_calls.post("uploads", {"name": "people.csv", "size": len(CSV)})
    assert made.status_code == 201, made.content
    path, last = f"uploads/{made.json()['id']}", CSV[128:]
    assert made.json()["parts"] == 2
    damaged = send(bob_calls, f"{path}/parts/1", last, **{"X-Part-SHA256": "0" * 64})
    assert (damaged.status_code, damaged.json()["detail"]) == (
        422, "The data changed on the way. Send this part again.",
    )  # fmt: skip
    sent = send(bob_calls, f"{path}/parts/1", last)
    assert sent.json() == {"part": 1, "sha256": hashlib.sha256(last).hexdigest()}
    assert bob_calls.get(path).json()["arrived"] == [1]
    assert alice_calls.get(path).status_code == 404, "each person's own"
    key = made.json()["id"]
    assert errors(upload(bob_calls, name="People", upload=key)) == {
        "upload": "The upload is not complete."
    }
    assert send(bob_calls, f"{path}/parts/0", CSV[:128]).status_code == 200
    dataset = upload(bob_calls, name="People", upload=key, target="label")
    assert dataset.status_code == 201, dataset.content
    row = Dataset.objects.get()
    assert row.original.read_bytes() == CSV
    row.original.unlink()


def test_what_cannot_be_uploaded_is_refused_before_it_is_sent(
    bob_calls: Caller, dora_calls: Caller, team: Team
) -> None:
    found = errors(bob_calls.post("uploads", {"name": "clip.mp4", "size": 0}))
    assert found == {
        "name": "Unsupported file type: “clip.mp4”. Video is not supported.",
        "size": "The file is empty.",
    }
    assert dora_calls.post("uploads", {"name": "a.csv", "size": 3}).status_code == 403
    made = bob_calls.post("uploads", {"name": "a.csv", "size": 3}).json()
    assert bob_calls.delete(f"uploads/{made['id']}").status_code == 204
    assert not PartialUpload.objects.exists()


@pytest.fixture
def table(team: Team) -> Dataset:
    """A table that a worker has looked at."""
    return Dataset.objects.create(
        key="own-table", name="Houses", team=team, source=Dataset.Source.UPLOAD,
        detected_schema=LOOK, size_text="Uploaded as houses.csv",
        upload={"kind": "text table", "name": "houses.csv"},
    )  # fmt: skip


def test_the_columns_of_a_table_are_chosen_by_name(bob_calls: Caller, table: Dataset) -> None:
    path = f"datasets/{table.pk}/prepare"
    seen = bob_calls.get(f"datasets/{table.pk}").json()
    assert (seen["awaits_choices"], seen["detected"]["target"]) == (True, LOOK["target"])
    age = COLUMNS[0]["name"]
    found = errors(bob_calls.post(path, {"target": "nothing", "types": {age: "colour"}}))
    assert found["target"] == "No column “nothing”."
    assert f"types.{age}" in found
    assert errors(bob_calls.post(path, {"types": {"x": "out"}})) == {"types.x": "No column “x”."}
    chosen = bob_calls.post(path, {"types": {age: "out"}})
    assert chosen.status_code == 202, chosen.content
    table.refresh_from_db()
    assert (table.requested, table.upload["types"]) == (True, {age: "out"})
    assert table.upload["target"] == LOOK["target"]
    again = bob_calls.post(path)
    assert again.json()["detail"] == "The columns of this dataset were already selected."


def test_types_may_be_those_of_any_column(bob_calls: Caller, table: Dataset) -> None:
    columns = [{**COLUMNS[0], "name": f"c{number}"} for number in range(250)]
    Dataset.objects.update(detected_schema={**LOOK, "columns": columns, "target": "c7"})
    types = {"c3": "out", "c150": "out", "c249": "category"}
    chosen = bob_calls.post(f"datasets/{table.pk}/prepare", {"types": types})
    assert chosen.status_code == 202, chosen.content
    table.refresh_from_db()
    assert table.upload["types"] == types


def test_a_built_in_dataset_is_prepared(bob_calls: Caller, dataset: Dataset, team: Team) -> None:
    Dataset.objects.update(folder="", requested=False, status=Status.FAILED)
    answer = bob_calls.post(f"datasets/{dataset.pk}/prepare")
    assert (answer.status_code, answer.json()["status"]) == (202, "queued")
    dataset.refresh_from_db()
    assert (dataset.requested, dataset.status) == (True, Status.QUEUED)


def test_a_search_is_imported(bob_calls: Caller, bob: User, project: Project) -> None:
    path = f"/api/v1/projects/{project.pk}/imports"
    shown = {"Authorization": f"Bearer {bob_calls.token}"}
    wrong = SimpleUploadedFile("a.txt", b"no study")
    refused = bob_calls.client.post(path, {"file": wrong}, headers=shown)
    assert "is neither a zip archive nor an Optuna study" in errors(refused)["file"]
    file = SimpleUploadedFile("study.csv", b"number,value\n0,1\n")
    made = bob_calls.client.post(path, {"file": file, "value_name": "loss"}, headers=shown)
    assert made.status_code == 201, made.content
    row = SearchImport.objects.get()
    row.original.unlink()
    at = f"imports/{row.pk}"
    assert bob_calls.get(at).json()["search"] is None
    refused = bob_calls.post(f"{at}/choose", {"studies": [1]})
    assert refused.json()["detail"] == "The import does not await a choice."
    SearchImport.objects.update(awaits_choice=True, metrics=["loss", "odd"])
    assert "objective" in errors(bob_calls.post(f"{at}/choose", {"objective": "f1"}))
    chosen = bob_calls.post(f"{at}/choose", {"objective": "odd", "direction": "max"})
    assert chosen.status_code == 202, chosen.content
    row.refresh_from_db()
    assert (row.objective, row.direction, row.awaits_choice) == ("odd", "max", False)
    assert bob_calls.delete(at).status_code == 204
    assert not SearchImport.objects.exists()
