"""What a person is writing stays when the page would load again: work ends, the session ends."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.services import Tuneroom

from .steps import look, query

pytestmark = pytest.mark.browser

# A trial that a script reports: nothing is trained.
ROWS = """
from django.contrib.auth.models import User
from tuning.actions.scripts import begin_run, open_log
from tuning.models import *
admin = User.objects.get(username="admin")
sample = Project.objects.filter(team__in=Team.objects.owned_by(admin)).earliest("pk")
project = Project.objects.create(
    team=sample.team, name={name!r}, dataset=sample.dataset, hypermodel=sample.hypermodel,
    created_by=admin,
)
log = Search(project=project, name="log", objective="val_accuracy", direction="max")
begin_run(open_log(admin, log)[0], {{"units": 8}}, "me")
"""

END = """
from tuning.models import Trial
from tuning.recording.scripts import complete
trial = Trial.objects.get(search__project__name={name!r})
complete(trial, trial.attempt, [], {{"val_accuracy": 0.5}})
"""

COMMENT = "A long and careful comment"


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    return request.node.name


@pytest.fixture
def end_trial(tuneroom: Tuneroom, name: str) -> Callable[[], None]:
    return lambda: run(tuneroom, END.format(name=name))


@pytest.fixture
def page(sign_in: Callable[..., Any], tuneroom: Tuneroom, name: str) -> Any:
    """The page of a trial that runs, of a person who signs in for it."""
    run(tuneroom, ROWS.format(name=name))
    ((key,),) = query(tuneroom, "SELECT id FROM tuning_project WHERE name = ?", name)
    page = sign_in(viewport={"width": 1280, "height": 900})
    page.goto(f"/projects/{key}/searches/1/trials/1/")
    page.evaluate("window.sameDocument = true")
    return page


def run(tuneroom: Tuneroom, code: str) -> None:
    done = tuneroom.manage("shell", "-c", code)
    assert done.returncode == 0, done.stderr


def write_comment(page: Any) -> None:
    page.locator("#notes-comments > summary").click()
    page.get_by_label("New comment").fill(COMMENT)
    page.get_by_role("region", name="Preview").get_by_text(COMMENT).wait_for()


def has_comment(page: Any) -> bool:
    is_same = page.evaluate("window.sameDocument === true")
    return bool(is_same) and page.get_by_label("New comment").input_value() == COMMENT


def test_a_comment_outlasts_the_end_of_its_trial(page: Any, end_trial: Callable[[], None]) -> None:
    write_comment(page)
    end_trial()
    notice = page.get_by_role("status").filter(has_text="This page has changed.")
    notice.wait_for()
    assert has_comment(page)
    look(page, "entries-changed")

    # Nothing asks again: two more polls would have come.
    polls: list[str] = []
    page.on("request", lambda asked: polls.append(asked.url) if "/live/" in asked.url else None)
    page.wait_for_timeout(3500)
    assert polls == []
    assert notice.count() == 1

    page.get_by_role("button", name="Comment", exact=True).click()
    page.locator(".comment").get_by_text(COMMENT).wait_for()
    notice.get_by_role("button", name="Reload").press("Enter")
    page.locator("h1 .status-completed").wait_for()
    page.locator(".comment").get_by_text(COMMENT).wait_for()
    assert notice.count() == 0


def test_a_page_on_which_nothing_was_entered_shows_the_end(
    page: Any, end_trial: Callable[[], None]
) -> None:
    # Neither what was taken back nor a filter is lost.
    write_comment(page)
    page.get_by_label("New comment").fill("")
    end_trial()
    page.locator("h1 .status-completed").wait_for()


def test_a_comment_outlasts_signing_out_and_in_again(page: Any, first_session: list[Any]) -> None:
    write_comment(page)
    page.context.clear_cookies()
    signed_out = page.get_by_role("status").filter(has_text="You are signed out.")
    signed_out.wait_for()
    assert has_comment(page)
    look(page, "entries-signed-out")

    # Another session: its forms have another token than this page's.
    page.context.add_cookies([one for one in first_session if "session" in one["name"]])
    page.get_by_role("button", name="Comment", exact=True).click()
    page.get_by_role("status").filter(has_text="This page has changed.").wait_for()
    assert has_comment(page)
    assert signed_out.count() == 0
    page.get_by_role("button", name="Reload").click()
    page.wait_for_function("!window.sameDocument")
    page.locator("#notes-comments > summary").wait_for()
