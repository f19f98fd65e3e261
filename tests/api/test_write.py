"""Changing: what the forms of the pages do, with their sentences."""

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from tuning.models import (
    Comment,
    Dataset,
    HyperModel,
    Inspection,
    Membership,
    Project,
    Role,
    SavedModel,
    Search,
    Team,
    Trial,
)
from tuning.protocol.statuses import SearchStatus, Status
from tuning.views import uploads

from .conftest import Caller

CODE = "def build_model(hp):\n    return hp.Int('units', 1, 3)\n"


def errors(answer: Any) -> dict[str, str]:
    assert answer.status_code == 422, answer.content
    return {error["field"]: error["detail"] for error in answer.json()["errors"]}


@pytest.fixture
def searches(project: Project) -> str:
    return f"projects/{project.pk}/searches"


def test_a_project_is_created_renamed_archived_and_deleted(
    bob_calls: Caller, dataset: Dataset, hypermodel: HyperModel
) -> None:
    body = {"name": "Digits", "dataset": dataset.pk, "template": hypermodel.pk}
    made = bob_calls.post("projects", body)
    assert made.status_code == 201, made.content
    path = f"projects/{made.json()['id']}"
    row = Project.objects.get(pk=made.json()["id"])
    assert (row.created_by.username, row.keep_parts) == ("bob", True)  # type: ignore[union-attr]
    renamed = bob_calls.patch(path, {"name": "Digits 2", "archived": True}).json()
    assert renamed["name"] == "Digits 2"
    assert renamed["archived_at"]
    assert bob_calls.patch(path, {"archived": False}).json()["archived_at"] is None
    assert bob_calls.delete(path).status_code == 204
    assert not Project.objects.exists()


def test_a_request_happens_wholly_or_not_at_all(
    bob_calls: Caller, project: Project, make_search: Any
) -> None:
    make_search()
    answer = bob_calls.patch(f"projects/{project.pk}", {"name": "Old", "archived": True})
    assert (answer.status_code, answer.json()["detail"]) == (
        409, "1 search is still active. Stop it before you archive the project.",
    )  # fmt: skip
    project.refresh_from_db()
    assert project.name == "Digits"


def test_a_fault_has_the_sentence_of_the_page(
    as_alice: Client, alice_calls: Caller, dataset: Dataset, hypermodel: HyperModel
) -> None:
    body = {"name": " ", "dataset": 99, "train_fraction": 2, "split_seed": "x"}
    found = errors(alice_calls.post("projects", body))
    fractions = {"validation_fraction": 0.15, "test_fraction": 0.15}
    page = as_alice.post(reverse("project-create"), {**body, **fractions})
    shown = {name: details[0] for name, details in page.context["form"].errors.items()}
    shown["template"] = shown.pop("hypermodel")
    assert found == shown
    assert found["name"] == "Enter a name for the project."


def test_what_no_browser_could_send_is_refused(alice_calls: Caller, db: None) -> None:
    body = {"name": {"a": 1}, "keep_parts": "yes", "dataset": True, "nmae": "x"}
    assert errors(alice_calls.post("projects", body)) == {"nmae": "Unknown field “nmae”."}
    del body["nmae"]
    assert errors(alice_calls.post("projects", body)) == {
        "name": "Enter a single value.", "keep_parts": "Enter true or false.",
    }  # fmt: skip
    for raw in (b"{", b"[1]", b'{"name": NaN}', b'{"name": "\\ud800"}', b"\xff"):
        answer = alice_calls.client.post(
            "/api/v1/projects", raw, content_type="application/json",
            headers={"Authorization": f"Bearer {alice_calls.token}"},
        )  # fmt: skip
        assert answer.status_code in (400, 422), raw
        assert answer["Content-Type"] == "application/problem+json"


