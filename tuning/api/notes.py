"""Comments on searches and trials; tags and stars are shown with them."""

from typing import Any

from django.http import HttpRequest
from ninja import Router

from tuning.models import Comment
from tuning.models.notes import Subject

from . import rows
from .paging import Cursor, Limit, Page, page_of
from .reading import search_of, trial_of
from .schemas import CommentOut

router = Router(tags=["Notes"])

_SEARCH = "/projects/{int:project}/searches/{int:search}"
_TRIAL = _SEARCH + "/trials/{int:trial}"


@router.get(_SEARCH + "/comments", response=Page[CommentOut])
def list_search_comments(
    request: HttpRequest, project: int, search: int, limit: Limit = 100, cursor: Cursor = ""
) -> dict[str, Any]:
    """Comments on a search, the newest first."""
    return _comments(request, search_of(request, project, search), limit, cursor)


@router.get(_TRIAL + "/comments", response=Page[CommentOut])
def list_trial_comments(
    request: HttpRequest, project: int, search: int, trial: int, limit: Limit = 100,
    cursor: Cursor = "",
) -> dict[str, Any]:  # fmt: skip
    """Comments on a trial, the newest first."""
    return _comments(request, trial_of(request, project, search, trial), limit, cursor)


def _comments(request: HttpRequest, subject: Subject, limit: int, cursor: str) -> dict[str, Any]:
    found = Comment.objects.of(subject).select_related("author", "trial__search", "search")
    return page_of(request, found, lambda row: rows.comment(request, row), limit, cursor)
