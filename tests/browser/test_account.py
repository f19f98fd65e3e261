"""A person's own account: the menu, the theme in two browsers, ending the other one's session."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.services import Tuneroom, wait_for

from .conftest import forget_person
from .steps import look

pytestmark = pytest.mark.browser

NAME, PASSWORD = "account-person", "account-person-1"


@pytest.fixture
def _account(tuneroom: Tuneroom) -> None:
    made = f"User.objects.create_user({NAME!r}, password={PASSWORD!r})"
    code = f"from django.contrib.auth.models import User; {made}"
    assert tuneroom.manage("shell", "-c", code).returncode == 0


@pytest.mark.usefixtures("_account")
def test_an_account_in_two_browsers(sign_in: Callable[..., Any]) -> None:
    desk = sign_in(NAME, PASSWORD, viewport={"width": 1280, "height": 900}, color_scheme="light")
    laptop = sign_in(NAME, PASSWORD, color_scheme="light")

    desk.get_by_role("button", name=f"Account of {NAME}").click()
    desk.locator("#account-menu").wait_for()
    look(desk, "account-menu")
    desk.keyboard.press("Escape")
    desk.locator("#account-menu").wait_for(state="hidden")
    desk.get_by_role("button", name=f"Account of {NAME}").click()
    desk.get_by_role("link", name="Profile").click()
    desk.get_by_label("Display name").fill("Somebody with a rather long display name")
    desk.get_by_role("button", name="Save").click()
    desk.get_by_text("Profile saved").wait_for()
    look(desk, "account-profile")

    # The switch in the head is remembered for the person, wherever they are signed in.
    desk.reload()
    desk.locator("#theme-toggle").click()

    def is_dark() -> bool:
        laptop.reload()
        return laptop.locator("html").get_attribute("data-theme") == "dark"

    wait_for(is_dark, "the other browser has the theme")

    desk.get_by_role("link", name="Sessions").click()
    look(desk, "account-sessions")
    desk.get_by_role("button", name="End all other sessions").click()
    desk.get_by_text("1 other session ended").wait_for()
    laptop.reload()
    laptop.get_by_role("heading", name="Sign in").wait_for()
    for tab in ("Password", "Access tokens"):
        desk.get_by_role("navigation", name="Account").get_by_role("link", name=tab).click()
        desk.get_by_role("heading", name=tab, level=1).wait_for()
        look(desk, f"account-{tab[:6].lower()}")
    desk.get_by_role("button", name="Account of").click()
    desk.get_by_role("button", name="Sign out").click()
    desk.get_by_role("heading", name="Sign in").wait_for()


def test_a_browser_that_a_test_leaves_has_nobodys_session_and_storage(
    sign_in: Callable[..., Any], tuneroom: Tuneroom
) -> None:
    page = sign_in()
    page.evaluate("localStorage.setItem('left', 'here'); sessionStorage.setItem('left', 'here')")
    assert "/accounts/login/" not in page.url
    browser = page.context
    forget_person(browser, tuneroom.url)
    page = browser.new_page()
    page.goto("/")
    assert "/accounts/login/" in page.url
    assert page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
