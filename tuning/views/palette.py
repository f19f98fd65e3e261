"""The palette: what people jump to by name (Ctrl-K)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from tuning.analysis.palette import found

MAX_QUERY = 200


@require_GET
@never_cache
def palette(request: HttpRequest) -> HttpResponse:
    """For the script what matches; without it a page with the same field."""
    query = request.GET.get("q", "")[:MAX_QUERY]
    context = {"query": query, "items": found(request.user, query)}
    is_piece = request.htmx  # type: ignore[attr-defined]
    return render(request, "palette/_items.html" if is_piece else "palette/page.html", context)
