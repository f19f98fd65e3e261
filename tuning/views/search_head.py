"""What the head of a search's pages needs, on whichever tab."""

from typing import Any

from django.http import HttpRequest

from tuning.analysis.next_step import actions_of
from tuning.forms.searches import ExtendForm
from tuning.models import Search

from .access import may_edit


def head_context(request: HttpRequest, search: Search) -> dict[str, Any]:
    return {
        "search": search,
        "project": search.project,
        "can_edit": may_edit(request, search.project.team_id),
        "actions": actions_of(search),
        "extend_form": ExtendForm(search=search),
    }
