"""Disk space, for administrators: who uses it, and freeing what is safe to free."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.defaultfilters import filesizeformat
from django.views.decorators.http import require_GET, require_http_methods

from tuning.actions.disk import FREEABLE
from tuning.analysis.disk_space import (
    disk,
    largest_projects,
    team_rows,
    unfinished_uploads,
    unused_datasets,
)

from .people import for_administrators


@for_administrators
@require_GET
def disk_space(request: HttpRequest) -> HttpResponse:
    context = {
        "disk": disk(),
        "teams": team_rows(),
        "projects": largest_projects(),
        "unused": unused_datasets(),
        "uploads": unfinished_uploads(),
        "freeable": [
            (each, rows.count(), sum(map(each.size, rows)))
            for each, rows in ((each, each.rows()) for each in FREEABLE.values())
            if rows
        ],
    }
    return render(request, "disk/space.html", context)


@for_administrators
@require_http_methods(["GET", "POST"])
def disk_free(request: HttpRequest, what: str) -> HttpResponse:
    """GET asks, POST does it."""
    freeable = FREEABLE.get(what)
    if freeable is None:
        raise Http404
    if request.method == "POST":
        messages.success(request, f"Freed {filesizeformat(freeable.free())}.")
        return redirect("disk-space")
    rows = list(freeable.rows())
    context = {"freeable": freeable, "rows": rows, "total": sum(map(freeable.size, rows))}
    return render(request, "disk/free.html", context)