def test_the_team_may_be_named_by_those_with_one_and_is_chosen_by_others(
    alice_calls: Caller, alice: User, team: Team, dataset: Dataset, hypermodel: HyperModel
) -> None:
    body = {"name": "A", "dataset": dataset.pk, "template": hypermodel.pk}
    assert alice_calls.post("projects", {**body, "team": team.pk}).json()["team"] == team.name
    assert "team" in errors(alice_calls.post("projects", {**body, "team": team.pk + 1}))
    other = Team.objects.create(name="Other")
    Membership.objects.create(team=other, user=alice, role=Role.EDITOR)
    assert alice_calls.post("projects", {**body, "team": other.pk}).json()["team"] == "Other"


def test_a_search_starts_as_the_page_proposes_it(bob_calls: Caller, searches: str) -> None:
    made = bob_calls.post(searches, {"objective": "val_accuracy", "max_trials": 7})
    assert made.status_code == 201, made.content
    row = Search.objects.get()
    assert (row.max_trials, row.direction, row.tuner) == (7, "max", "auto")
    assert made.json()["settings"]["strategy"] == "auto"
    assert row.trials.get().is_baseline
    assert made.json()["url"].endswith(f"/projects/{row.project_id}/searches/1/")


def test_the_space_is_edited_by_name(bob_calls: Caller, searches: str) -> None:
    space = {"units": {"low": 16, "high": 32}, "optimizer": ["sgd"], "learning_rate": 0.01}
    made = bob_calls.post(searches, {"space": space})
    assert made.status_code == 201, made.content
    units, optimizer, momentum, rate = (
        each["config"] for each in Search.objects.get().space["space"]
    )
    assert (units["min_value"], units["max_value"], units["step"]) == (16, 32, 8)
    assert optimizer.get("values", [optimizer.get("value")]) == ["sgd"]
    assert momentum["max_value"] == 0.9
    assert rate["value"] == 0.01


@pytest.mark.parametrize(
    ("edit", "field", "part"),
    [
        ({"unit": 3}, "space.unit", "no hyperparameter unit"),
        ({"units": {"low": "a"}}, "space.units.low", "“a” is not a number"),
        ({"units": {"low": 40, "high": 30}}, "space.units.high", ""),
        ({"units": {"min": 3}}, "space.units", "Unknown field “min”"),
        ({"units": [[1]]}, "space.units", "Enter a range"),
        ({"optimizer": ["rmsprop"]}, "space.optimizer.values", "supports only adam, sgd"),
        ({"optimizer": {"low": 1}}, "space.optimizer", "has no range"),
        ({"optimizer": []}, "space.optimizer.values", "Select at least one"),
    ],
)
def test_a_space_that_cannot_be_is_refused(
    bob_calls: Caller, searches: str, edit: dict[str, Any], field: str, part: str
) -> None:
    found = errors(bob_calls.post(searches, {"space": edit}))
    assert part in found[field]
    assert not Search.objects.exists()


def test_settings_that_do_not_fit_are_refused(bob_calls: Caller, searches: str) -> None:
    found = errors(bob_calls.post(searches, {"max_trials": 0, "epochs": "many", "scoring": "r2"}))
    assert found == {"scoring": "This setting does not apply here."}
    found = errors(bob_calls.post(searches, {"max_trials": 0, "epochs": "many"}))
    assert found.keys() == {"max_trials", "epochs"}
    assert "not report “f1”" in errors(bob_calls.post(searches, {"objective": "f1"}))["objective"]


def test_configurations_are_enqueued_with_a_new_search(bob_calls: Caller, searches: str) -> None:
    made = bob_calls.post(searches, {"enqueue": [{"units": 32}, {"units": 16}]})
    assert made.status_code == 201, made.content
    assert [trial.values["units"] for trial in Trial.objects.all()] == [16, 32]
    found = errors(bob_calls.post(searches, {"enqueue": [{}, {"units": 3}]}))
    assert list(found) == ["enqueue.1.units"]


def test_a_search_begins_with_an_earlier_one(
    bob_calls: Caller, searches: str, search: Search
) -> None:
    body = {"search": 1, "warm_start": True, "max_trials": 9}
    made = bob_calls.post(searches, body)
    assert made.status_code == 201, made.content
    row = Search.objects.get(number=2)
    assert (row.refined_from, row.epochs, row.warm_start_count) == (search, 3, 3)
    assert errors(bob_calls.post(searches, {"search": 8}))["search"]


