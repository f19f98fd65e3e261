"""Access tokens: what scripts can read with them, and that it is nothing else."""

import io
from datetime import timedelta

import pandas as pd
import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tuning.actions.access_tokens import create_token
from tuning.forms.access_tokens import MAX_TOKENS
from tuning.models import AccessToken, Role, Search, Team
from tuning.urls import urlpatterns


@pytest.fixture
def token(dora: User) -> str:
    return create_token(dora, "notebook")


@pytest.fixture
def export(search: Search) -> str:
    return reverse("trial-list", args=[search]) + "?format=csv"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_script_reads_exports_of_what_its_owner_may_see(
    client: Client, token: str, export: str, charlie: User
) -> None:
    response = client.get(export, headers=bearer(token))
    assert len(pd.read_csv(io.BytesIO(response.getvalue()))) == 3
    stranger = create_token(charlie, "mine")
    assert client.get(export, headers=bearer(stranger)).status_code == 404
    # Nobody is signed in by it.
    assert client.get(export).status_code == 302


def test_one_for_another_team_reads_no_export(client: Client, alice: User, export: str) -> None:
    other = Team.objects.create(name="Vision")
    other.memberships.create(user=alice, role=Role.OWNER)
    for team, status in ((other, 404), (Team.objects.get(name="Digits team"), 200)):
        token = create_token(alice, "nightly", team=team)
        answer = client.get(export, headers=bearer(token))
        answer.close()
        assert answer.status_code == status, team


def test_it_opens_and_changes_nothing_else(
    client: Client, as_alice: Client, alice: User, search: Search
) -> None:
    headers = bearer(create_token(alice, "laptop"))
    page = reverse("trial-list", args=[search])
    assert client.get(page, headers=headers).status_code == 403
    assert client.post(f"{page}?format=csv", headers=headers).status_code == 403
    delete = reverse("search-delete", args=[search])
    # Not even beside a session that could.
    for browser in (client, as_alice):
        assert browser.post(f"{delete}?format=csv", headers=headers).status_code == 403
    assert Search.objects.filter(pk=search.pk).exists()
    assert client.get("/admin/?format=csv", headers=headers).status_code == 403
    marked = {
        pattern.name
        for pattern in urlpatterns
        if getattr(pattern.callback, "exports_for_scripts", False)
    }
    assert marked == {"trial-list", "project-trials", "search-moved"}


def test_what_is_no_token_is_refused(client: Client, token: str, export: str, dora: User) -> None:
    for wrong in ("", "nonsense", token[:-1], AccessToken.objects.get().digest):
        response = client.get(export, headers=bearer(wrong))
        assert response.status_code == 401
        assert response["WWW-Authenticate"].startswith("Bearer")
    dora.is_active = False
    dora.save()
    assert client.get(export, headers=bearer(token)).status_code == 401


def test_it_is_shown_once_and_kept_as_a_digest(
    as_dora: Client, client: Client, export: str
) -> None:
    page = reverse("access-token-list")
    made = as_dora.post(page, {"name": "notebook"})
    assert "no-store" in made["Cache-Control"]
    token = made.context["made"]
    assert token.encode() in made.content
    assert token.encode() not in as_dora.get(page).content
    assert token not in str(AccessToken.objects.values())
    assert client.get(export, headers=bearer(token)).status_code == 200


def test_once_revoked_it_is_no_token(
    as_dora: Client, client: Client, token: str, export: str
) -> None:
    row = AccessToken.objects.get()
    response = as_dora.post(reverse("access-token-revoke", args=[row.pk]), follow=True)
    assert "“notebook” revoked" in response.content.decode()
    assert client.get(export, headers=bearer(token)).status_code == 401


def test_nobody_sees_or_revokes_somebody_elses(as_alice: Client, token: str) -> None:
    revoke = reverse("access-token-revoke", args=[AccessToken.objects.get().pk])
    assert revoke not in as_alice.get(reverse("access-token-list")).content.decode()
    assert as_alice.post(revoke).status_code == 404
    assert AccessToken.objects.exists()


def test_its_last_use_is_noted_every_five_minutes(client: Client, token: str, export: str) -> None:
    assert AccessToken.objects.get().last_used_at is None
    client.get(export, headers=bearer(token)).getvalue()
    first = AccessToken.objects.get().last_used_at
    client.get(export, headers=bearer(token)).getvalue()
    assert AccessToken.objects.get().last_used_at == first
    earlier = timezone.now() - timedelta(minutes=6)
    AccessToken.objects.update(last_used_at=earlier)
    client.get(export, headers=bearer(token)).getvalue()
    assert AccessToken.objects.get().last_used_at > earlier


def test_it_needs_a_name_and_there_is_a_limit(as_dora: Client, dora: User) -> None:
    page = reverse("access-token-list")
    response = as_dora.post(page, {"name": " "})
    assert response.status_code == 422
    assert "Enter a name for the token" in response.content.decode()
    for number in range(MAX_TOKENS):
        create_token(dora, f"token {number}")
    response = as_dora.post(page, {"name": "one more"})
    assert response.status_code == 422
    assert "Revoke one" in response.content.decode()
