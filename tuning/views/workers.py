"""Workers: which machines train, and what. Administrators pause and drain them."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from tuning.actions.workers import request_of
from tuning.analysis.workers import worker_rows
from tuning.models import Machine, Worker
from tuning.models.workers import Requested

from .people import for_administrators

DONE = {
    Requested.NOTHING: "{} takes work again.",
    Requested.PAUSE: "{} takes no new work. Running work continues.",
    Requested.DRAIN: "{} takes no new work and ends after its running work.",
}


@require_GET
def worker_list(request: HttpRequest) -> HttpResponse:
    rows = worker_rows(request.user)
    context = {
        "rows": rows,
        "somebody_works": any(row.online for row in rows),
        "machines": request.user.is_superuser and Machine.objects.select_related("created_by"),
    }
    return render(request, "workers/list.html", context)


@for_administrators
@require_POST
def worker_request(request: HttpRequest, pk: int) -> HttpResponse:
    """Pause it, drain it, or have it take work again."""
    worker = get_object_or_404(Worker, pk=pk)
    requested = request.POST.get("requested", "")
    if requested not in Requested.values:
        raise Http404
    request_of(worker, Requested(requested), request.user)
    messages.success(request, DONE[Requested(requested)].format(worker.name))
    return redirect("worker-list")