def test_a_search_is_paused_extended_and_stopped_once(
    bob_calls: Caller, searches: str, make_search: Any
) -> None:
    make_search()
    path = f"{searches}/1"
    assert bob_calls.post(f"{path}/pause").json()["status"] == "paused"
    assert bob_calls.post(f"{path}/pause").json()["status"] == "paused"
    assert bob_calls.post(f"{path}/resume").json()["status"] == "running"
    assert bob_calls.post(f"{path}/extend", {"more": 3, "seen": 4}).json()["max_trials"] == 7
    assert bob_calls.post(f"{path}/extend", {"more": 3, "seen": 4}).json()["max_trials"] == 7
    assert "more" in errors(bob_calls.post(f"{path}/extend", {"more": 0}))
    changed = bob_calls.patch(path, {"name": "First", "max_time": "2h"}).json()
    assert (changed["name"], changed["settings"]["max_time"]) == ("First", 7200)
    assert changed["settings"]["max_trials"] == 7
    assert bob_calls.post(f"{path}/stop").json()["status"] == "stopped"
    answer = bob_calls.post(f"{path}/pause")
    assert (answer.status_code, answer.json()["detail"]) == (409, "The search is stopped.")
    assert bob_calls.delete(path).status_code == 204
    assert not Search.objects.exists()


def test_values_are_tried(bob_calls: Caller, searches: str, make_search: Any) -> None:
    make_search(status=SearchStatus.RUNNING)
    path = f"{searches}/1/trials"
    made = bob_calls.post(path, {"values": {"units": 32, "optimizer": "sgd"}})
    assert made.status_code == 201, made.content
    assert made.json()["values"] == {
        "units": 32, "optimizer": "sgd", "momentum": 0.5, "learning_rate": 0.001,
    }  # fmt: skip
    again = bob_calls.post(path, {"values": {"units": 32, "optimizer": "sgd"}})
    assert errors(again) == {"again": "Trial 2 already has these values."}
    answer = bob_calls.post(path, {"values": {"units": 33, "optimizer": "adagrad", "x": 1}})
    assert list(errors(answer)) == ["values.x"]
    answer = bob_calls.post(path, {"values": {"units": 33, "optimizer": "adagrad"}})
    assert errors(answer).keys() == {"values.units", "values.optimizer"}


def test_a_trial_is_retrained_and_its_model_changed(
    bob_calls: Caller, search: Search, saved_model: SavedModel
) -> None:
    made = bob_calls.post(
        f"projects/{search.project_id}/searches/1/trials/2/retrain", {"epochs": 4}
    )
    assert made.status_code == 201, made.content
    assert (made.json()["number"], made.json()["epochs"], made.json()["status"]) == (2, 4, "queued")
    path = f"projects/{search.project_id}/models"
    assert bob_calls.patch(f"{path}/2", {"stage": "approved"}).status_code == 409
    assert bob_calls.post(f"{path}/2/stop").json()["status"] == "stopped"
    changed = bob_calls.patch(f"{path}/1", {"stage": "approved", "name": "Final"}).json()
    assert (changed["stage"], changed["name"]) == ("approved", "Final")
    assert bob_calls.patch(f"{path}/1", {"stage": "best"}).status_code == 422
    assert bob_calls.delete(f"{path}/1").status_code == 204
    Trial.objects.filter(number=1).update(status=Status.FAILED)
    answer = bob_calls.post(f"projects/{search.project_id}/searches/1/trials/1/retrain")
    assert "this one is failed" in answer.json()["detail"]


def test_an_imported_search_is_not_run(bob_calls: Caller, search: Search) -> None:
    Search.objects.update(origin=Search.Origin.KERASTUNER)
    path = f"projects/{search.project_id}/searches/1"
    for each in ("resume", "trials", "trials/1/retrain", "extend"):
        answer = bob_calls.post(f"{path}/{each}", {"more": 1} if each == "extend" else {})
        detail = answer.json()["detail"]
        assert (answer.status_code, detail) == (409, "Imported searches have no code to run."), each


