"""Teams by the API: members, roles, handing over, archiving."""

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tuning.actions.partial_uploads import begin_upload
from tuning.api.site import document
from tuning.models import AuditEntry, Dataset, PartialUpload, Project, Role, Team

from .conftest import Caller


def test_alice_runs_a_team(alice_calls: Caller, bob: User, charlie: User) -> None:
    made = alice_calls.post("teams", {"name": "Vision"})
    assert made.status_code == 201
    assert made.json()["role"] == "owner"
    at = f"teams/{made.json()['id']}"
    for name, role in (("charlie", "viewer"), ("bob", "editor"), ("charlie", "editor")):
        assert alice_calls("PUT", f"{at}/members/{name}", {"role": role}).status_code == 200
    listed = {each["username"]: each["role"] for each in alice_calls.get(at).json()["members"]}
    assert listed == {"alice": "owner", "bob": "editor", "charlie": "editor"}
    assert alice_calls.delete(f"{at}/members/charlie").status_code == 204
    assert alice_calls.delete(f"{at}/members/charlie").status_code == 404
    assert alice_calls.patch(at, {"name": "Sight"}).json()["name"] == "Sight"
    assert [each["name"] for each in alice_calls.get("teams?name=Sight").json()["items"]] == [
        "Sight"
    ]


def test_the_pages_sentences_for_the_pages_faults(
    alice_calls: Caller, bob_calls: Caller, team: Team
) -> None:
    at = f"teams/{team.pk}"
    unknown = alice_calls("PUT", f"{at}/members/nobody", {"role": "editor"})
    assert unknown.status_code == 422
    assert unknown.json()["errors"][0]["field"] == "username"
    assert "No account has the username “nobody”" in unknown.json()["detail"]
    for answer in (
        alice_calls("PUT", f"{at}/members/alice", {"role": "viewer"}),
        alice_calls.delete(f"{at}/members/alice"),
    ):
        assert answer.status_code == 409
        assert "A team needs an owner" in answer.json()["detail"]
    assert bob_calls.delete(f"{at}/members/bob").status_code == 204, "members may leave"
    assert (
        "no active member"
        in alice_calls.post(f"{at}/handover", {"username": "bob"}).json()["detail"]
    )


def test_handing_over_takes_effect_at_once(
    alice_calls: Caller, alice: User, bob: User, team: Team
) -> None:
    at = f"teams/{team.pk}/handover"
    answer = alice_calls.post(at, {"username": "bob"})
    assert answer.json()["role"] == "editor", "as the page proposes it"
    assert team.memberships.get(user=bob).role == Role.OWNER
    assert alice_calls.post(at, {"username": "bob"}).status_code == 403
    bob_calls = Caller(bob)
    assert bob_calls.post(at, {"username": "alice", "role": "leave"}).status_code == 204
    assert [row.user for row in team.memberships.all()] == [alice]


def test_an_archived_team_lists_its_day(alice_calls: Caller, team: Team, make_search: Any) -> None:
    at = f"teams/{team.pk}"
    search = make_search()
    assert "1 search is still active" in alice_calls.patch(at, {"archived": True}).json()["detail"]
    alice_calls.post(f"projects/{search.project_id}/searches/{search.number}/stop")
    assert alice_calls.patch(at, {"archived": True}).json()["archived_at"]
    assert alice_calls.patch(at, {"archived": False}).json()["archived_at"] is None


def test_a_project_moves_and_tokens_follow(
    alice_calls: Caller, bob_calls: Caller, charlie: User, alice: User, project: Project
) -> None:
    others = charlie.memberships.get().team  # type: ignore[attr-defined]
    at = f"projects/{project.pk}"
    refused = alice_calls.post(f"{at}/move", {"team": others.pk})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "team"
    others.memberships.create(user=alice, role=Role.EDITOR)
    asked = alice_calls.get(f"{at}/move").json()
    assert [each["name"] for each in asked["teams"]] == ["Others"]
    assert asked["consequences"] == [], "both are built in"
    assert alice_calls.post(f"{at}/move", {"team": others.pk}).json()["team"] == "Others"
    assert bob_calls.get(at).status_code == 404
    assert Caller(charlie).get(at).status_code == 200


