"""Administrators add and remove machines; a machine joins by its token. With PostgreSQL and Redis:
`tests/system/test_joining.py`."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tuning.actions import machines as actions
from tuning.models import AuditEntry, Machine, Worker

PAGE = {"name": "gpu-1", "hours": "1"}


@pytest.fixture
def as_erin(db: None) -> Client:
    client = Client()
    erin = User.objects.create_superuser("erin")
    client.force_login(erin, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def possible(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if this site had servers that other machines reach."""
    monkeypatch.setattr(actions, "obstacle", lambda: "")


def add(client: Client, **fields: str) -> Any:
    return client.post(reverse("machine-create"), PAGE | fields)


def token_in(page: Any) -> str:
    found = re.search(r"--token ([\w-]+)", page.content.decode())
    assert found
    return found[1]


def ask(token: Any, **body: Any) -> tuple[int, str]:
    content = {"token": token, "protocol": 1, "host": "box", **body}
    client = Client(enforce_csrf_checks=True)
    answer = client.post(reverse("machine-join"), content, content_type="application/json")
    assert "no-store" in answer["Cache-Control"]
    return answer.status_code, json.loads(answer.content)["error"]


def test_the_command_is_shown_once(as_erin: Client, possible: None) -> None:
    page = add(as_erin)
    token = token_in(page)
    assert token.startswith("tuneroom_join_")
    assert "no-store" in page["Cache-Control"]
    assert page.content.decode().count(f"--join http://testserver --token {token}") == 2
    machine = Machine.objects.get()
    assert (machine.name, machine.created_by.username) == ("gpu-1", "erin")
    assert timedelta(0) < machine.token_expires_at - timezone.now() <= timedelta(hours=1)
    stored = json.dumps(list(Machine.objects.values()), default=str)
    assert token not in stored
    workers = as_erin.get(reverse("worker-list")).content.decode()
    assert token not in workers
    assert "waiting, token valid until" in workers
    assert [str(entry) for entry in AuditEntry.objects.filter(kind="machine.add")] == [
        "erin created a token for machine “gpu-1”"
    ]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": ""}, "Enter a name for the machine."),
        ({"name": "my machine"}, "Use letters, digits, dots, hyphens and underscores."),
        ({"name": "gpu@1"}, "Use letters, digits, dots, hyphens and underscores."),
        ({"name": "taken"}, "A machine with this name exists."),
        ({"hours": "9"}, "Select a valid choice."),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(
    as_erin: Client, possible: None, fields: dict[str, str], said: str
) -> None:
    add(as_erin, name="taken")
    page = add(as_erin, **fields)
    assert page.status_code == 422
    assert said in page.content.decode()
    assert Machine.objects.count() == 1


def test_a_site_that_no_machine_can_join_says_what_to_do(as_erin: Client, settings: Any) -> None:
    page = as_erin.get(reverse("machine-create")).content.decode()
    assert "This site uses SQLite, which only its own machine can reach. Move it to" in page
    assert "Create command" not in page
    assert add(as_erin).status_code == 422
    assert not Machine.objects.exists()
    # A token from before, of an installation that was moved back.
    token = actions.add_machine(None, "gpu-1", hours=1)
    status, said = ask(token)
    assert (status, said[:21]) == (403, "This site uses SQLite")
    assert Machine.objects.awaited().exists()


@pytest.mark.parametrize(
    ("setting", "said"),
    [("REDIS_URL", "Set REDIS_URL"), ("STORAGE_URL", "Set STORAGE_URL"), ("", "CREATEROLE")],
)
def test_each_obstacle_is_named(
    settings: Any, monkeypatch: pytest.MonkeyPatch, setting: str, said: str
) -> None:
    monkeypatch.setattr(actions.worker_roles, "is_possible", lambda: True)
    monkeypatch.setattr(actions.worker_roles, "may_make_roles", lambda: False)
    settings.REDIS_URL, settings.STORAGE_URL = "redis://h", "s3://b"
    if setting:
        setattr(settings, setting, "")
    assert said in actions.obstacle()


