"""Every address of the site x everybody x every method: nobody gets in where they do not belong,
nothing is a server error, and HEAD works wherever GET does.

The table of who may do what is `permissions.py`; the API has its own in
`tests/api/test_every_operation.py`. Changes are rolled back, so that one set of rows serves for all
requests."""

import logging
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any
from unittest.mock import patch

import pytest
from django.contrib.auth import middleware
from django.contrib.auth.models import AnonymousUser, User
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.test.client import ClientHandler, RequestFactory
from django.urls import NoReverseMatch, URLResolver, get_resolver, reverse
from django.utils import timezone

from tuning.models import Dataset, HyperModel, Search, Team, Worker

from .permissions import PERMISSIONS, Access

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
MEMBERS = {"viewer", "editor", "owner"}
EVERYBODY = MEMBERS | {"stranger", "other owner", "superuser"}
# They send every method. One that answers 405 to all of them who are signed in is refused whoever
# asks, so the others do not send it.
TRY_EVERYTHING = ("anonymous", "stranger", "viewer", "owner", "superuser")
# alice is the owner; PERSON's rows are hers.
ALLOWED = {
    Access.EVERYBODY: EVERYBODY | {"anonymous"},
    Access.ACCOUNTS: EVERYBODY,
    Access.MEMBERS: MEMBERS,
    Access.EDITORS: {"editor", "owner"},
    Access.OWNERS: {"owner"},
    Access.PERSON: {"owner"},
    Access.SUPERUSERS: {"superuser"},
}
# They say of the row, not of the person, that there is nothing.
NOTHING_THERE = {
    "dataset-picture", "dataset-retry", "hypermodel-diff", "invitation-open", "metrics",
    "prediction-rows", "saved-model-stage", "sign-up", "signed-out-elsewhere", "single-sign-on",
    "single-sign-on-callback", "single-sign-out", "upload-address", "upload-finish", "upload-part",
}  # fmt: skip
# Viewers open them and send nothing.
VIEWERS_ONLY_LOOK = {"import-detail", "upload-create"}


def names(resolver: URLResolver, namespace: str = "") -> Iterator[str]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield from names(pattern, f"{pattern.namespace}:" if pattern.namespace else namespace)
        else:
            yield f"{namespace}{pattern.name}"


NAMES = set(names(get_resolver()))
PAGES = sorted(name for name in NAMES if ":" not in name)
ADMIN = sorted(name for name in NAMES if name.startswith("admin:"))


class Person:
    """Sends requests without what a test client collects of each answer, and without a session that
    each of them would read: sessions have tests of their own."""

    handler = ClientHandler(enforce_csrf_checks=False)
    requests = RequestFactory()

    def __init__(self, user: User | None) -> None:
        self.user = user or AnonymousUser()

    def __call__(self, method: str, url: str) -> tuple[int, str]:
        """The answer's status and where it leads. What it changes is rolled back."""
        form = "application/x-www-form-urlencoded"
        environ = self.requests.generic(method, url, content_type=form).environ
        with patch.object(middleware, "get_user", lambda _: self.user), transaction.atomic():
            response = self.handler(environ)
            response.close()
            transaction.set_rollback(True)
        return response.status_code, response.headers.get("Location", "")


