"""alice invites by link, without a mail server; the invited person joins and reviews."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.services import Tuneroom

from .reading import in_shell
from .steps import look

pytestmark = pytest.mark.browser

PROJECT, ALICE, PASSWORD = "Invited", "alice-invites", "alice-invites-1"
DESK = {"width": 1280, "height": 900}


@pytest.fixture
def search(tuneroom: Tuneroom) -> str:
    """The address of a finished search. alice owns its team."""
    project = f"Project.objects.get(name={PROJECT!r}).pk"
    rows = f"fill({PROJECT!r}, 3); join({project}, {ALICE!r}, {PASSWORD!r}, 'owner')"
    return f"/searches/{in_shell(tuneroom, rows)}/"


def test_a_new_person_joins_by_link_and_reviews(
    search: str, sign_in: Callable[..., Any], visit: Callable[..., Any]
) -> None:
    alice = sign_in(ALICE, PASSWORD, viewport=DESK)
    alice.get_by_role("link", name="Teams").click()
    alice.get_by_role("link", name=PROJECT).click()
    form = alice.get_by_role("region", name="Invite by link")
    form.get_by_label("Role").select_option("viewer")
    form.get_by_label("Expires after").select_option("1 day")
    form.get_by_role("button", name="Create link").click()
    link = alice.locator("#invitation-link").inner_text()
    look(alice, "invite-link")

    # In another browser: an account, and straight into the project.
    erin = visit(link, viewport=DESK)
    look(erin, "invite-account")
    erin.get_by_label("Username").fill("erin")
    erin.get_by_label("Display name").fill("Erin Example")
    for label in ("Password", "Repeat password"):
        erin.get_by_label(label, exact=True).fill("a-password-of-erin")
    erin.get_by_role("button", name="Create account and join").click()
    erin.wait_for_url("**/projects/*/")
    erin.get_by_text(f"You have joined {PROJECT} as viewer").wait_for()

    erin.goto(search)
    erin.get_by_role("link", name="Notes").click()
    erin.get_by_label("New comment").fill("Which rows were these, @alice-invites?")
    erin.get_by_role("button", name="Comment", exact=True).click()
    erin.locator(".comment").wait_for()

    alice.get_by_role("link", name="Notifications").click()
    alice.get_by_role("link", name="mentioned @alice-invites").click()
    alice.get_by_text("Which rows were these").wait_for()
    alice.goto("/teams/")
    alice.get_by_role("link", name=PROJECT).click()
    alice.get_by_role("rowheader", name="Erin Example").wait_for()
    look(alice, "invite-team")

    # The link was for one person.
    late = visit(link, viewport=DESK)
    late.get_by_text("It was already used").wait_for()
    look(late, "invite-used")