def test_tokens_that_are_not_valid_are_refused(as_erin: Client, possible: None) -> None:
    used, expired, removed = (
        token_in(add(as_erin, name=name)) for name in ("used", "expired", "removed")
    )
    now = timezone.now()
    Machine.objects.filter(name="used").update(joined_at=now)
    Machine.objects.filter(name="expired").update(token_expires_at=now - timedelta(seconds=1))
    as_erin.post(reverse("machine-remove", args=[Machine.objects.get(name="removed").pk]))
    for token in (used, expired, removed, "", "nonsense", None, "\ud800"):
        assert ask(token) == (403, actions.INVALID)
    assert "token expired" in as_erin.get(reverse("worker-list")).content.decode()


def test_bodies_that_are_no_question_are_refused(db: None) -> None:
    for body in (
        "",
        "[]",
        "7",
        '"x"',
        '{"token": "x"}',
        '{"token": "x", "protocol": [], "host": ""}',
        '{"token": "x", "protocol": 1e999, "host": ""}',
        "[" * 100_000,
    ):
        answer = Client().post(reverse("machine-join"), body, content_type="application/json")
        assert answer.status_code == 400
        assert answer.json() == {"error": "Send token, protocol and host as JSON."}


def test_a_machine_is_removed_after_a_question(as_erin: Client, possible: None) -> None:
    add(as_erin)
    now = timezone.now()
    Machine.objects.update(joined_at=now, host="box")
    worker = Worker.objects.create(name="gpu-1@box", slots=1, started_at=now, seen_at=now)
    other = Worker.objects.create(name="gpu-10@box", slots=1, started_at=now, seen_at=now)
    url = reverse("machine-remove", args=[Machine.objects.get().pk])
    page = as_erin.get(url).content.decode()
    assert "It loses its access to the database and Redis immediately." in page
    assert Machine.objects.exists()
    answer = as_erin.post(url, follow=True).content.decode()
    assert "Machine “gpu-1” was removed." in answer
    assert not Machine.objects.exists()
    assert list(Worker.objects.online()) == [other]
    worker.refresh_from_db()
    assert worker.stopped_at is not None
    assert str(AuditEntry.objects.first()) == "erin removed machine “gpu-1”"


def test_others_see_no_machines(as_erin: Client, as_alice: Client, possible: None) -> None:
    add(as_erin)
    page = as_alice.get(reverse("worker-list")).content.decode()
    assert "gpu-1" not in page
    assert "Add a machine" not in page


def test_a_machine_that_joins_while_it_is_removed_keeps_nothing(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As PostgreSQL orders the two: removing waits for joining, and nobody joins afterwards."""
    actions.add_machine(None, "gpu-1", hours=1)
    machine = Machine.objects.get()
    rows = Machine.objects.filter(pk=machine.pk)
    rows.update(joined_at=timezone.now(), redis_digest="0")
    may_join: list[bool] = []
    deleted: list[str] = []

    def drop(of: Machine) -> None:
        may_join.append(rows.filter(token_expires_at__gt=timezone.now()).exists())

    monkeypatch.setattr(actions.worker_roles, "drop_role", drop)
    monkeypatch.setattr(
        actions.redis_users, "delete_user", lambda of: deleted.append(of.redis_digest)
    )
    actions.remove(machine, None)
    assert may_join == [False]
    # The row that was read before had none.
    assert deleted == ["0"]


@pytest.mark.parametrize(
    ("address", "made", "given"),
    [
        ("redis://outside:6379/0", "", "redis://:secret@outside:6379/0"),
        ("redis://:other@outside:6379/0", "", "redis://:other@outside:6379/0"),
        ("redis://outside:6379/0", "own", "redis://machine:own@outside:6379/0"),
    ],
)
def test_a_machine_can_sign_in_to_redis_under_its_other_address(
    possible: None, db: None, settings: Any, monkeypatch: pytest.MonkeyPatch,
    address: str, made: str, given: str,
) -> None:  # fmt: skip
    settings.REDIS_URL, settings.WORKER_REDIS_URL = "redis://:secret@inside:6379/0", address
    settings.WORKER_DATABASE_URL = "postgres://outside/tuneroom"
    monkeypatch.setattr(actions, "_other_version", lambda _: "")
    monkeypatch.setattr(actions.worker_roles, "create_role", lambda *_: "role")
    monkeypatch.setattr(actions.redis_users, "create_user", lambda _: made)
    monkeypatch.setattr(actions.redis_users, "user_of", lambda _: "machine")
    token = actions.add_machine(None, "gpu-1", hours=1)
    assert actions.join(token, 1, "box")["settings"]["REDIS_URL"] == given
