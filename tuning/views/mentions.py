"""Where the signed-in person was called by name. Reading changes nothing: the page sends which
mentions it has shown."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from tuning.actions.notes import mark_seen
from tuning.analysis.mentions import MAX_NEW, new_calls, seen_calls
from tuning.models import Mention
from tuning.models.addresses import is_number


@require_GET
@never_cache
def mention_list(request: HttpRequest) -> HttpResponse:
    """The first page shows new mentions with their text."""
    number = request.GET.get("page", 1)
    seen, page = seen_calls(request.user, number)
    new = new_calls(request.user) if page.number == 1 else []
    return render(request, "notes/mentions.html", {"new": new, "seen": seen, "page": page})


@require_POST
def mention_seen(request: HttpRequest) -> HttpResponse:
    """The person's `mention`s were shown. With htmx nothing is left of the form."""
    keys = [int(key) for key in request.POST.getlist("mention") if is_number(key)]
    mark_seen(request.user, Mention.objects.of(request.user).filter(pk__in=keys[:MAX_NEW]))
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponse()
    return redirect("mention-list")
