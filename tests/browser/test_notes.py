"""Two people talk about a trial: a star, a tag, a comment that calls the other one, an answer."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.services import Tuneroom

from .steps import look, query

pytestmark = pytest.mark.browser

PASSWORD = "bobs-password-1"

# A finished search as rows: what is trained here is of no interest.
ROWS = f"""
from django.contrib.auth.models import User
from tuning.models import *
admin = User.objects.get(username="admin")
team = Team.objects.owned_by(admin).first()
bob = User.objects.create_user("bob", password={PASSWORD!r})
Membership.objects.create(team=team, user=bob, role="editor")
sample = Project.objects.filter(team=team).first()
project = Project.objects.create(
    team=team, name="Talked about", dataset=sample.dataset, hypermodel=sample.hypermodel,
    created_by=admin,
)
search = Search.objects.create(
    project=project, hypermodel=project.hypermodel, number=1, objective="val_accuracy",
    direction="max", status="completed", created_by=admin,
)
trials = [Trial(search=search, number=n, status="completed", score=n / 4) for n in (1, 2, 3)]
Trial.objects.bulk_create(trials)
TrialIndex.objects.fill(search)
"""


@pytest.fixture
def trials(tuneroom: Tuneroom) -> list[str]:
    """The addresses of three trials."""
    made = tuneroom.manage("shell", "-c", ROWS)
    assert made.returncode == 0, made.stderr
    rows = query(
        tuneroom,
        "SELECT p.id, s.number, t.number FROM tuning_trial t "
        "JOIN tuning_search s ON s.id = t.search_id "
        "JOIN tuning_project p ON p.id = s.project_id WHERE p.name = 'Talked about' "
        "ORDER BY t.number",
    )
    return ["/projects/{}/searches/{}/trials/{}/".format(*row) for row in rows]


def test_two_people_talk_about_a_trial(
    sign_in: Callable[..., Any], trials: list[str], tuneroom: Tuneroom
) -> None:
    bob = sign_in("bob", PASSWORD, viewport={"width": 1280, "height": 900})
    bob.goto(trials[2])
    bob.evaluate("window.sameDocument = true")

    bob.get_by_role("button", name="Star").click()
    bob.locator(".star-button[aria-pressed=true]").wait_for()
    bob.locator("#tag-add > summary").click()
    bob.get_by_label("Tags, separated").fill("x" * 41)
    bob.get_by_role("button", name="Add tag").click()
    bob.get_by_text("exceeds the limit of 40 characters per tag").wait_for()
    bob.get_by_label("Tags, separated").fill("promising, small")
    bob.get_by_label("Tags, separated").press("Enter")
    bob.get_by_role("button", name="Remove the tag small").click()
    bob.get_by_role("button", name="Remove the tag small").wait_for(state="detached")
    bob.get_by_role("button", name="Remove the tag promising").wait_for()

    # The preview is what the comment will be.
    bob.locator("#notes-comments > summary").click()
    bob.get_by_label("New comment").fill("The **best**, @admin: far better than #1.")
    bob.get_by_role("region", name="Preview").get_by_role("link", name="#1").wait_for()
    look(bob, "notes-writing")
    bob.get_by_role("button", name="Comment", exact=True).click()
    comment = bob.locator(".comment")
    comment.get_by_text("@admin").wait_for()
    assert comment.locator("strong").inner_text() == "best"
    assert comment.get_by_role("link", name="#1").get_attribute("href") == trials[0]
    assert bob.get_by_label("New comment").input_value() == ""

    # Changed in place, while another comment is being written.
    bob.get_by_label("New comment").fill("A draft")
    comment.get_by_role("link", name="Edit").click()
    bob.get_by_label("Your comment").fill("The **best** so far, @admin: better than #1.")
    bob.get_by_role("button", name="Save").click()
    comment.get_by_text("edited").wait_for()
    assert bob.get_by_label("New comment").input_value() == "A draft"
    assert bob.evaluate("window.sameDocument === true")

    admin = sign_in(viewport={"width": 1280, "height": 900})
    admin.locator(".site-tools .count").wait_for()
    admin.get_by_role("link", name=re.compile("Notifications.*new")).click()
    admin.get_by_role("link", name="mentioned @admin").first.wait_for()
    look(admin, "notifications")
    admin.goto("/mentions/")
    admin.get_by_role("heading", name="Mentions").wait_for()
    look(admin, "mentions")
    admin.get_by_role("link", name=re.compile("^trial 3")).click()
    admin.wait_for_url(re.compile(rf"{trials[2]}#comment-\d+$"))
    assert admin.locator(".star-button").get_attribute("title") == "Starred by bob"
    admin.get_by_label("New comment").fill("Agreed.")
    admin.get_by_role("button", name="Comment", exact=True).click()
    admin.get_by_text("Agreed.").wait_for()

    admin.get_by_role("link", name="Talked about").click()
    admin.get_by_role("link", name="Activity").click()
    text = admin.locator(".events").inner_text()
    for sentence in ("bob starred trial 3", "bob tagged trial 3", "bob commented on trial 3"):
        assert sentence in text
    look(admin, "activity")
    admin.get_by_label("Person").select_option("admin")
    admin.locator("select[name=kind]").select_option(label="Comments")
    admin.get_by_role("button", name="Show").click()
    admin.wait_for_url("**kind=comment**")
    assert admin.locator(".event").count() == 1

    # All of it works without scripts.
    plain = sign_in("bob", PASSWORD, java_script_enabled=False)
    plain.goto(trials[0])
    plain.get_by_role("button", name="Star").click()
    assert plain.locator(".star-button").get_attribute("aria-pressed") == "true"
    plain.locator("#tag-add > summary").click()
    plain.get_by_label("Tags, separated").fill("Promising")
    plain.get_by_role("button", name="Add tag").click()
    plain.get_by_role("button", name="Remove the tag promising").wait_for()
    plain.locator("#notes-comments > summary").click()
    plain.get_by_label("New comment").fill("Plainly.")
    plain.get_by_role("button", name="Comment", exact=True).click()
    plain.locator(".comment:target").get_by_text("Plainly.").wait_for()
    plain.get_by_role("link", name="Delete…").click()
    plain.get_by_role("button", name="Delete comment").click()
    plain.get_by_text("Comment deleted.").wait_for()
    assert plain.locator(".comment").count() == 0
