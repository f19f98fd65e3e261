"""Teams: adding, changing and removing members."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tuning.models import Role, Team


def test_alice_adds_charlie(as_alice: Client, team: Team, charlie: User) -> None:
    url = reverse("member-set", args=[team.pk])
    as_alice.post(url, {"username": "charlie", "role": "viewer"})
    assert team.memberships.get(user=charlie).role == Role.VIEWER


def test_an_unknown_name_is_said_beside_the_field(as_alice: Client, team: Team) -> None:
    url = reverse("member-set", args=[team.pk])
    response = as_alice.post(url, {"username": "nobody", "role": "viewer"})
    assert response.status_code == 422
    assert "No account has the username “nobody”" in response.content.decode()


def test_bob_may_not_change_members(as_bob: Client, team: Team, charlie: User) -> None:
    url = reverse("member-set", args=[team.pk])
    assert as_bob.post(url, {"username": "charlie", "role": "owner"}).status_code == 403
    assert not team.memberships.filter(user=charlie).exists()


@pytest.mark.parametrize("change", ["set", "remove"])
def test_the_last_owner_stays(change: str, as_alice: Client, alice: User, team: Team) -> None:
    if change == "set":
        url = reverse("member-set", args=[team.pk])
        page = as_alice.post(url, {"username": "alice", "role": "viewer"}).content.decode()
    else:
        url = reverse("member-remove", args=[team.pk, alice.pk])
        page = as_alice.post(url, follow=True).content.decode()
    assert "A team needs an owner" in page
    assert team.memberships.get(user=alice).role == Role.OWNER


def test_removing_asks_first(as_alice: Client, team: Team, bob: User) -> None:
    url = reverse("member-remove", args=[team.pk, bob.pk])
    assert "Remove bob from" in as_alice.get(url).content.decode()
    assert team.memberships.filter(user=bob).exists()
    as_alice.post(url)
    assert not team.memberships.filter(user=bob).exists()


def test_dora_may_leave_but_not_remove(as_dora: Client, team: Team, bob: User, dora: User) -> None:
    assert as_dora.post(reverse("member-remove", args=[team.pk, bob.pk])).status_code == 403
    as_dora.post(reverse("member-remove", args=[team.pk, dora.pk]))
    assert not team.memberships.filter(user=dora).exists()


def test_a_new_team_belongs_to_its_founder(as_charlie: Client, charlie: User) -> None:
    as_charlie.post(reverse("team-create"), {"name": "Fresh"})
    assert Team.objects.owned_by(charlie).filter(name="Fresh").exists()