@pytest.fixture(autouse=True)
def _refuse_briefly(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Thousands are refused: without a page, which would take half of the time, and without a line
    in the log."""
    for status in (403, 404):
        refuse = partial(_refuse, status=status)
        monkeypatch.setattr(f"webapp.urls.handler{status}", refuse, raising=False)
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


def _refuse(request: HttpRequest, exception: Exception, status: int) -> HttpResponse:
    return HttpResponse(status=status)


@pytest.fixture
def cast(alice: User, bob: User, charlie: User, dora: User) -> dict[str, Person]:
    users = {
        "anonymous": None, "stranger": User.objects.create_user("eve"), "viewer": dora,
        "editor": bob, "owner": alice, "other owner": charlie,
        "superuser": User.objects.create_superuser("erin"),
    }  # fmt: skip
    return {role: Person(user) for role, user in users.items()}


def test_every_address_has_a_row() -> None:
    assert set(PAGES) == set(PERMISSIONS)


@pytest.mark.slow
def test_pages_admit_the_right_people_and_answer_head_as_get(
    address: Any, cast: dict[str, Person], dataset: Dataset, hypermodel: HyperModel, team: Team,
    settings: Any, worker: Worker,
) -> None:  # fmt: skip
    settings.AXES_FAILURE_LIMIT = 100
    # Ready is a site with a worker, to the end of this test.
    Worker.objects.filter(pk=worker.pk).update(seen_at=timezone.now() + timedelta(hours=1))
    # Of the team, in place of built-in ones.
    Dataset.objects.filter(pk=dataset.pk).update(team=team)
    HyperModel.objects.filter(pk=hypermodel.pk).update(team=team)
    urls = {name: address(name) for name in PAGES}
    wrong = []
    for name, url in urls.items():
        # First: what the owner's DELETE removes from the disk is not rolled back.
        head = cast["owner"]("HEAD", url)
        answers = _answers_of_everybody(cast, url)
        for role, of_role in answers.items():
            wrong += [f"{name}, {role}: {what}" for what in _faults(name, role, of_role)]
        if (get := answers["owner"]["GET"]) != head:
            wrong.append(f"{name}: GET is {get}, HEAD is {head}")
    assert "\n".join(wrong) == ""


def _answers_of_everybody(
    cast: dict[str, Person], url: str
) -> dict[str, dict[str, tuple[int, str]]]:
    found = {role: {method: cast[role](method, url) for method in METHODS}
             for role in TRY_EVERYTHING}  # fmt: skip
    signed_in = [answers for role, answers in found.items() if role != "anonymous"]
    methods = [
        method for method in METHODS if any(answers[method][0] != 405 for answers in signed_in)
    ]
    for role, person in cast.items():
        if role not in found:
            found[role] = {method: person(method, url) for method in methods}
    return found


def _faults(name: str, role: str, answers: dict[str, tuple[int, str]]) -> Iterator[str]:
    access, statuses = PERMISSIONS[name], {status for status, _ in answers.values()}
    if statuses & {401} or max(statuses) >= 500:
        yield f"{answers}"
    if role in ALLOWED[access]:
        refusals = {403, 404} - ({404} if name in NOTHING_THERE else set())
        if name in VIEWERS_ONLY_LOOK and role == "viewer":
            refusals = {404}
        if statuses & refusals or statuses <= {405}:
            yield f"is refused: {answers}"
    elif role == "anonymous":
        if {where.partition("?")[0] for _, where in answers.values()} != {reverse("login")}:
            yield f"is not led to the sign-in page: {answers}"
    else:
        # Who is no member finds nothing; a member may read whom to ask.
        is_personal = access in (Access.PERSON, Access.SUPERUSERS)
        possible = {403} if role in MEMBERS and not is_personal else {404}
        if access == Access.PERSON and role in MEMBERS:
            possible = {403, 404}
        if not statuses & possible or not statuses <= possible | {405}:
            yield f"gets in: {answers}"


@pytest.mark.slow
def test_admin_pages(cast: dict[str, Person], search: Search) -> None:
    sign_in = {reverse("login"), reverse("admin:login")}
    wrong = []
    for name in ADMIN:
        url = _admin_address(name)
        for role, person in cast.items():
            methods = ("GET", "POST") if role == "superuser" else METHODS
            answers = {method: person(method, url) for method in methods}
            if role == "superuser":
                is_wrong = max(status for status, _ in answers.values()) >= 500
            else:
                is_wrong = not {where.partition("?")[0] for _, where in answers.values()} <= sign_in
            if is_wrong and name not in ("admin:login", "admin:logout"):
                wrong.append(f"{name}, {role}: {answers}")
    assert "\n".join(wrong) == ""


def _admin_address(name: str) -> str:
    """Of the first row, where it is of one."""
    if name == "admin:None":
        # What the admin pages do not have.
        return reverse("admin:index") + "nothing/"
    for arguments in ((), ("1",), ("1", "1")):
        with suppress(NoReverseMatch):
            return reverse(name, args=arguments)
    return reverse(name, args=["tuning"])
