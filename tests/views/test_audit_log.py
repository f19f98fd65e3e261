"""The pages of the audit log: who reads which entries, filters, paging, exports."""

import csv
import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tuning.actions.audit import Actor, acting, record
from tuning.actions.teams import create_team
from tuning.analysis.audit import PAGE
from tuning.models import AuditEntry, Project, Search, Team
from tuning.models.audit import Via

SITE, SIGN_INS = reverse("audit-log"), reverse("sign-in-log")


@pytest.fixture
def of_team(team: Team) -> str:
    return reverse("team-audit-log", args=[team.pk])


@pytest.fixture
def as_erin(db: None) -> Client:
    client = Client()
    user = User.objects.create_superuser("erin")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def log(alice: User, bob: User, charlie: User, project: Project, search: Search) -> None:
    """Of two teams; the search's start is an entry as well."""
    with acting(lambda: Actor(bob, Via.PAGE, address="192.0.2.7", browser="Firefox on Linux")):
        record("search.stop", search)
        record("project.archive", project)
    create_team(charlie, "Charlie's own")


def shown(client: Client, url: str, **query: Any) -> list[str]:
    response = client.get(url, query)
    assert response.status_code == 200
    return [str(entry) for entry in response.context["page"].entries]


@pytest.mark.usefixtures("log")
def test_owners_read_their_teams_entries(as_alice: Client, of_team: str) -> None:
    assert shown(as_alice, of_team) == [
        "bob archived project “Digits”", "bob stopped search 1", "alice started search 1",
    ]  # fmt: skip
    page = as_alice.get(of_team).content.decode()
    # Where people came from is not for owners.
    assert "192.0.2.7" not in page
    assert "Firefox on Linux" not in page


@pytest.mark.usefixtures("log")
def test_administrators_read_the_sites(as_erin: Client) -> None:
    assert shown(as_erin, SITE)[:2] == [
        "erin signed in", "charlie created team “Charlie's own”",
    ]  # fmt: skip
    assert shown(as_erin, SIGN_INS) == ["erin signed in"]
    assert "192.0.2.7" in as_erin.get(SITE).content.decode()


@pytest.mark.usefixtures("log")
def test_filters(as_erin: Client, bob: User) -> None:
    record("account.deactivate", bob)
    today = datetime.now(UTC).date().isoformat()
    assert len(shown(as_erin, SITE, person="bob")) == 3
    assert shown(as_erin, SITE, kind="search.stop") == ["bob stopped search 1"]
    assert len(shown(as_erin, SITE, project="digi")) == 3
    assert shown(as_erin, SITE, project="digi", person="alice") == ["alice started search 1"]
    assert len(shown(as_erin, SITE, since=today, until=today)) == AuditEntry.objects.count()
    assert shown(as_erin, SITE, until="2020-01-01") == []
    everything = shown(as_erin, SITE, since="0001-01-01", until="9999-12-31")
    assert len(everything) == AuditEntry.objects.count()
    assert "No matching entries." in as_erin.get(SITE, {"person": "x"}).content.decode()


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"since": "yesterday"}, "Enter a date such as 2026-01-31."),
        ({"since": "2026-02-01", "until": "2026-01-31"}, "not before the first one."),
        ({"kind": "nothing"}, "Select a valid choice."),
        ({"person": "a\x00b"}, "Null characters are not allowed."),
    ],
)
def test_a_filter_that_cannot_be_read_is_kept_with_a_sentence(
    as_erin: Client, query: dict[str, str], said: str
) -> None:
    response = as_erin.get(SITE, query)
    assert response.status_code == 422
    assert said in response.content.decode()
    assert response.context["page"].entries == []
    # Nobody takes an empty file for an empty log.
    assert said in as_erin.get(SITE, {**query, "format": "csv"}).content.decode()
    assert not AuditEntry.objects.filter(kind="audit.export").exists()


def test_pages_follow_each_other(as_alice: Client, alice: User, of_team: str, team: Team) -> None:
    for _ in range(PAGE + 3):
        record("team.archive", team, by=alice)
    first = as_alice.get(of_team).context["page"]
    # What comes meanwhile shifts nothing.
    record("team.restore", team, by=alice)
    second = as_alice.get(of_team, {"before": first.older}).context["page"]
    keys = [entry.pk for page in (first, second) for entry in page.entries]
    assert len(keys) == PAGE + 3
    assert keys == sorted(set(keys), reverse=True)
    assert second.older is None
    assert as_alice.get(of_team, {"before": "x"}).status_code == 200


def export(client: Client, url: str, format: str, **query: str) -> str:
    response = client.get(url, {"format": format, **query})
    assert response.status_code == 200
    return b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]


@pytest.mark.usefixtures("log")
def test_exports_have_what_the_filters_leave(
    as_alice: Client, as_erin: Client, of_team: str
) -> None:
    text = export(as_alice, of_team, "csv", person="bob")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["person"], row["text"]) for row in rows] == [
        ("bob", "archived project “Digits”"), ("bob", "stopped search 1"),
    ]  # fmt: skip
    assert "address" not in rows[0]
    lines = [json.loads(line) for line in export(as_erin, SITE, "jsonl").splitlines()]
    known = AuditEntry.objects.order_by("-pk").exclude(kind="audit.export")
    assert [line["id"] for line in lines if line["kind"] != "audit.export"] == [
        entry.pk for entry in known
    ]
    stopped = next(line for line in lines if line["kind"] == "search.stop")
    assert (stopped["address"], stopped["project"]) == ("192.0.2.7", "Digits")
    assert datetime.fromisoformat(stopped["time"]) == known.get(kind="search.stop").at
    # Exporting is recorded, too; asking for its size is not.
    exported = AuditEntry.objects.filter(kind="audit.export").count()
    as_erin.head(SITE, {"format": "csv"})
    assert AuditEntry.objects.filter(kind="audit.export").count() == exported == 2
    assert as_alice.get(of_team, {"format": "xml"}).status_code == 400


@pytest.mark.usefixtures("log")
def test_a_cell_is_no_formula(as_alice: Client, of_team: str, team: Team) -> None:
    AuditEntry.objects.create(kind="member.add", person="=cmd()", team_id=team.pk)
    rows = list(csv.DictReader(io.StringIO(export(as_alice, of_team, "csv"))))
    # The newest is the export itself.
    assert rows[1]["person"] == "'=cmd()"


def test_a_long_log_is_exported_in_full(
    as_alice: Client, of_team: str, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuning.analysis.audit.BATCH", 2)
    for number in range(5):
        AuditEntry.objects.create(kind="member.add", subject=f"p{number}", team_id=team.pk)
    lines = export(as_alice, of_team, "jsonl", kind="member.add").splitlines()
    assert [json.loads(line)["subject"] for line in lines] == ["p4", "p3", "p2", "p1", "p0"]


def test_a_kind_of_a_later_version_is_shown_as_it_is(
    as_alice: Client, of_team: str, team: Team
) -> None:
    AuditEntry.objects.create(kind="moon.land", subject="the moon", team_id=team.pk, person="bob")
    assert shown(as_alice, of_team) == ["bob moon.land the moon"]
