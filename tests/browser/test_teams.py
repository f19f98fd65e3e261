"""alice moves a project to bob's team, archives and restores it there, and hands her team over."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.services import Tuneroom

from .reading import in_shell
from .steps import look

pytestmark = pytest.mark.browser

HERS, HIS = "Moves away", "Takes over"
ALICE, BOB, PASSWORD = "alice-moves", "bob-takes", "a-password-for-teams-1"
DESK = {"width": 1280, "height": 900}


@pytest.fixture
def search(tuneroom: Tuneroom) -> str:
    """The address of a finished search of alice's team. She is an editor in bob's."""
    rows = (
        f"fill({HERS!r}, 3); project = Project.objects.get(name={HERS!r}).pk; "
        f"join(project, {ALICE!r}, {PASSWORD!r}, 'owner'); "
        f"join(project, {BOB!r}, {PASSWORD!r}, 'viewer'); "
        f"team = Team.objects.create(name={HIS!r}); "
        "[Membership.objects.create(team=team, user=User.objects.get(username=name), role=role) "
        f"for name, role in (({ALICE!r}, 'editor'), ({BOB!r}, 'owner'))]"
    )
    return f"/searches/{in_shell(tuneroom, rows)}/"


def test_a_project_moves_is_archived_and_its_team_handed_over(
    search: str, sign_in: Callable[..., Any]
) -> None:
    alice = sign_in(ALICE, PASSWORD, viewport=DESK)
    alice.get_by_role("link", name=HERS).first.click()
    alice.get_by_role("link", name="Settings").click()
    alice.get_by_role("link", name="Move to another team").click()
    alice.get_by_text("Running work continues.").wait_for()
    look(alice, "move-project")
    alice.get_by_role("button", name="Move project").click()
    alice.get_by_role("alert").get_by_text("Select the new team").first.wait_for()
    alice.get_by_label("New team").select_option(label=HIS)
    alice.get_by_role("button", name="Move project").click()
    alice.get_by_text(f"The project belongs to {HIS} now").wait_for()

    # bob owns it now: the old address of its search leads there, and he archives it.
    bob = sign_in(BOB, PASSWORD, viewport=DESK)
    bob.goto(search)
    bob.get_by_role("link", name=HERS).first.click()
    bob.get_by_role("link", name="Settings").click()
    bob.get_by_role("button", name="Archive project").click()
    bob.get_by_role("button", name="Restore project").wait_for()
    assert bob.get_by_role("link", name="New search").count() == 0
    look(bob, "archived-project")
    alice.goto("/?archived=1")
    alice.get_by_role("link", name=HERS).first.wait_for()
    bob.get_by_role("button", name="Restore project").click()
    bob.get_by_role("link", name="New search").wait_for()

    alice.goto("/teams/")
    alice.get_by_role("link", name=HERS).click()
    alice.get_by_role("link", name="Hand over").click()
    look(alice, "hand-over")
    alice.get_by_label("New owner").select_option(label=BOB)
    alice.get_by_label("Your role afterwards").select_option("leave")
    alice.get_by_role("button", name="Hand over team").click()
    alice.get_by_text(f"{BOB} is now an owner of {HERS}").wait_for()
    assert alice.get_by_role("link", name=HERS, exact=True).count() == 0
    bob.goto("/teams/")
    bob.get_by_role("link", name=HERS, exact=True).click()
    bob.get_by_role("heading", name="Invite by link").wait_for()
