"""The way from a search that was read to a better one: where it came from, its best trials at the
borders of ranges, its failures."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from tuning.analysis.edges import edges
from tuning.analysis.failure_map import failure_map
from tuning.analysis.refinement import exclusion
from tuning.analysis.search_lineage import family, origin
from tuning.models import Search
from tuning.spaces.edits import edited
from tuning.spaces.hyperparameters import read_space

from .access import may_edit, visible_or_404


@require_GET
def search_failures(request: HttpRequest, pk: int) -> HttpResponse:
    """Which values go with failed trials, reason by reason."""
    searches = Search.objects.select_related("project__team").defer("oracle_state")
    search = visible_or_404(request, searches, pk)
    found = failure_map(search)
    reasons = [
        (reason, [(region, _left(search, region)) for region in reason.regions])
        for reason in found.reasons
    ]
    context = {
        "search": search,
        "project": search.project,
        "map": found,
        "reasons": reasons,
        "can_edit": may_edit(request, search.project.team_id),
    }
    return render(request, "searches/failures.html", context)


def refinement_context(search: Search) -> dict[str, Any]:
    """What the search's page says of its way back. Fragments have it once the
    search has ended."""
    return {"origin": origin(search), "family": family(search), "edges": edges(search)}


def _left(search: Search, region: Any) -> str:
    """What is left of the hyperparameter without the region; empty if it cannot be excluded."""
    if len(region.sides) > 1:
        return ""
    cut = exclusion(search.space, region.sides[0].key)
    if cut is None:
        return ""
    return read_space(edited(search.space, dict([cut])))[cut[0]].range_text