def test_a_template_and_its_versions(bob_calls: Caller, team: Team, dataset: Dataset) -> None:
    made = bob_calls.post("templates", {"name": "Mine", "kinds": ["image"], "code": CODE})
    assert made.status_code == 201, made.content
    path = f"templates/{made.json()['id']}"
    same = bob_calls.post(f"{path}/versions", {"code": CODE})
    assert (same.status_code, same.json()["version"]) == (201, 1)
    newer = bob_calls.post(f"{path}/versions", {"code": CODE.replace("3", "4")}).json()
    assert (newer["version"], newer["name"], newer["kinds"]) == (2, "Mine", ["image"])
    found = errors(bob_calls.post(f"{path}/versions", {"code": "def ("}))
    assert found["code"].startswith("Line 1")
    answer = bob_calls.post(f"templates/{newer['id']}/validate", {"dataset": dataset.pk})
    assert answer.status_code == 202
    assert bob_calls.patch(path, {"name": "Ours"}).json()["name"] == "Ours"
    assert set(HyperModel.objects.values_list("name", flat=True)) == {"Ours"}
    assert bob_calls.delete(path).status_code == 204
    assert not HyperModel.objects.exists()


def test_what_is_in_use_stays(bob_calls: Caller, project: Project) -> None:
    Dataset.objects.update(team=project.team)
    HyperModel.objects.update(team=project.team)
    for path in (f"datasets/{project.dataset_id}", f"templates/{project.hypermodel_id}"):
        answer = bob_calls.delete(path)
        assert answer.status_code == 409
        assert "1 project" in answer.json()["detail"]


def upload(caller: Caller, **fields: Any) -> Any:
    return caller.client.post(
        "/api/v1/datasets", fields, headers={"Authorization": f"Bearer {caller.token}"}
    )


def test_a_file_is_uploaded(bob_calls: Caller, team: Team, tmp_path: Path) -> None:
    table = tmp_path / "ships.csv"
    table.write_text("size,age\n1,2\n")
    with table.open("rb") as file:
        made = upload(bob_calls, name="Ships", target="age", file=file)
    assert made.status_code == 201, made.content
    row = Dataset.objects.get()
    assert (row.team, row.upload["target"], made.json()["status"]) == (team, "age", "queued")
    assert row.original.read_text() == "size,age\n1,2\n"
    assert bob_calls.patch(f"datasets/{row.pk}", {"name": "Boats"}).json()["name"] == "Boats"
    assert bob_calls.delete(f"datasets/{row.pk}").status_code == 204
    assert not row.original.exists()


def test_an_upload_is_checked_as_on_the_page(
    bob_calls: Caller, team: Team, tmp_path: Path, monkeypatch: Any
) -> None:
    found = errors(upload(bob_calls, name=""))
    assert found == {"name": "Enter a name for the dataset.", "file": "Select a file."}
    assert "colour" in errors(upload(bob_calls, name="x", colour="grey"))
    monkeypatch.setattr(settings, "UPLOAD_MAX_MB", 0)
    table = tmp_path / "ships.csv"
    table.write_bytes(b"a,b\n" * 20_000)
    with table.open("rb") as file:
        answer = upload(bob_calls, name="Ships", file=file)
    assert answer.status_code == 413
    assert "limit" in answer.json()["detail"]


def test_large_requests_are_problems_as_well(
    bob_calls: Caller, team: Team, monkeypatch: Any
) -> None:
    large = "x" * 9_000_000
    nobody = Caller(None)
    assert nobody.post("projects", {"name": large}).status_code == 401
    answer = bob_calls.post("projects", {"name": large})
    assert answer.status_code == 413
    assert answer.json()["detail"].startswith("The request has more than 8 MB of text.")
    monkeypatch.setattr(uploads, "MAX_PARALLEL", 0)
    file = SimpleUploadedFile("ships.csv", b"a,b\n" * 100_000)
    answer = upload(bob_calls, name="Ships", file=file)
    assert (answer.status_code, answer["Retry-After"]) == (429, "10")
    assert answer.json()["detail"].startswith("Too many uploads")


