"""The trials of a search: filters, plots, table. What is shown stands in the address."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from tuning.analysis.trials.selection import Selection
from tuning.analysis.trials.table import table_of
from tuning.models import Search

from .access import may_edit, visible_or_404
from .scripts import exports_for_scripts
from .trial_exports import trial_export


@exports_for_scripts
@require_GET
@never_cache
@vary_on_headers("HX-Request")
def trial_list(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The page; for scripts its changing parts, or 204 if nothing has changed `since`."""
    search = visible_or_404(request, _searches(), pk)
    if "format" in request.GET:
        return trial_export(request, Selection.read(search, request.GET, request.user))
    is_fragment = "HX-Request" in request.headers
    if is_fragment and request.GET.get("since") == str(search.revision):
        return HttpResponse(status=204)
    context = _context(request, search)
    return render(request, "trials/_live_list.html" if is_fragment else "trials/list.html", context)


def _context(request: HttpRequest, search: Search) -> dict[str, Any]:
    selection = Selection.read(search, request.GET, request.user)
    return {
        "search": search,
        "project": search.project,
        "selection": selection,
        "table": table_of(selection),
        "chips": [
            {"sentence": item.sentence, "without": selection.without(item.key).query()}
            for item in selection.filters
        ],
        "can_edit": may_edit(request, search.project.team_id),
    }


def _searches() -> QuerySet[Search]:
    return Search.objects.select_related("project__team", "project__dataset").defer("oracle_state")
