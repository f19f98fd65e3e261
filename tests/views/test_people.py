"""What administrators of the site do with accounts. erin is one."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.test import Client
from django.urls import reverse

from tuning.actions.access_tokens import create_token, valid_token
from tuning.actions.people import StaysActive, deactivate
from tuning.actions.teams import LastOwner, remove_member, set_member
from tuning.analysis.people import teams_to_hand_over
from tuning.models import AccessToken, AuditEntry, BrowserSession, Role, Team

NEW = {"new_password1": "a-long-enough-1", "new_password2": "a-long-enough-1"}


@pytest.fixture
def erin(db: None) -> User:
    return User.objects.create_superuser("erin", "erin@example.com", "erin-password-1")


@pytest.fixture
def as_erin(erin: User) -> Client:
    return sign_in("erin")


def sign_in(name: str, password: str = "") -> Client:
    client = Client()
    assert client.login(username=name, password=password or f"{name}-password-1")
    return client


def url(page: str, person: User) -> str:
    return reverse(f"person-{page}", args=[person.pk])


def set_password(page: str) -> None:
    """What somebody does who was sent the link on the page, without an account that works yet."""
    found = re.search(r"http://testserver(/accounts/reset/[^<]+)", page)
    assert found, page
    client = Client()
    form = client.get(found[1])["Location"]
    assert client.post(form, NEW).status_code == 302
    assert not Client().get(found[1], follow=True).context["validlink"], "it works once"


def test_a_created_person_sets_a_password_by_the_link(as_erin: Client) -> None:
    data = {"username": "frank", "first_name": "Frank F.", "email": ""}
    page = as_erin.post(reverse("person-create"), data).content.decode()
    frank = User.objects.get(username="frank")
    assert (frank.first_name, frank.is_superuser, frank.has_usable_password()) == (
        "Frank F.", False, False,
    )  # fmt: skip
    set_password(page)
    sign_in("frank", NEW["new_password1"])
    assert "password-link" not in as_erin.get(url("detail", frank)).content.decode()


def test_a_taken_name_is_refused_in_any_case(as_erin: Client, bob: User) -> None:
    response = as_erin.post(reverse("person-create"), {"username": "Bob"})
    assert response.status_code == 422
    assert User.objects.filter(username__iexact="bob").count() == 1


def test_a_link_for_a_new_password_ends_the_old_one(as_erin: Client, bob: User) -> None:
    bobs = sign_in("bob")
    set_password(as_erin.post(url("password", bob)).content.decode())
    assert bobs.get("/").status_code == 302
    sign_in("bob", NEW["new_password1"])


def test_deactivating_ends_sessions_and_tokens_at_once(
    as_erin: Client, bob: User, as_bob: Client
) -> None:
    token = create_token(bob, "laptop")
    assert "Deactivate bob?" in as_erin.get(url("deactivate", bob)).content.decode()
    assert as_bob.get("/").status_code == 200
    as_erin.post(url("deactivate", bob))
    assert as_bob.get("/").status_code == 302
    assert valid_token(token) is None
    assert not Client().login(username="bob", password="bob-password-1")
    # They stay ended.
    as_erin.post(url("activate", bob))
    assert as_bob.get("/").status_code == 302
    assert not AccessToken.objects.exists()
    assert not BrowserSession.objects.of(bob).exists()
    sign_in("bob")


def owner_field(team: Team) -> str:
    return f"owner-{team.pk}"


def test_teams_of_a_deactivated_owner_get_the_selected_one(
    as_erin: Client, alice: User, bob: User, dora: User, team: Team
) -> None:
    page = as_erin.get(url("deactivate", alice)).content.decode()
    assert "1 team would have no active owner" in page
    names = re.findall(r"<option [^>]*>(.+?)</option>", page)
    assert names == ["bob", "dora", "erin"], "who may do most comes first"
    assert as_erin.post(url("deactivate", alice)).status_code == 422
    stranger = as_erin.post(url("deactivate", alice), {owner_field(team): "999"})
    assert stranger.status_code == 422
    assert User.objects.get(pk=alice.pk).is_active
    as_erin.post(url("deactivate", alice), {owner_field(team): dora.pk})
    assert not User.objects.get(pk=alice.pk).is_active
    assert team.memberships.get(user=dora).role == Role.OWNER
    assert team.memberships.get(user=bob).role == Role.EDITOR
    with pytest.raises(LastOwner):
        remove_member(team, dora)


def test_a_team_without_other_members_waits_for_its_owner_or_an_administrator(
    as_erin: Client, erin: User, charlie: User
) -> None:
    team = charlie.memberships.get().team  # type: ignore[attr-defined]
    assert "no other members" in as_erin.get(url("deactivate", charlie)).content.decode()
    as_erin.post(url("deactivate", charlie), {owner_field(team): ""})
    assert [row.user for row in team.memberships.all()] == [charlie]
    as_erin.post(url("activate", charlie))
    as_erin.post(url("deactivate", charlie), {owner_field(team): erin.pk})
    assert team.memberships.get(user=erin).role == Role.OWNER


def test_an_administrator_who_is_the_only_other_member_becomes_the_owner(
    as_erin: Client, erin: User, charlie: User
) -> None:
    team = charlie.memberships.get().team  # type: ignore[attr-defined]
    set_member(team, erin, Role.VIEWER)
    assert "no other members" not in as_erin.get(url("deactivate", charlie)).content.decode()
    assert as_erin.post(url("deactivate", charlie), {owner_field(team): ""}).status_code == 422
    as_erin.post(url("deactivate", charlie), {owner_field(team): erin.pk})
    assert team.memberships.get(user=erin).role == Role.OWNER


def test_nobody_is_asked_about_teams_with_another_owner(
    as_erin: Client, alice: User, bob: User, team: Team
) -> None:
    set_member(team, bob, Role.OWNER)
    assert "no active owner" not in as_erin.get(url("deactivate", alice)).content.decode()
    as_erin.post(url("deactivate", bob))
    assert not User.objects.get(pk=bob.pk).is_active
    with pytest.raises(LastOwner):
        remove_member(team, alice)


def test_teams_of_a_deleted_account_get_another_owner(
    alice: User, bob: User, dora: User, erin: User, charlie: User, team: Team
) -> None:
    """As the admin pages and the shell delete: several at once, too."""
    alone = charlie.memberships.get().team  # type: ignore[attr-defined]
    User.objects.filter(pk__in=[alice.pk, charlie.pk]).delete()
    assert team.memberships.get(user=bob).role == Role.OWNER
    assert alone.memberships.get(user=erin).role == Role.OWNER
    with pytest.raises(PermissionDenied), transaction.atomic():
        # Nobody is left to own it.
        erin.delete()
    assert User.objects.filter(pk=erin.pk).exists()


def test_who_is_deleted_with_the_owner_does_not_inherit(
    alice: User, bob: User, dora: User, erin: User, team: Team
) -> None:
    set_member(team, bob, Role.OWNER)
    User.objects.filter(pk__in=[alice.pk, bob.pk]).delete()
    assert [(row.user, row.role) for row in team.memberships.all()] == [(dora, Role.OWNER)]


def test_teams_to_hand_over_are_found_by_one_query(
    alice: User, bob: User, charlie: User, team: Team, django_assert_num_queries: Any
) -> None:
    for number in range(4):
        more = Team.objects.create(name=f"Team {number}")
        more.memberships.create(user=alice, role=Role.OWNER)
        more.memberships.create(user=(bob, charlie)[number % 2], role=Role.VIEWER)
    Team.objects.create(name="Alone").memberships.create(user=alice, role=Role.OWNER)
    with django_assert_num_queries(1):
        found = {each.name for each in teams_to_hand_over(alice)}
    assert found == {"Digits team", "Team 0", "Team 1", "Team 2", "Team 3"}
    assert {each.name for each in teams_to_hand_over(alice, charlie)} == {
        "Digits team", "Team 0", "Team 2",
    }  # fmt: skip


def test_the_admin_pages_leave_a_team_its_owner(as_erin: Client, alice: User, team: Team) -> None:
    row = team.memberships.get(user=alice)
    data = {
        "name": team.name, "weight": 0, "archived_at_0": "2026-01-01", "archived_at_1": "00:00",
        "memberships-TOTAL_FORMS": 1, "memberships-INITIAL_FORMS": 1,
        "memberships-0-id": row.pk, "memberships-0-team": team.pk, "memberships-0-user": alice.pk,
    }  # fmt: skip
    change = reverse("admin:tuning_team_change", args=[team.pk])
    for more in ({"role": "viewer"}, {"role": "owner", "DELETE": "on"}):
        sent = {**data, **{f"memberships-0-{name}": value for name, value in more.items()}}
        assert "A team needs an owner" in as_erin.post(change, sent).content.decode()
    assert as_erin.post(change, {**data, "memberships-0-role": "owner"}).status_code == 302
    assert team.memberships.get().role == Role.OWNER
    team.refresh_from_db()
    assert (team.weight, team.archived_at) == (1, None), "other pages change these"


WITHOUT_OWNER = (
    "1 team would have no active owner. Deactivate the account on its page under People, where you "
    "select another owner."
)


def admin_form(person: User, **values: Any) -> dict[str, Any]:
    return {
        "username": person.username, "email": person.email,
        "date_joined_0": "2026-01-01", "date_joined_1": "00:00", **values,
    }  # fmt: skip


def test_the_admin_pages_deactivate_as_the_people_page(
    as_erin: Client, alice: User, bob: User, team: Team
) -> None:
    def change(person: User, **values: Any) -> str:
        address = reverse("admin:auth_user_change", args=[person.pk])
        return as_erin.post(address, admin_form(person, **values), follow=True).content.decode()

    assert WITHOUT_OWNER in change(alice)
    assert User.objects.get(pk=alice.pk).is_active
    assert WITHOUT_OWNER not in change(alice, is_active="on", first_name="Alice")
    token, bobs = create_token(bob, "laptop"), sign_in("bob")
    change(bob)
    assert not User.objects.get(pk=bob.pk).is_active
    assert valid_token(token) is None
    assert bobs.get("/").status_code == 302
    # Nobody is left to choose from.
    change(alice)
    assert not User.objects.get(pk=alice.pk).is_active
    assert team.memberships.filter(role=Role.OWNER).count() == 2
    change(alice, is_active="on")
    acts = AuditEntry.objects.filter(kind__startswith="account.").order_by("pk")
    assert [str(entry) for entry in acts] == [
        "erin deactivated bob", "erin deactivated alice", "erin activated alice",
    ]  # fmt: skip


def test_nobody_deactivates_or_deletes_themselves_on_the_admin_pages(
    as_erin: Client, erin: User
) -> None:
    change = reverse("admin:auth_user_change", args=[erin.pk])
    form = admin_form(erin, is_staff="on", is_superuser="on")
    assert "your own account" in as_erin.post(change, form).content.decode()
    delete = reverse("admin:auth_user_delete", args=[erin.pk])
    assert "your own account" in as_erin.post(delete, {"post": "yes"}).content.decode()
    assert User.objects.get(pk=erin.pk).is_active


def test_the_admin_pages_delete_no_last_owner(
    as_erin: Client, alice: User, bob: User, dora: User, team: Team
) -> None:
    def delete_selected(*people: User) -> str:
        data = {
            "action": "delete_selected", "_selected_action": [person.pk for person in people],
            "post": "yes",
        }  # fmt: skip
        page = as_erin.post(reverse("admin:auth_user_changelist"), data, follow=True)
        return page.content.decode()

    address = reverse("admin:auth_user_delete", args=[alice.pk])
    assert WITHOUT_OWNER in as_erin.get(address).content.decode()
    assert WITHOUT_OWNER in as_erin.post(address, {"post": "yes"}).content.decode()
    set_member(team, bob, Role.OWNER)
    # dora would be left without either of them.
    assert WITHOUT_OWNER in delete_selected(alice, bob)
    assert User.objects.count() == 4
    assert WITHOUT_OWNER not in delete_selected(alice)
    assert [row.user for row in team.memberships.filter(role=Role.OWNER)] == [bob]
    deactivate(bob, by=User.objects.get(username="erin"), owners={team.pk: dora})
    as_erin.post(reverse("admin:auth_user_delete", args=[bob.pk]), {"post": "yes"})
    assert [row.user for row in team.memberships.all()] == [dora]


def test_the_site_keeps_an_administrator(as_erin: Client, erin: User, bob: User) -> None:
    page = as_erin.post(url("deactivate", erin), follow=True).content.decode()
    assert "You cannot deactivate or delete your own account" in page
    assert User.objects.get(pk=erin.pk).is_active
    grace = User.objects.create_superuser("grace", "", "grace-password-1")
    deactivate(grace, by=erin)
    with pytest.raises(StaysActive):
        deactivate(erin, by=grace)


def test_the_list_has_everybody_and_a_search(as_erin: Client, alice: User, bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(first_name="Robert", is_active=False)
    page = as_erin.get(reverse("person-list")).content.decode()
    assert "Robert" in page
    assert "Deactivated" in page
    found = as_erin.get(reverse("person-list"), {"q": "ROB\x00"}).content.decode()
    assert "Robert" in found
    assert "alice@example.com" not in found
    menu = as_erin.get("/").content.decode()
    assert reverse("person-list") in menu


def test_no_link_for_a_deactivated_account(as_erin: Client, bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(is_active=False)
    assert as_erin.post(url("password", bob)).status_code == 404


ACCOUNT = {"username": "heidi", "password1": "a-long-enough-1", "password2": "a-long-enough-1"}


def test_nobody_signs_up_unless_the_site_allows_it(client: Client, db: None) -> None:
    assert client.get(reverse("sign-up")).status_code == 404
    assert client.post(reverse("sign-up"), ACCOUNT).status_code == 404
    assert reverse("sign-up") not in client.get(reverse("login")).content.decode()
    assert not User.objects.exists()


def test_where_it_does_somebody_signs_up_and_is_signed_in(
    client: Client, settings: Any, bob: User
) -> None:
    settings.OPEN_REGISTRATION = True
    assert reverse("sign-up") in client.get(reverse("login")).content.decode()
    for wrong in ({"username": "BOB"}, {"password1": "1234", "password2": "1234"}):
        assert client.post(reverse("sign-up"), {**ACCOUNT, **wrong}).status_code == 422
    more = {"is_superuser": "on", "is_staff": "on"}
    assert client.post(reverse("sign-up"), {**ACCOUNT, **more}).status_code == 302
    assert client.get("/").status_code == 200
    heidi = User.objects.get(username="heidi")
    assert (heidi.is_staff, heidi.is_superuser, heidi.memberships.count()) == (False, False, 0)  # type: ignore[attr-defined]
    assert client.get(reverse("sign-up")).status_code == 302


@pytest.mark.parametrize(
    ("name", "data"), [("sign-up", {"username": ""}), ("password_reset", {"email": "a@b.example"})]
)
def test_what_strangers_send_is_limited(
    name: str, data: dict[str, str], client: Client, settings: Any, db: None
) -> None:
    settings.OPEN_REGISTRATION, settings.AXES_FAILURE_LIMIT = True, 2
    settings.ONLY_LOCAL = False
    statuses = [client.post(reverse(name), data).status_code for _ in range(3)]
    assert statuses[0] != 429
    assert statuses[2] == 429
    assert client.post(reverse(name), data, REMOTE_ADDR="10.0.0.7").status_code != 429
