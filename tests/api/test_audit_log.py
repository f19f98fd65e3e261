"""The audit log by the API: for owners and administrators, with tokens that manage teams."""

import pytest
from django.contrib.auth.models import User

from tuning.models import AuditEntry, Scope, Search, Team

from .conftest import Caller


@pytest.fixture
def log(search: Search, team: Team) -> str:
    return f"teams/{team.pk}/audit-log"


def test_owners_read_entries_in_pages(alice: User, log: str, search: Search) -> None:
    alice_calls = Caller(alice)
    alice_calls.patch(f"projects/{search.project_id}", {"archived": True})
    first = alice_calls.get(f"{log}?limit=1").json()
    (newest,) = first["items"]
    entry = AuditEntry.objects.get(pk=newest["id"])
    assert newest == {
        "id": entry.pk, "time": newest["time"], "person": "alice", "kind": "project.archive",
        "text": "archived project “Digits”", "team": "Digits team", "team_id": entry.team_id,
        "project": "Digits", "project_id": search.project_id, "subject": "project “Digits”",
        "subject_kind": "project", "details": {}, "via": "api", "token": "script",
        "address": None, "browser": None,
    }  # fmt: skip
    second = alice_calls.get(first["next"]).json()
    assert [item["kind"] for item in second["items"]] == ["search.start"]
    assert second["next"] is None


def test_filters_are_checked_as_on_the_page(alice: User, log: str) -> None:
    alice_calls = Caller(alice)
    found = alice_calls.get(f"{log}?kind=search.start&person=alice").json()["items"]
    assert [item["text"] for item in found] == ["started search 1"]
    assert alice_calls.get(f"{log}?person=bob").json()["items"] == []
    refused = alice_calls.get(f"{log}?since=x")
    assert refused.status_code == 422
    assert refused.json()["errors"][0] == {
        "field": "since", "detail": "Enter a date such as 2026-01-31.",
    }  # fmt: skip


def test_administrators_read_the_sites_with_addresses(db: None, alice: User, log: str) -> None:
    erin = User.objects.create_superuser("erin")
    (made, *_) = Caller(erin).get("audit-log").json()["items"]
    assert (made["kind"], made["person"]) == ("token.create", "erin")
    assert made["address"] == ""
    assert Caller(erin, Scope.WRITE).get("audit-log").status_code == 403
    assert Caller(alice).get("audit-log").status_code == 404
