"""Every address that changes something, and every operation of the API, records what the table
`acts.py` says, or is exempt there. A new one without a row fails."""

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client
from django.urls import reverse

from tests.api.conftest import Caller
from tests.api.test_every_operation import ADMINISTRATION, OPERATIONS
from tests.api.test_every_operation import address as api_address  # noqa: F401
from tuning.actions.datasets import prepare_chosen
from tuning.actions.invitations import invite
from tuning.actions.people import new_password_path
from tuning.actions.projects import use_newest_data
from tuning.models import AuditEntry, Dataset, Invitation, Project, Team

from .acts import ACTS, API_ACTS, API_AS_PAGES, API_EXEMPT, ELSEWHERE, EXEMPT, Act
from .permissions import PERMISSIONS, Access

ROOT = Path(__file__).parents[2]


@pytest.fixture
def clients(as_alice: Client) -> dict[Access, Client]:
    """By whom an address is for; alice is an owner."""
    erin = Client()
    user = User.objects.create_superuser("erin")
    erin.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return {**dict.fromkeys(Access, as_alice), Access.SUPERUSERS: erin}


def body_of(act: Act) -> dict[str, Any]:
    return {name: value() if callable(value) else value for name, value in act.body.items()}


def shown(client: Client, url: str) -> dict[str, Any]:
    """What the form at an address has, as a browser would send it back."""
    form = (client.get(url).context or {}).get("form") or ()
    values = {each.html_name: each.value() for each in form}
    return {name: v for name, v in values.items() if v is not None and v is not False}


def twice(tables: Iterable[dict[str, Any]]) -> set[str]:
    names = [name for table in tables for name in table]
    return {name for name in names if names.count(name) > 1}


def last() -> int:
    return AuditEntry.objects.values_list("pk", flat=True).first() or 0


def since(pk: int) -> set[str]:
    return set(AuditEntry.objects.filter(pk__gt=pk).values_list("kind", flat=True))


def test_every_address_that_takes_a_form_has_a_row(
    address: Any, clients: dict[Access, Client]
) -> None:
    tables = (ACTS, ELSEWHERE, EXEMPT)
    assert twice(tables) == set()
    listed = {name for table in tables for name in table}
    assert listed <= set(PERMISSIONS)
    without = []
    for name in sorted(set(PERMISSIONS) - listed):
        with transaction.atomic():
            status = clients[PERMISSIONS[name]].post(address(name)).status_code
            transaction.set_rollback(True)
        if status != 405:
            without.append(f"{name} answers POST with {status}: add a row to acts.py.")
    assert "\n".join(without) == ""


@pytest.mark.slow
def test_acts_are_recorded(clients: dict[Access, Client], address: Any) -> None:
    wrong = []
    for name, act in ACTS.items():
        client, url = clients[PERMISSIONS[name]], address(name)
        cookies = client.cookies.copy()
        with transaction.atomic():
            act.before()
            fields = shown(client, url)
            before = last()
            answer = client.post(url, fields | body_of(act))
            kinds = since(before)
            transaction.set_rollback(True)
        client.cookies = cookies
        if act.kind not in kinds:
            form = (answer.context or {}).get("form")
            errors = dict(form.errors) if form else {}
            wrong.append(f"{name}: {answer.status_code}, recorded {kinds}, errors {errors}")
    assert "\n".join(wrong) == ""


def test_every_operation_that_changes_something_has_a_row() -> None:
    tables = (API_ACTS, API_AS_PAGES, API_EXEMPT)
    assert twice(tables) == set()
    changes = {name for name, (method, _) in OPERATIONS.items() if method != "GET"}
    assert {name for table in tables for name in table} == changes
    assert set(API_AS_PAGES.values()) <= {*ACTS, *ELSEWHERE}


@pytest.mark.slow
def test_operations_are_recorded(api_address: Any, alice: User, bob: User) -> None:  # noqa: F811
    erin, wrong = User.objects.create_superuser("erin"), []
    callers = {True: Caller(erin), False: Caller(alice)}
    for name, act in API_ACTS.items():
        with transaction.atomic():
            act.before()
            before = last()
            answer = callers[name in ADMINISTRATION](*api_address(name), body_of(act))
            kinds = since(before)
            transaction.set_rollback(True)
        if act.kind not in kinds:
            wrong.append(f"{name}: {answer.status_code} {kinds or answer.content!r}")
    assert "\n".join(wrong) == ""


def test_what_other_tests_show_is_shown_by_a_test() -> None:
    for path, text in ELSEWHERE.values():
        assert text in (ROOT / path).read_text()


def test_accounts_of_people_who_are_not_signed_in(alice: User, team: Team, settings: Any) -> None:
    settings.OPEN_REGISTRATION = True
    account = {"password1": "Xy7-pq-rs9", "password2": "Xy7-pq-rs9", "email": ""}
    assert Client().post(reverse("sign-up"), {"username": "frank", **account}).status_code == 302

    token = invite(alice, Invitation(team=team, role="viewer"), timedelta(days=1))
    url = reverse("invitation-open", args=[token])
    assert Client().post(url, {"username": "gina", **account}).status_code == 302
    client, path = Client(), new_password_path(alice)
    url = client.get(path)["Location"]
    new = {"new_password1": "Xy7-pq-rs9", "new_password2": "Xy7-pq-rs9"}
    assert client.post(url, new).status_code == 302
    assert [str(entry) for entry in AuditEntry.objects.order_by("pk")] == [
        "frank created account frank", "frank signed in",
        "alice invited anyone with the link as viewer",
        "gina created account gina", "gina joined by invitation as viewer", "gina signed in",
        "A person created a password link for alice", "alice set a new password for alice",
    ]  # fmt: skip


def test_choices_for_an_upload(team: Team) -> None:
    dataset = Dataset.objects.create(
        key="own-1", name="Mine", team=team, source=Dataset.Source.UPLOAD,
        detected_schema={"columns": []},
    )  # fmt: skip
    assert prepare_chosen(dataset, {"target": "b"})
    assert not prepare_chosen(dataset, {"target": "b"})
    (entry,) = AuditEntry.objects.all()
    assert str(entry) == "A person prepared dataset “Mine, version 1”"


def test_a_newer_version_of_the_data(project: Project, team: Team) -> None:
    Dataset.objects.update(source=Dataset.Source.UPLOAD, team=team)
    first = Dataset.objects.get()
    Dataset.objects.create(
        key="own-2", name=first.name, team=team, source=first.source, version=2, series=first.key,
        kind=first.kind, task=first.task, folder="digits-2", profile=first.profile,
    )  # fmt: skip
    assert use_newest_data(project) == ""
    (entry,) = AuditEntry.objects.all()
    assert str(entry) == "A person updated project “Digits” to Test digits, version 2"
