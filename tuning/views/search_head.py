"""What the head of a search's pages needs, on whichever tab."""

from typing import Any

from django.http import HttpRequest

from tuning.analysis.next_step import actions_of
from tuning.forms.searches import ExtendForm
from tuning.models import Search

from .access import may_change


def head_context(request: HttpRequest, search: Search) -> dict[str, Any]:
    return {
        "search": search,
        "project": search.project,
        "can_edit": may_change(request, search.project),
        "actions": actions_of(search),
        "extend_form": ExtendForm(search=search),
    }
