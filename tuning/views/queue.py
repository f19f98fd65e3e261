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
    context = {"queue": queue(request.user), "priorities": Search.Priority.choices}
    return render(request, "queue/list.html", context)


@require_POST
def search_priority(request: HttpRequest, at: SearchNumbers) -> HttpResponse:
    search = editable_or_404(request, Search.objects.run_here(), at)
    form = PriorityForm(request.POST)
    if form.is_valid():
        set_priority(search, form.cleaned_data["priority"])
    return redirect("queue-list")
