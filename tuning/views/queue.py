"""The queue: what waits for a slot and why; and the priority of a search, which counts there."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from tuning.actions.searches import set_priority
from tuning.analysis.queue import queue
from tuning.forms.searches import PriorityForm
from tuning.models import Search
from tuning.models.addresses import SearchNumbers

from .access import editable_or_404


@require_GET
@never_cache
def queue_list(request: HttpRequest) -> HttpResponse:
    """htmx gets the queue alone."""
    context = {"queue": queue(request.user), "priorities": Search.Priority.choices}
    template = "_queue" if request.htmx else "list"  # type: ignore[attr-defined]
    return render(request, f"queue/{template}.html", context)


@require_POST
def search_priority(request: HttpRequest, at: SearchNumbers) -> HttpResponse:
    search = editable_or_404(request, Search.objects.run_here(), at)
    form = PriorityForm(request.POST)
    if form.is_valid():
        set_priority(search, form.cleaned_data["priority"])
    return redirect("queue-list")
