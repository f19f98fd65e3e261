"""The failures of a search, as a map from values to reasons."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from tuning.analysis.failure_map import failure_map
from tuning.analysis.refinement import exclusion
from tuning.models import Search
from tuning.models.addresses import SearchNumbers
from tuning.spaces.edits import edited
from tuning.spaces.hyperparameters import read_space

from .access import visible_or_404
from .search_head import head_context


@require_GET
def search_failures(request: HttpRequest, at: SearchNumbers) -> HttpResponse:
    """Which values go with failed trials, reason by reason."""
    searches = Search.objects.select_related("project__team").defer("oracle_state")
    search = visible_or_404(request, searches, at)
    found = failure_map(search)
    reasons = [
        (reason, [(region, _left(search, region)) for region in reason.regions])
        for reason in found.reasons
    ]
    context = head_context(request, search) | {"map": found, "reasons": reasons}
    return render(request, "searches/failures.html", context)


def _left(search: Search, region: Any) -> str:
    """What is left of the hyperparameter without the region; empty if it cannot be excluded."""
    if len(region.sides) > 1:
        return ""
    cut = exclusion(search.space, region.sides[0].key)
    if cut is None:
        return ""
    return read_space(edited(search.space, dict([cut])))[cut[0]].range_text
