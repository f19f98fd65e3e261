"""Where the signed-in person was called by name."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from tuning.actions.notes import mark_seen
from tuning.analysis.mentions import new_calls, seen_calls


@require_GET
@never_cache
def mention_list(request: HttpRequest) -> HttpResponse:
    """The first page shows new mentions with their text, and marks them as seen."""
    number = request.GET.get("page", 1)
    seen, page = seen_calls(request.user, number)
    new = new_calls(request.user) if page.number == 1 else []
    mark_seen([call.mention for call in new])
    return render(request, "notes/mentions.html", {"new": new, "seen": seen, "page": page})