def test_notes(dora_calls: Caller, bob_calls: Caller, search: Search) -> None:
    path = f"projects/{search.project_id}/searches/1"
    for at in (path, f"{path}/trials/3"):
        assert dora_calls("PUT", f"{at}/star").status_code == 204
        assert bob_calls.post(f"{at}/tags", {"names": ["final", "Best"]}).json()["tags"] == [
            "Best", "final",
        ]  # fmt: skip
        assert bob_calls.delete(f"{at}/tags?name=best").json()["tags"] == ["final"]
        assert errors(bob_calls.post(f"{at}/tags", {"names": []})) == {"names": "Enter a tag."}
        made = dora_calls.post(f"{at}/comments", {"text": "Good."})
        assert (made.status_code, made.json()["author"]) == (201, "dora")
    trial = dora_calls.get(f"{path}/trials/3").json()
    assert (trial["starred"], trial["stars"], trial["comments"]) == (True, 1, 1)
    assert dora_calls.delete(f"{path}/trials/3/star").status_code == 204
    comment = Comment.objects.latest("pk")
    changed = dora_calls.patch(f"comments/{comment.pk}", {"text": "Better."}).json()
    assert changed["text"] == "Better."
    assert bob_calls.patch(f"comments/{comment.pk}", {"text": "x"}).status_code == 403
    assert bob_calls.delete(f"comments/{comment.pk}").status_code == 403
    assert dora_calls.delete(f"comments/{comment.pk}").status_code == 204


def test_a_project_goes_on_to_newer_versions(
    bob_calls: Caller, project: Project, team: Team
) -> None:
    at = f"projects/{project.pk}"
    HyperModel.objects.update(team=team)
    newer = bob_calls.post(f"templates/{project.hypermodel_id}/versions", {"code": CODE}).json()
    assert bob_calls.post(f"{at}/upgrade-template").json()["template"] == newer["id"]
    refused = bob_calls.post(f"{at}/upgrade-dataset")
    assert (refused.status_code, refused.json()["detail"]) == (
        409, "The project keeps its version of the dataset.",
    )  # fmt: skip
    Inspection.objects.update(status=Status.FAILED)
    assert bob_calls.post(f"{at}/validate").json()["status"] == "queued"


def test_a_pruned_trial_is_pinned_and_trained_to_the_end(bob_calls: Caller, search: Search) -> None:
    at = f"projects/{search.project_id}/searches/1/trials/3"
    refused = bob_calls.post(f"{at}/train-to-end")
    assert (refused.status_code, refused.json()["detail"]) == (
        409, "Trial 3 is not pruned: its status is Completed.",
    )  # fmt: skip
    assert bob_calls("PUT", f"{at}/pin").status_code == 409
    Trial.objects.filter(number=3).update(status=Status.PRUNED, pruned_attempt=1)
    Search.objects.update(max_trials=9)
    for _ in range(2):
        assert bob_calls.post(f"{at}/train-to-end").json()["status"] == "queued"
    assert bob_calls.delete(f"{at}/pin").status_code == 204


def test_what_is_of_the_wrong_type_is_said_in_plain_words(
    bob_calls: Caller, project: Project
) -> None:
    for body in ("", "[1]", "3", "null"):
        answer = bob_calls.client.generic(
            "POST", f"/api/v1/projects/{project.pk}/searches", body,
            content_type="application/json",
            headers={"Authorization": f"Bearer {bob_calls.token}"},
        )  # fmt: skip
        assert errors(answer) == {"": "Send a JSON object."}, body
    settings = bob_calls("PUT", "notifications/settings", {"settings": 3})
    assert errors(settings) == {"settings": "Enter an object."}
    assert errors(bob_calls.get("projects?limit=many")) == {"limit": "Enter a whole number."}
    assert errors(bob_calls.post("notifications/read", {"ids": ["a"]})) == {
        "ids.0": "Enter a whole number."
    }
