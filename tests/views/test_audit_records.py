"""What the audit log records, from wherever it was done; that nobody changes it; what it leaves
out. Which addresses record: `test_audited_addresses.py`."""

import ast
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import caches
from django.test import Client
from django.urls import reverse
from django.utils import timezone

import tuning
from tests.api.conftest import Caller
from tuning.actions.audit import Actor, acting, record
from tuning.actions.projects import delete_project
from tuning.actions.searches import delete_search, extend_search, pause_search
from tuning.actions.teams import remove_member, set_member
from tuning.models import AuditEntry, Project, Role, SavedModel, Search, Team
from tuning.models.audit import AppendOnly, Via
from tuning.models.audit_kinds import AUDIT_KINDS

ROOT = Path(tuning.__file__).parents[1]


def said() -> list[str]:
    """The log, the oldest entry first."""
    return [str(entry) for entry in AuditEntry.objects.order_by("pk")]


def recorded_kinds() -> Iterator[str]:
    """The first argument of each call, in the code."""
    files = [*(ROOT / "tuning").rglob("*.py"), *(ROOT / "webapp").rglob("*.py")]
    for path in files:
        text = path.read_text()
        for node in ast.walk(ast.parse(text)) if "record" in text else ():
            name = getattr(getattr(node, "func", None), "id", "")
            if name in ("record", "record_download"):
                place = 1 if name == "record_download" else 0
                kind = node.args[place]  # type: ignore[attr-defined]
                # One of two, in places.
                yield from (each.value for each in ast.walk(kind) if isinstance(each, ast.Constant))


def test_every_kind_is_recorded_somewhere_and_has_a_row() -> None:
    assert set(recorded_kinds()) == set(AUDIT_KINDS)


def test_an_entry_says_who_did_what_where_and_from_where(
    as_bob: Client, bob: User, make_search: Any, project: Project, team: Team
) -> None:
    search = make_search(name="Wide nets")
    page = reverse("search-pause", args=[search])
    as_bob.post(page, headers={"User-Agent": "Mozilla/5.0 (X11; Linux) Firefox/140.0"})
    entry = AuditEntry.objects.first()
    assert entry
    assert str(entry) == "bob paused search 1 “Wide nets”"
    assert (entry.kind, entry.person_id, entry.via) == ("search.pause", bob.pk, Via.PAGE)
    assert (entry.team_id, entry.team) == (team.pk, "Digits team")
    assert (entry.project_id, entry.project) == (project.pk, "Digits")
    assert (entry.subject_kind, entry.token) == ("search", "")
    assert (entry.address, entry.browser) == ("127.0.0.1", "Firefox on Linux")
    assert timezone.now() - entry.at < timedelta(minutes=1)


def test_a_script_is_named_by_its_token(bob: User, make_search: Any) -> None:
    search = make_search()
    Caller(bob).post(f"projects/{search.project_id}/searches/{search.number}/stop")
    entry = AuditEntry.objects.first()
    assert entry
    assert (str(entry), entry.via, entry.token) == ("bob stopped search 1", Via.API, "script")
    # What is asked for twice is done, and recorded, once.
    Caller(bob).post(f"projects/{search.project_id}/searches/{search.number}/stop")
    assert AuditEntry.objects.filter(kind="search.stop").count() == 1


def test_a_command_is_its_users(alice: User, make_search: Any) -> None:
    search = make_search()
    with acting(lambda: Actor(alice, Via.COMMAND)):
        extend_search(search, 5, search.max_trials)
    pause_search(search)
    extended, paused = AuditEntry.objects.order_by("pk")[1:]
    assert (str(extended), extended.via) == ("alice extended search 1 by 5 trials", Via.COMMAND)
    # Nobody acts outside.
    assert (str(paused), paused.via) == ("A person paused search 1", "")


def test_roles(alice: User, bob: User, charlie: User, team: Team) -> None:
    with acting(lambda: Actor(alice)):
        set_member(team, charlie, Role.VIEWER)
        set_member(team, charlie, Role.EDITOR)
        set_member(team, charlie, Role.EDITOR)
        remove_member(team, charlie)
        remove_member(team, charlie)
    assert said() == [
        "alice added charlie as viewer",
        "alice changed the role of charlie from viewer to editor",
        "alice removed charlie (editor)",
    ]
    assert {entry.team for entry in AuditEntry.objects.all()} == {"Digits team"}


def test_what_fails_is_not_recorded(alice: User, team: Team) -> None:
    from tuning.actions.teams import LastOwner

    with pytest.raises(LastOwner):
        remove_member(team, alice)
    assert said() == []


def test_entries_outlive_person_project_and_team(
    alice: User, bob: User, project: Project, search: Search, saved_model: SavedModel, team: Team
) -> None:
    with acting(lambda: Actor(bob)):
        delete_search(search)
        delete_project(project)
    before = list(AuditEntry.objects.values())
    bob.delete()
    team.delete()
    assert list(AuditEntry.objects.values()) == before
    assert said() == [
        "alice started search 1", "bob deleted search 1", "bob deleted project “Digits”",
    ]  # fmt: skip
    last = AuditEntry.objects.first()
    assert last
    assert (last.team, last.project, last.person) == ("Digits team", "Digits", "bob")


