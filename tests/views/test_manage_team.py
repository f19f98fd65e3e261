"""Teams: members, ownership, archiving."""

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tuning.actions import teams as actions
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


def hand_over(team: Team) -> str:
    return reverse("team-handover", args=[team.pk])


def role_of(team: Team, user: User) -> str:
    row = team.memberships.filter(user=user).first()
    return row.role if row else ""


def test_alice_hands_the_team_over(as_alice: Client, team: Team, alice: User, bob: User) -> None:
    page = as_alice.get(hand_over(team)).content.decode()
    assert "takes effect immediately" in page
    names = re.findall(r"<option [^>]*>(.+?)</option>", page)
    assert names == ["bob", "Editor", "Viewer", "Not a member"]
    as_alice.post(hand_over(team), {"username": "bob", "role": "viewer"})
    assert (role_of(team, alice), role_of(team, bob)) == ("viewer", "owner")
    assert as_alice.get(hand_over(team)).status_code == 403


def test_the_last_owner_leaves_by_handing_over(
    as_alice: Client, team: Team, alice: User, bob: User
) -> None:
    page = as_alice.get(reverse("member-remove", args=[team.pk, alice.pk])).content.decode()
    assert f"{hand_over(team)}?role=leave" in page
    assert "Leave the team<" not in page
    form = as_alice.get(f"{hand_over(team)}?role=leave").content.decode()
    assert '<option value="leave" selected>' in form
    response = as_alice.post(hand_over(team), {"username": "bob", "role": "leave"})
    assert response["Location"] == reverse("team-list")
    assert (role_of(team, alice), role_of(team, bob)) == ("", "owner")


def test_a_team_is_handed_to_active_members_only(
    as_alice: Client, team: Team, alice: User, bob: User, charlie: User
) -> None:
    User.objects.filter(pk=bob.pk).update(is_active=False)
    for name in ("bob", "charlie", "alice", "nobody", ""):
        response = as_alice.post(hand_over(team), {"username": name, "role": "editor"})
        assert response.status_code == 422, name
    assert role_of(team, alice) == "owner"
    assert "no other active member" in as_alice.get(hand_over(team)).content.decode()


def test_of_two_handovers_at_once_one_happens(
    team: Team, alice: User, bob: User, dora: User
) -> None:
    actions.hand_over(team, alice, bob, None)
    with pytest.raises(actions.NotHandedOver):
        actions.hand_over(team, alice, dora, None)
    with pytest.raises(actions.NotHandedOver):
        actions.hand_over(team, bob, alice, None)
    assert (role_of(team, bob), role_of(team, dora)) == ("owner", "viewer")


def test_the_role_of_a_deactivated_member_is_changed(
    as_alice: Client, team: Team, bob: User, charlie: User
) -> None:
    User.objects.filter(pk__in=[bob.pk, charlie.pk]).update(is_active=False)
    url = reverse("member-set", args=[team.pk])
    as_alice.post(url, {"username": "bob", "role": "viewer"})
    assert team.memberships.get(user=bob).role == Role.VIEWER
    # One of another team is as good as unknown.
    page = as_alice.post(url, {"username": "charlie", "role": "viewer"}).content.decode()
    assert "No account has the username" in page