def test_a_move_says_how_the_dataset_is_called_then(
    alice_calls: Caller, alice: User, charlie: User, project: Project
) -> None:
    others = charlie.memberships.get().team  # type: ignore[attr-defined]
    others.memberships.create(user=alice, role=Role.EDITOR)
    upload = {"source": Dataset.Source.UPLOAD, "name": "Wine"}
    Dataset.objects.filter(pk=project.dataset_id).update(team=project.team, **upload)
    Dataset.objects.create(key="theirs", team=others, folder="theirs", **upload)
    moved = alice_calls.post(f"projects/{project.pk}/move", {"team": others.pk}).json()
    assert moved["note"] == (
        "Its dataset is called “Wine (2)” there: the team has another “Wine”."
    )  # fmt: skip
    back = alice_calls.post(f"projects/{project.pk}/move", {"team": others.pk})
    assert back.status_code == 403, "alice owns her project's new team no more"


def test_people_are_invited_by_a_link(alice_calls: Caller, dora: User, team: Team) -> None:
    at = f"teams/{team.pk}/invitations"
    wrong = alice_calls.post(at, {"role": "boss", "email": "nobody"})
    assert {each["field"] for each in wrong.json()["errors"]} == {"role", "email"}
    made = alice_calls.post(at, {"role": "viewer", "days": 30})
    assert made.status_code == 201, made.content
    assert made.json()["link"].startswith("http://testserver/invitations/")
    [listed] = alice_calls.get(at).json()["items"]
    assert (listed["role"], listed["invited_by"], "link" in listed) == ("viewer", "alice", False)
    assert alice_calls.delete(f"invitations/{listed['id']}").status_code == 204
    assert alice_calls.get(at).json()["items"] == []
    page = Client().get(made.json()["link"])
    assert page.status_code == 410


def test_administrators_read_what_all_teams_use(
    team: Team, project: Project, charlie: User, django_assert_num_queries: Any
) -> None:
    erin = Caller(User.objects.create_superuser("erin"))
    Dataset.objects.filter(pk=project.dataset_id).update(team=team)
    found = {row["name"]: row["quotas"] for row in erin.get("quotas").json()["items"]}
    assert set(found) == {"Digits team", "Others"}
    assert found["Digits team"][1]["name"] == "max_files"
    assert [rows[1]["used"] for rows in (found["Digits team"], found["Others"])] == [1, 0]
    with CaptureQueriesContext(connection) as few:
        erin.get("quotas")
    for number in range(5):
        Team.objects.create(name=f"Team {number}")
    with django_assert_num_queries(len(few)):
        assert len(erin.get("quotas").json()["items"]) == 7


def test_administrators_free_the_disk(alice: User, bob_calls: Caller) -> None:
    erin = Caller(User.objects.create_superuser("erin"))
    upload = begin_upload(alice, "data.csv", 10)
    shown = {each["name"]: each for each in erin.get("disk").json()["freeable"]}
    assert (shown["uploads"]["count"], shown["built-in-datasets"]["count"]) == (0, 0)
    assert "send the files again" in shown["uploads"]["cost"]
    PartialUpload.objects.update(used_at=timezone.now() - timedelta(hours=2))
    found = erin.get("disk").json()
    assert found["freeable"][0]["count"] == 1
    assert found["total"] > found["free"] > 0
    assert bob_calls.post("disk/uploads/free").status_code == 404
    assert erin.post("disk/models/free").status_code == 404
    assert erin.post("disk/uploads/free").json()["freeable"][0]["count"] == 0
    assert not PartialUpload.objects.filter(pk=upload.pk).exists()
    assert AuditEntry.objects.get(kind="disk.free").person == "erin"


def test_administrators_set_quotas(team: Team) -> None:
    erin = Caller(User.objects.create_superuser("erin"))
    at = f"teams/{team.pk}/quotas"
    changed = erin("PUT", at, {"max_storage": 1.5, "max_files": 3, "weight": 2})
    assert changed.json()[:2] == [
        {"name": "max_storage", "used": 0, "limit": 3 << 19},
        {"name": "max_files", "used": 0, "limit": 3},
    ]
    assert erin("PUT", at, {"max_files": None}).json()[1]["limit"] is None
    team.refresh_from_db()
    assert (team.max_storage, team.max_files, team.weight) == (3 << 19, None, 2)
    assert erin("PUT", at, {"weight": 0}).status_code == 422
    fields = document()["components"]["schemas"]["QuotasIn"]["properties"]
    assert (fields["max_storage"]["type"], fields["max_files"]["type"]) == ("number", "integer")