def test_entries_are_neither_changed_nor_deleted(alice: User, team: Team) -> None:
    record("team.create", team, by=alice)
    entry = AuditEntry.objects.get()
    entry.person = "bob"
    rows = AuditEntry.objects.filter(pk=entry.pk)
    for attempt in (
        entry.save, entry.delete, rows.delete, lambda: rows.update(person="bob"),
        lambda: AuditEntry.objects.bulk_update([entry], ["person"]),
        lambda: AuditEntry.objects.bulk_create([entry]),
        lambda: AuditEntry.objects.update_or_create(pk=entry.pk, defaults={"person": "bob"}),
    ):  # fmt: skip
        with pytest.raises(AppendOnly):
            attempt()  # type: ignore[operator]
    assert said() == ["alice created team “Digits team”"]


def test_the_setting_removes_old_entries_only(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    now = timezone.now()
    for days in (91, 89):
        then = now - timedelta(days=days)
        AuditEntry.objects.create(at=then, kind="team.create", subject=f"of {days} days ago")
    assert AuditEntry.objects.expire(90) == 1
    assert said() == ["A person created of 89 days ago"]


def test_downloads_and_exports(as_bob: Client, bob: User, saved_model: SavedModel) -> None:
    search = saved_model.trial.search
    as_bob.head(reverse("saved-model-download", args=[saved_model])).close()
    as_bob.get(reverse("saved-model-download", args=[saved_model])).close()
    as_bob.get(reverse("trial-list", args=[search]), {"format": "csv"}).close()
    as_bob.get(reverse("project-trials", args=[search.project_id]), {"format": "json"}).close()
    Caller(bob).get(f"projects/{search.project_id}/models/1/download").close()
    downloads = AuditEntry.objects.filter(kind__in=("model.download", "trials.export"))
    found = [(str(each), each.via) for each in downloads.order_by("pk")]
    name = found[0][0].removeprefix("bob downloaded ").removesuffix(" of model 1")
    assert found == [
        (f"bob downloaded {name} of model 1", "page"),
        ("bob exported trials of search 1 (csv)", "page"),
        ("bob exported trials of project “Digits” (json)", "page"),
        (f"bob downloaded {name} of model 1", "api"),
    ]
    assert name.endswith(".keras")


def sign_in(name: str, password: str) -> Any:
    return Client().post(reverse("login"), {"username": name, "password": password})


def test_sign_ins(alice: User, as_alice: Client) -> None:
    sign_in("alice", "alice-password-1")
    sign_in("alice", "wrong")
    as_alice.post(reverse("logout"))
    assert said() == [
        "alice signed in", "alice signed in", "A person failed to sign in as alice",
        "alice signed out",
    ]  # fmt: skip
    failed = AuditEntry.objects.get(kind="sign_in.failed")
    assert (failed.subject_kind, failed.address, failed.person_id) == ("account", "127.0.0.1", None)


def test_a_password_typed_as_a_name_is_not_kept(alice: User) -> None:
    secret = "correct-horse-battery"
    sign_in(secret, "")
    sign_in(secret, secret)
    sign_in("\x00", secret)
    entries = list(AuditEntry.objects.values())
    # A form without a password asks nobody.
    assert {each["subject"] for each in entries} == {"an unknown account"}
    assert secret not in str(entries)


def test_refused_attempts_are_one_entry(alice: User, settings: Any) -> None:
    settings.AXES_ENABLED, settings.AXES_FAILURE_LIMIT = True, 3
    for _ in range(8):
        sign_in("alice", "wrong")
    caches["marks"].clear()
    sign_in("alice", "wrong")
    kinds = [entry.kind for entry in AuditEntry.objects.order_by("pk")]
    assert kinds.count("sign_in.failed") in (2, 3)
    assert kinds.count("sign_in.refused") == 2


def test_no_entry_has_a_token(alice: User, as_alice: Client, team: Team) -> None:
    made = as_alice.post(
        reverse("access-token-list"), {"name": "laptop", "scope": "write", "days": "30"}
    ).context["made"]
    link = as_alice.post(
        reverse("invitation-create", args=[team.pk]), {"role": "editor", "days": "7"}
    ).context["link"]
    assert made
    assert link
    text = str(list(AuditEntry.objects.values()))
    assert made not in text
    assert link.rstrip("/").rsplit("/", 1)[1] not in text
    assert said()[1:] == [
        "alice created access token “laptop” (read and change)",
        "alice invited anyone with the link as editor",
    ]


def test_changes_on_the_admin_pages(db: None, team: Team, bob: User) -> None:
    erin = User.objects.create_superuser("erin")
    client = Client()
    client.force_login(erin, backend="django.contrib.auth.backends.ModelBackend")
    client.post(reverse("admin:tuning_team_delete", args=[team.pk]), {"post": "yes"})
    users = [bob.pk, User.objects.create_user("frank").pk]
    client.post(
        reverse("admin:auth_user_changelist"),
        {"action": "delete_selected", "_selected_action": users, "post": "yes"},
    )
    assert said()[1:] == [
        "erin deleted team “Digits team” on the admin pages",
        "erin deleted user “bob” on the admin pages",
        "erin deleted user “frank” on the admin pages",
    ]
