"""Tokens of scripts: what they may do, when they end, how often they may ask."""

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tuning.models import AccessToken, AuditEntry, Project, Scope, Team
from tuning.views import rate_limits

from .conftest import Caller


def test_nobody_gets_in_without_one(as_alice: Client, db: None) -> None:
    for answer in (Caller(None).get("me"), as_alice.get("/api/v1/me")):
        assert answer.status_code == 401
        assert answer["WWW-Authenticate"].startswith("Bearer")
        assert answer.json()["detail"].startswith("Send an access token")
    stranger = Caller(None)
    stranger.token = "tuneroom_guess"
    assert "expired or been revoked" in stranger.get("me").json()["detail"]


def test_it_ends_at_its_date_when_it_is_revoked_and_with_the_account(alice: User) -> None:
    caller = Caller(alice)
    assert caller.get("me").status_code == 200
    AccessToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert caller.get("me").status_code == 401
    AccessToken.objects.update(expires_at=timezone.now() + timedelta(days=1))
    assert caller.get("me").status_code == 200
    User.objects.update(is_active=False)
    assert caller.get("me").status_code == 401
    User.objects.update(is_active=True)
    AccessToken.objects.all().delete()
    assert caller.get("me").status_code == 401


def test_one_that_only_reads_changes_nothing(alice: User) -> None:
    caller = Caller(alice, Scope.READ)
    assert caller.get("projects").status_code == 200
    for method in ("POST", "PATCH", "PUT", "DELETE"):
        answer = caller(method, "projects")
        assert answer.status_code == 403
        assert answer.json()["detail"].startswith("This access token can only read.")


def test_it_is_for_all_teams_or_for_one(
    as_alice: Client, alice: User, charlie: User, project: Project
) -> None:
    page, others = reverse("access-token-list"), charlie.memberships.get().team  # type: ignore[attr-defined]
    refused = as_alice.post(page, {"name": "nightly", "team": others.pk})
    assert refused.status_code == 422
    assert not AccessToken.objects.exists()
    shown = as_alice.post(page, {"name": "nightly", "team": project.team_id}).content.decode()
    assert "<td>Digits team</td>" in shown
    assert AuditEntry.objects.get(kind="token.create").team == "Digits team"
    caller = Caller(alice, team=project.team)
    assert caller.get("me").json()["team"] == project.team_id
    others.memberships.create(user=alice)
    assert [team["name"] for team in caller.get("me").json()["teams"]] == ["Digits team"]
    project.team.memberships.filter(user=alice).delete()
    assert caller.get(f"projects/{project.pk}").status_code == 404
    assert caller.get("me").json()["teams"] == []


def test_one_for_a_team_learns_no_answer_of_another(alice: User, team: Team) -> None:
    everywhere, here = Caller(alice), Caller(alice, team=team)
    body, key = {"name": "Vision"}, {"Idempotency_Key": "nightly"}
    assert everywhere.post("teams", body, **key).status_code == 201
    assert everywhere.post("teams", body, **key)["Idempotent-Replayed"] == "true"
    again = here.post("teams", body, **key)
    assert (again.status_code, again.json()["detail"]) == (
        422, "This idempotency key was used for a different request.",
    )  # fmt: skip


def test_its_access_and_its_lifetime_are_chosen_on_its_page(as_alice: Client) -> None:
    page = reverse("access-token-list")
    as_alice.post(page, {"name": "nightly", "scope": "write", "days": "30"})
    as_alice.post(page, {"name": "forever", "scope": "read", "days": ""})
    nightly, forever = AccessToken.objects.order_by("pk")
    assert (nightly.scope, forever.scope) == (Scope.WRITE, Scope.READ)
    assert nightly.expires_at is not None
    assert abs(nightly.expires_at - timezone.now() - timedelta(days=30)) < timedelta(minutes=1)
    assert forever.expires_at is None
    AccessToken.objects.filter(pk=nightly.pk).update(expires_at=timezone.now())
    shown = as_alice.get(page).content.decode()
    assert "Read and change" in shown
    assert "expired" in shown
    assert as_alice.post(page, {"name": "x", "scope": "all"}).status_code == 422


def test_a_get_does_not_write(alice: User, django_assert_max_num_queries: Any) -> None:
    caller = Caller(alice)
    caller.get("me")
    with django_assert_max_num_queries(2) as asked:
        caller.get("me")
    assert all(query["sql"].startswith("SELECT") for query in asked.captured_queries)


def test_too_many_requests_wait(alice: User, bob: User, settings: Any, monkeypatch: Any) -> None:
    now = [600.0]
    monkeypatch.setattr(rate_limits.time, "time", lambda: now[0])
    settings.API_REQUESTS_PER_MINUTE = 2
    caller, other = Caller(alice), Caller(bob)
    assert [caller.get("me").status_code for _ in range(3)] == [200, 200, 429]
    answer = caller.get("me")
    assert answer["Retry-After"] == "60"
    assert answer.json()["detail"] == "Too many requests. Try again in 60 s."
    assert other.get("me").status_code == 200
    now[0] = 660.0
    assert caller.get("me").status_code == 200


def test_a_session_of_another_person_does_not_matter(alice: User, charlie: User) -> None:
    caller = Caller(alice)
    caller.client.force_login(charlie, backend="django.contrib.auth.backends.ModelBackend")
    assert caller.get("me").json()["username"] == "alice"
