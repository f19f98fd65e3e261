"""Recording in the audit log what a person does.

`record` is called where something is done, in the same transaction, so that pages, the API and
commands all record: an entry is there if the change is. Who acts is said around it, once for a
request (`views/audit.py`) and once for a command (`acting`). What workers do by themselves is in
their rows, not here.

An entry has no secrets: no tokens, links or passwords. A name that a person typed at a failed
sign-in is left out unless an account has it, since people type their password there.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.db import DEFAULT_DB_ALIAS

from tuning.models import (
    AccessToken,
    AuditEntry,
    Dataset,
    HyperModel,
    Invitation,
    Project,
    SavedModel,
    Search,
    SearchImport,
    Team,
    Trial,
    Webhook,
)
from tuning.models.audit import ACCOUNT, Via
from tuning.models.audit_kinds import AUDIT_KINDS


@dataclass(frozen=True)
class Actor:
    """Who acts, and from where. Without a person: nobody who is signed in. `name`: of a person
    without an account, the user of the operating system."""

    person: Any = None
    via: Via | str = ""
    token: str = ""
    address: str = ""
    browser: str = ""
    name: str = ""


_actor: ContextVar[Callable[[], Actor]] = ContextVar("actor", default=Actor)


@contextmanager
def acting(actor: Callable[[], Actor]) -> Iterator[None]:
    """What is recorded meanwhile is this actor's, who is asked for then: a request may be
    a person's only after it has begun."""
    before = _actor.set(actor)
    try:
        yield
    finally:
        _actor.reset(before)


def current_actor() -> Actor:
    return _actor.get()()


def record(
    kind: str, subject: Any = None, *, team: Team | None = None, by: Any = None,
    using: str = DEFAULT_DB_ALIAS, **details: Any,
) -> None:  # fmt: skip
    """Add an entry of a kind of AUDIT_KINDS about a row, or about what a text names. The team and
    the project are the row's; `team` is for what has none, `by` for who is not signed in yet.
    `details` are what the kind's sentence names, `using` another database."""
    actor = current_actor()
    person = by or actor.person
    what, name, project, owner = _place_of(subject)
    team = owner or team
    AuditEntry.objects.using(using).create(
        kind=AUDIT_KINDS[kind].key,
        person_id=person.pk if person else None,
        person=person.get_username() if person else actor.name,
        via=actor.via, token=actor.token, address=actor.address, browser=actor.browser,
        team_id=team.pk if team else None,
        team=team.name if team else "",
        project_id=project.pk if project else None,
        project=project.name if project else "",
        subject_kind=what, subject=name[:300], details=details,
    )  # fmt: skip


Place = tuple[str, str, Project | None, Team | None]


def _place_of(subject: Any) -> Place:
    """The kind of thing, its name, its project and its team."""
    if subject is None or isinstance(subject, str):
        return "", subject or "", None, None
    if isinstance(subject, get_user_model()):
        return ACCOUNT, subject.get_username(), None, None
    what, name, project_of, team_of = _SUBJECTS[type(subject)]
    project = project_of(subject)
    return what, name(subject), project, project.team if project else team_of(subject)


def _nothing(_: Any) -> None:
    return None


def _numbered(noun: str, row: Any) -> str:
    return f"{noun} {row.number} “{row.name}”" if row.name else f"{noun} {row.number}"


# For each kind of row: the kind of thing, its name, its project, its team if it has no project.
_SUBJECTS: dict[type, tuple[str, Callable[[Any], str], Callable[[Any], Any], Callable[[Any], Any]]]
_SUBJECTS = {
    Team: ("team", lambda row: f"team “{row.name}”", _nothing, lambda row: row),
    Project: ("project", lambda row: f"project “{row.name}”", lambda row: row, _nothing),
    Search: ("search", lambda row: _numbered("search", row), lambda row: row.project, _nothing),
    Trial: (
        "trial", lambda row: f"trial {row.number} of search {row.search.number}",
        lambda row: row.search.project, _nothing,
    ),
    SavedModel: ("model", lambda row: _numbered("model", row), lambda row: row.project, _nothing),
    SearchImport: ("import", lambda row: f"“{row.name}”", lambda row: row.project, _nothing),
    Dataset: ("dataset", lambda row: f"dataset “{row.title}”", _nothing, lambda row: row.team),
    HyperModel: ("template", lambda row: f"template “{row.name}”", _nothing, lambda row: row.team),
    Invitation: (
        "invitation", lambda row: row.email or "anyone with the link",
        _nothing, lambda row: row.team,
    ),
    AccessToken: ("token", lambda row: f"“{row.name}”", _nothing, _nothing),
    Webhook: ("webhook", str, lambda row: row.project, lambda row: row.team),
}  # fmt: skip
