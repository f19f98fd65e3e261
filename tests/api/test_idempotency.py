"""A POST that is sent again with its key happens once."""

import contextlib
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from tuning.models import IdempotencyKey, Invitation, Project, Search, Team, Trial

from .conftest import Caller


def test_a_repeated_request_gets_the_first_answer(bob_calls: Caller, project: Project) -> None:
    path = f"projects/{project.pk}/searches"
    first = bob_calls.post(path, {"max_trials": 5}, Idempotency_Key="nightly-1")
    again = bob_calls.post(path, {"max_trials": 5}, Idempotency_Key="nightly-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again["Idempotent-Replayed"] == "true"
    assert Search.objects.count() == 1
    assert bob_calls.post(path, {"max_trials": 5}).status_code == 201
    assert Search.objects.count() == 2


def test_who_is_removed_gets_no_first_answer(
    bob_calls: Caller, alice_calls: Caller, project: Project
) -> None:
    path = f"projects/{project.pk}/searches"
    assert bob_calls.post(path, {}, Idempotency_Key="nightly-1").status_code == 201
    assert alice_calls.delete(f"teams/{project.team_id}/members/bob").status_code == 204
    assert bob_calls.post(path, {}, Idempotency_Key="nightly-1").status_code == 404


def test_who_leaves_by_handing_over_may_ask_twice(
    alice_calls: Caller, bob: User, team: Team
) -> None:
    at, body = f"teams/{team.pk}/handover", {"username": "bob", "role": "leave"}
    for _ in range(2):
        assert alice_calls.post(at, body, Idempotency_Key="k").status_code == 204


def test_the_link_of_an_invitation_is_not_kept(alice_calls: Caller, team: Team) -> None:
    """The database has only its hash."""
    path = f"teams/{team.pk}/invitations"
    first = alice_calls.post(path, {"role": "viewer"}, Idempotency_Key="k").json()
    secret = first["link"].rstrip("/").rpartition("/")[2]
    assert len(secret) > 20
    assert secret not in IdempotencyKey.objects.get().answer
    again = alice_calls.post(path, {"role": "viewer"}, Idempotency_Key="k")
    assert (again.status_code, again.json()) == (201, {**first, "link": ""})
    assert Invitation.objects.count() == 1


def test_a_key_belongs_to_one_request_of_one_person(
    bob_calls: Caller, alice_calls: Caller, project: Project
) -> None:
    path = f"projects/{project.pk}/searches"
    bob_calls.post(path, {"max_trials": 5}, Idempotency_Key="k")
    other = bob_calls.post(path, {"max_trials": 6}, Idempotency_Key="k")
    assert other.status_code == 422
    assert "different request" in other.json()["detail"]
    assert alice_calls.post(path, {"max_trials": 6}, Idempotency_Key="k").status_code == 201
    assert bob_calls.post(path, {}, Idempotency_Key="k" * 201).status_code == 422


def test_what_was_refused_may_be_corrected(bob_calls: Caller, project: Project) -> None:
    path = f"projects/{project.pk}/searches"
    assert bob_calls.post(path, {"max_trials": 0}, Idempotency_Key="k").status_code == 422
    assert not IdempotencyKey.objects.exists()
    assert bob_calls.post(path, {"max_trials": 5}, Idempotency_Key="k").status_code == 201


def test_a_change_and_its_key_are_kept_together(
    bob_calls: Caller, project: Project, monkeypatch: Any
) -> None:
    """A process that dies between the two leaves neither."""
    saved = IdempotencyKey.save

    def dies(row: IdempotencyKey, *args: Any, **kwargs: Any) -> None:
        if row.answer:
            raise SystemExit
        saved(row, *args, **kwargs)

    monkeypatch.setattr(IdempotencyKey, "save", dies)
    path = f"projects/{project.pk}/searches"
    with contextlib.suppress(SystemExit):
        bob_calls.post(path, {}, Idempotency_Key="k")
    assert (Search.objects.count(), Trial.objects.count()) == (0, 0)
    assert not IdempotencyKey.objects.exists()


def test_it_is_kept_for_a_day(bob_calls: Caller, project: Project) -> None:
    path = f"projects/{project.pk}/searches"
    bob_calls.post(path, {}, Idempotency_Key="old")
    IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(hours=25))
    bob_calls.post(path, {}, Idempotency_Key="new")
    assert [row.key for row in IdempotencyKey.objects.all()] == ["new"]
