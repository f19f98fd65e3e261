"""Workers: which machines train, and what."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from tuning.analysis.workers import worker_rows


@require_GET
def worker_list(request: HttpRequest) -> HttpResponse:
    rows = worker_rows(request.user)
    context = {"rows": rows, "somebody_works": any(row.online for row in rows)}
    return render(request, "workers/list.html", context)
