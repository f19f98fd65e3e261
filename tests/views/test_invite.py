"""Inviting by link: what owners do on their team's page, and what the invited person sees."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tuning.actions.invitations import NotPending, accept
from tuning.actions.people import NameTaken
from tuning.actions.teams import remove_member, set_member
from tuning.models import Invitation, Project, Role, Team

ACCOUNT = {"username": "erin", "password1": "a-long-enough-1", "password2": "a-long-enough-1"}


@pytest.fixture
def invite(as_alice: Client, team: Team) -> Any:
    """A function: alice creates a link with these settings and copies it from the page."""

    def create(**settings: Any) -> str:
        data = {"role": "editor", "days": "7", **settings}
        page = as_alice.post(reverse("invitation-create", args=[team.pk]), data).content.decode()
        found = re.search(r"http://testserver(/invitations/[^<]+/)", page)
        assert found, page
        return found[1]

    return create


def members(team: Team) -> dict[str, str]:
    return dict(team.memberships.values_list("user__username", "role"))


def test_a_new_person_joins_with_the_role_and_lands_in_the_project(
    invite: Any, client: Client, team: Team, project: Project
) -> None:
    link = invite(role="viewer", project=project.pk)
    page = client.get(link).content.decode()
    assert "alice invites you to the team <b>Digits team</b> as viewer" in page
    before = client.session.session_key
    response = client.post(link, {**ACCOUNT, "first_name": "Erin E.", "email": "e@example.com"})
    assert response["Location"] == reverse("project-detail", args=[project.pk])
    assert members(team)["erin"] == Role.VIEWER
    erin = User.objects.get(username="erin")
    assert (erin.first_name, erin.email, erin.is_staff) == ("Erin E.", "e@example.com", False)
    assert erin.check_password(ACCOUNT["password1"])
    assert client.session.session_key != before
    assert client.get(response["Location"]).status_code == 200


def test_without_a_project_they_land_on_the_teams_page(
    invite: Any, client: Client, team: Team
) -> None:
    response = client.post(invite(project=""), ACCOUNT)
    assert response["Location"] == reverse("team-detail", args=[team.pk])


def test_somebody_with_an_account_joins_after_a_confirmation(
    invite: Any, as_charlie: Client, team: Team
) -> None:
    link = invite(role="editor")
    assert "You are signed in as charlie" in as_charlie.get(link).content.decode()
    assert "charlie" not in members(team)
    as_charlie.post(link)
    assert members(team)["charlie"] == Role.EDITOR


def test_a_member_keeps_the_role_and_the_link_stays_unused(
    invite: Any, as_dora: Client, client: Client, team: Team
) -> None:
    link = invite(role="owner")
    assert "You are already in Digits team" in as_dora.get(link).content.decode()
    as_dora.post(link)
    assert members(team)["dora"] == Role.VIEWER
    assert client.get(link).status_code == 200


def test_it_is_used_once(invite: Any, client: Client, as_charlie: Client, team: Team) -> None:
    link = invite()
    client.post(link, ACCOUNT)
    for visit in (as_charlie.get, as_charlie.post, Client().get):
        response = visit(link)
        assert response.status_code == 410
        assert "already used" in response.content.decode()
    assert "charlie" not in members(team)
    Client().post(link, {**ACCOUNT, "username": "frank"})
    assert not User.objects.filter(username="frank").exists()


def test_an_expired_one_says_so(invite: Any, client: Client) -> None:
    link = invite(days="1")
    assert Invitation.objects.get().expires_at < timezone.now() + timedelta(days=1, minutes=1)
    Invitation.objects.update(expires_at=timezone.now())
    assert "It expired on" in client.post(link, ACCOUNT).content.decode()
    assert not User.objects.filter(username="erin").exists()


def test_a_revoked_one_ends_at_once(
    invite: Any, as_alice: Client, client: Client, team: Team
) -> None:
    link = invite(email="erin@example.com")
    page = reverse("team-detail", args=[team.pk])
    assert "erin@example.com" in as_alice.get(page).content.decode()
    as_alice.post(reverse("invitation-revoke", args=[Invitation.objects.get().pk]))
    assert "erin@example.com" not in as_alice.get(page).content.decode()
    assert "It was revoked" in client.post(link, ACCOUNT).content.decode()


@pytest.mark.parametrize("change", ["removed", "demoted", "deactivated"])
def test_who_is_no_owner_any_more_has_no_way_back_by_an_own_link(
    change: str, invite: Any, as_alice: Client, alice: User, bob: User, team: Team
) -> None:
    link = invite(role="owner")
    set_member(team, bob, Role.OWNER)
    if change == "removed":
        remove_member(team, alice)
    elif change == "demoted":
        set_member(team, alice, Role.VIEWER)
    else:
        User.objects.filter(pk=alice.pk).update(is_active=False)
    for client in (as_alice, Client()):
        assert "no longer an owner" in client.post(link, ACCOUNT).content.decode()
    assert members(team).get("alice") != Role.OWNER or change == "deactivated"


def test_only_owners_invite_and_revoke(
    invite: Any, as_bob: Client, as_dora: Client, as_charlie: Client, team: Team
) -> None:
    invite()
    create = reverse("invitation-create", args=[team.pk])
    revoke = reverse("invitation-revoke", args=[Invitation.objects.get().pk])
    for client, status in ((as_bob, 403), (as_dora, 403), (as_charlie, 404)):
        for url in (create, revoke):
            assert client.post(url, {"role": "owner", "days": "7"}).status_code == status
    assert Invitation.objects.pending().count() == 1
    assert "Pending" not in as_bob.get(reverse("team-detail", args=[team.pk])).content.decode()


def test_the_newest_project_is_offered(as_alice: Client, team: Team, project: Project) -> None:
    page = as_alice.get(reverse("team-detail", args=[team.pk])).content.decode()
    assert f'<option value="{project.pk}" selected>Digits</option>' in page


def test_the_project_has_to_be_the_teams(
    as_alice: Client, team: Team, project: Project, charlie: User
) -> None:
    other = Project.objects.create(
        team=charlie.teams.get(), name="Secret", dataset=project.dataset,  # type: ignore[attr-defined]
        hypermodel=project.hypermodel,
    )  # fmt: skip
    data = {"role": "editor", "days": "7", "project": other.pk}
    response = as_alice.post(reverse("invitation-create", args=[team.pk]), data)
    assert response.status_code == 422
    assert not Invitation.objects.exists()


def test_a_weak_password_and_a_taken_name_are_refused(
    invite: Any, client: Client, team: Team, bob: User
) -> None:
    link = invite()
    for refused in ({"password1": "1234", "password2": "1234"}, {"username": "BOB"}):
        assert client.post(link, {**ACCOUNT, **refused}).status_code == 422
    assert set(members(team)) == {"alice", "bob"}
    client.post(link, ACCOUNT)
    assert "erin" in members(team)


def test_the_database_and_the_log_have_no_link(
    invite: Any, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    from webapp.logs import SecretLinkFilter

    link = invite()
    token = link.split("/")[2]
    assert token not in str(Invitation.objects.values())
    Invitation.objects.update(expires_at=timezone.now())
    caplog.handler.addFilter(SecretLinkFilter())
    client.get(link)
    client.get("/accounts/reset/MQ/secret-token/nowhere/")
    assert "/invitations/…/" in caplog.text
    assert token not in caplog.text
    assert "secret-token" not in caplog.text


def test_it_is_mailed_where_there_is_a_mail_server(invite: Any, settings: Any) -> None:
    invite(email="erin@example.com")
    assert mail.outbox == []
    settings.EMAIL_HOST = "mail.example.com"
    link = invite(email="erin@example.com")
    assert mail.outbox[0].to == ["erin@example.com"]
    assert f"http://testserver{link}" in mail.outbox[0].body


def test_guesses_are_limited(client: Client, invite: Any, settings: Any) -> None:
    settings.AXES_FAILURE_LIMIT = 2
    link = invite()
    guess = reverse("invitation-open", args=["x" * 43])
    assert [client.get(guess).status_code for _ in range(3)] == [404, 404, 429]
    assert client.get(link).status_code == 200, "others share the address"
    wrong = {**ACCOUNT, "password2": "another"}
    assert [client.post(link, wrong).status_code for _ in range(3)] == [422, 422, 429]


def test_of_two_at_once_one_joins(
    invite: Any, alice: User, charlie: User, bob: User, team: Team
) -> None:
    invite()
    invitation = Invitation.objects.get()
    with pytest.raises(NameTaken):
        accept(invitation, User(username="bob"))
    assert Invitation.objects.pending().exists(), "the link is not used up by it"
    accept(invitation, charlie)
    with pytest.raises(NotPending):
        accept(invitation, User(username="frank"))
    assert set(members(team)) == {"alice", "bob", "charlie"}
    assert not User.objects.filter(username="frank").exists()
