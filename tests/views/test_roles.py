"""What roles may do is said on one page."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from tuning.analysis.roles import RIGHTS
from tuning.models import Membership, Project, Role, Team


def page_of(client: Client, name: str, *keys: int) -> str:
    return client.get(reverse(name, args=keys), follow=True).content.decode()


def test_a_viewer_reads_what_is_missing_and_whom_to_ask(
    as_dora: Client, alice: User, bob: User, project: Project, team: Team
) -> None:
    User.objects.filter(pk=alice.pk).update(first_name="Alice A.")
    page = page_of(as_dora, "project-delete", project.pk)
    assert "You have view-only access in team Digits team." in page
    assert "Ask Alice A. (owner) for the editor role." in page
    assert "bob (owner)" not in page
    Membership.objects.filter(user=bob).update(role=Role.OWNER)
    assert "Ask Alice A. (owner) or bob (owner) for" in page_of(as_dora, "team-name", team.pk)
    User.objects.filter(pk__in=(alice.pk, bob.pk)).update(is_active=False)
    assert "Ask an administrator of this site" in page_of(as_dora, "project-delete", project.pk)


@pytest.mark.parametrize("name", ["project-create", "dataset-create", "hypermodel-create"])
@pytest.mark.usefixtures("alice")
def test_who_is_a_viewer_everywhere_reads_it_before_creating(name: str, as_dora: Client) -> None:
    page = page_of(as_dora, name)
    assert "Ask alice (owner) for the editor role. Or create a team." in page
    assert "New team" in page


def test_an_editor_reads_that_owners_do_it(as_bob: Client, alice: User, team: Team) -> None:
    assert "You have editor access in team Digits team. Ask alice" in page_of(
        as_bob, "team-name", team.pk
    )


def test_the_help_page_has_every_right(as_dora: Client) -> None:
    page = as_dora.get(reverse("help-page", args=["teams"])).content.decode()
    for right in RIGHTS:
        row = page.partition(escape(right.text))[2].partition("</tr>")[0]
        assert row.count("Yes") == len(right.roles)
        assert row.count("No<") == len(Role) - len(right.roles)
