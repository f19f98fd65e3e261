"""Old addresses of searches, trials and models, which had the keys of rows: in bookmarks, comments
and scripts. They lead to today's, with everything that followed."""

from typing import Any
from urllib.parse import quote

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from tuning.models import SavedModel, Search, Trial

from .access import visible_or_404
from .scripts import exports_for_scripts

# By the beginning of the names of their pages.
_ROWS: dict[str, QuerySet[Any]] = {
    "search": Search.objects.only("number", "project"),
    "trial": Trial.objects.select_related("search").only(
        "number", "search__number", "search__project"
    ),
    "saved-model": SavedModel.objects.only("number", "project"),
}


@exports_for_scripts
def search_moved(request: HttpRequest, pk: int, rest: str = "") -> HttpResponse:
    """Its trial table, too, which scripts read."""
    return moved(request, "search", pk, rest)


def moved(request: HttpRequest, kind: str, pk: int, rest: str = "") -> HttpResponse:
    """Only for those who may see the row: the numbers in its address say something about it."""
    row = visible_or_404(request, _ROWS[kind], pk)
    query = request.META.get("QUERY_STRING", "")
    address = (
        reverse(f"{kind}-detail", args=[row])
        + quote(rest, safe="/:")
        + (f"?{query}" if query else "")
    )
    # A form of a page that was open during an upgrade is sent again as it is.
    is_form = request.method != "GET"
    return redirect(address, permanent=True, preserve_request=is_form)
