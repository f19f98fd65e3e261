"""What roles may do is said on one page."""

from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from tuning.analysis.roles import RIGHTS
from tuning.models import Role


def test_the_help_page_has_every_right(as_dora: Client) -> None:
    page = as_dora.get(reverse("help-page", args=["teams"])).content.decode()
    for right in RIGHTS:
        row = page.partition(escape(right.text))[2].partition("</tr>")[0]
        assert row.count("Yes") == len(right.roles)
        assert row.count("No<") == len(Role) - len(right.roles)
