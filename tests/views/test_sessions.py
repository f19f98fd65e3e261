"""The browsers in which a person is signed in."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.cache import caches
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tuning.actions.access_tokens import create_token
from tuning.analysis.browsers import browser_name
from tuning.models import BrowserSession

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
EDGE = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0"
)
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
)
SESSIONS = "/sessions/"


def sign_in(user_agent: str = FIREFOX, name: str = "alice") -> Client:
    client = Client(headers={"User-Agent": user_agent})
    data = {"username": name, "password": f"{name}-password-1"}
    assert client.post(reverse("login"), data).status_code == 302
    return client


def is_signed_in(client: Client) -> bool:
    return client.get(SESSIONS).status_code == 200


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (FIREFOX, "Firefox on Linux"),
        (EDGE, "Edge on Windows"),
        (IPHONE, "Safari on iPhone"),
        ("curl/8.0", "Unknown browser"),
        ("", "Unknown browser"),
    ],
)
def test_browsers_have_names(user_agent: str, name: str) -> None:
    assert browser_name(user_agent) == name


def test_the_list_has_each_browser(alice: User, bob: User) -> None:
    here, elsewhere = sign_in(), sign_in(IPHONE)
    sign_in(EDGE, "bob")
    page = here.get(SESSIONS).content.decode()
    assert page.count("this browser") == page.count("Firefox on Linux") == 1
    assert page.count("End session") == 1, "not the one in use"
    assert "Safari on iPhone" in page
    assert "Edge" not in page
    elsewhere.post(reverse("logout"))
    assert "Safari" not in here.get(SESSIONS).content.decode()


def test_one_or_all_others_are_ended(alice: User, bob: User) -> None:
    here, phone, office, bobs = sign_in(), sign_in(IPHONE), sign_in(EDGE), sign_in(name="bob")
    row = BrowserSession.objects.get(browser="Safari on iPhone")
    assert bobs.post(reverse("session-end", args=[row.pk])).status_code == 404
    here.post(reverse("session-end", args=[row.pk]))
    assert [is_signed_in(client) for client in (here, phone, office)] == [True, False, True]
    # One that was never noted, as all before an update.
    BrowserSession.objects.filter(browser="Edge on Windows").delete()
    here.post(reverse("session-end-others"))
    assert [is_signed_in(client) for client in (here, office, bobs)] == [True, False, True]


def test_the_last_use_is_noted_every_few_minutes(alice: User) -> None:
    client = sign_in()
    hour_ago = timezone.now() - timedelta(hours=1)
    BrowserSession.objects.update(last_used_at=hour_ago)
    client.get(SESSIONS)
    assert BrowserSession.objects.get().last_used_at == hour_ago
    caches["marks"].clear()
    client.get(SESSIONS)
    assert BrowserSession.objects.get().last_used_at > hour_ago


def test_a_new_password_keeps_this_session_and_ends_others(alice: User) -> None:
    here, elsewhere = sign_in(), sign_in(IPHONE)
    old, new = "alice-password-1", "another-long-one-2"
    data = {"old_password": old, "new_password1": new, "new_password2": new}
    assert here.post(reverse("password_change"), data).status_code == 302
    assert is_signed_in(here)
    assert not is_signed_in(elsewhere)
    assert "this browser" in here.get(SESSIONS).content.decode()


def test_somebody_elses_token_does_not_take_the_session_over(alice: User, bob: User) -> None:
    client = sign_in()
    caches["marks"].clear()
    client.get(SESSIONS, headers={"Authorization": f"Bearer {create_token(bob, 'laptop')}"})
    assert not BrowserSession.objects.of(bob).exists()


def test_signing_in_as_somebody_else_is_a_session_of_their_own(alice: User, bob: User) -> None:
    client = sign_in()
    client.post(reverse("login"), {"username": "bob", "password": "bob-password-1"})
    assert BrowserSession.objects.of(bob).alive().count() == 1
    assert not BrowserSession.objects.of(alice).alive().exists()
