"""Searches."""

from typing import Any

from django.http import HttpRequest
from ninja import Router

from tuning.models import Search

from . import rows
from .paging import Cursor, Limit, Page, page_of
from .reading import project_of, search_of
from .schemas import SearchDetail, SearchOut
from .serving import check_etag

router = Router(tags=["Searches"])


@router.get("/projects/{int:project}/searches", response=Page[SearchOut])
def list_searches(
    request: HttpRequest, project: int, limit: Limit = 100, cursor: Cursor = ""
) -> dict[str, Any]:
    """The searches of a project, the newest first."""
    found = project_of(request, project).searches.for_list().defer("oracle_state", "space")
    return page_of(request, found, lambda row: rows.search(request, row), limit, cursor)


@router.get("/projects/{int:project}/searches/{int:search}", response=SearchDetail)
def show_search(request: HttpRequest, project: int, search: int) -> dict[str, Any]:
    """A search with its settings, its search space and its best trial. Its ETag changes with each
    change that its page would show."""
    row = search_of(request, project, search)
    check_etag(request, "search", row.pk, row.revision)
    return detail_of(request, row)


def detail_of(request: HttpRequest, search: Search) -> dict[str, Any]:
    """Read anew, with the counts of its trials."""
    row = Search.objects.for_list().defer("oracle_state").get(pk=search.pk)
    return rows.search_detail(request, row)
