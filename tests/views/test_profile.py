"""A person's own profile: the name that others see, mail, theme."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tuning.actions.notes import comment, star
from tuning.models import Project, SavedModel, Search, Trial

PROFILE = "/profile/"


def test_others_see_the_display_name_wherever_people_are_shown(
    as_dora: Client, as_alice: Client, alice: User, project: Project, best: Trial,
    saved_model: SavedModel,
) -> None:  # fmt: skip
    comment(alice, best, "Good.")
    star(alice, [best])
    as_alice.post(PROFILE, {"display_name": "Alice A.", "email": "alice@example.com"})
    pages = {
        "team-detail": project.team_id, "trial-detail": best, "search-settings": best.search,
        "saved-model-detail": saved_model, "project-activity": project.pk,
    }  # fmt: skip
    for name, at in pages.items():
        assert "Alice A." in as_dora.get(reverse(name, args=[at])).content.decode(), name
    page = as_dora.get(reverse("trial-detail", args=[best])).content.decode()
    assert 'title="Starred by Alice A."' in page
    assert "@alice" in page, "others mention her by it"
    activity = as_dora.get(reverse("project-activity", args=[project.pk]), {"person": "alice"})
    assert '<option value="alice" selected>Alice A.</option>' in activity.content.decode()
    assert "Alice A." in as_alice.get(PROFILE).content.decode()


@pytest.mark.usefixtures("search")
def test_without_one_the_username_is_shown(as_dora: Client, alice: User, project: Project) -> None:
    for display_name in ("", " "):
        alice.first_name = display_name
        alice.save()
        page = as_dora.get(reverse("project-activity", args=[project.pk])).content.decode()
        assert "<b>alice</b>" in page


def test_a_name_of_two_lines_and_a_wrong_address_are_refused(as_alice: Client, alice: User) -> None:
    assert as_alice.post(PROFILE, {"display_name": "\u200b -"}).status_code == 422
    response = as_alice.post(PROFILE, {"display_name": "A\u202eB", "email": "nowhere"})
    assert response.status_code == 422
    assert set(response.context["form"].errors) == {"display_name", "email"}
    alice.refresh_from_db()
    assert (alice.first_name, alice.email) == ("", "alice@example.com")


def test_the_theme_is_kept_for_all_browsers(as_alice: Client, alice: User) -> None:
    elsewhere = Client()
    elsewhere.login(username="alice", password="alice-password-1")
    assert "data-preferred-theme" not in as_alice.get(PROFILE).content.decode()
    assert as_alice.post(reverse("profile-theme"), {"theme": "dark"}).status_code == 204
    later = Client()
    later.login(username="alice", password="alice-password-1")
    for client in (as_alice, elsewhere, later):
        assert 'data-preferred-theme="dark"' in client.get(PROFILE).content.decode()
    as_alice.post(PROFILE, {"display_name": "", "email": "", "theme": ""})
    assert 'data-preferred-theme=""' in elsewhere.get(PROFILE).content.decode()
    assert as_alice.post(reverse("profile-theme"), {"theme": "pink"}).status_code == 422


def test_the_account_menu_leads_to_everything_of_ones_own(as_dora: Client, search: Search) -> None:
    page = as_dora.get(reverse("search-detail", args=[search])).content.decode()
    menu = page.partition('id="account-menu"')[2].partition("</nav>")[0]
    for name in ("profile", "password_change", "access-token-list", "session-list", "logout"):
        assert f'"{reverse(name)}"' in menu
        if name != "logout":
            assert as_dora.get(reverse(name)).status_code == 200
