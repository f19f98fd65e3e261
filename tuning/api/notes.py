"""Comments on searches and trials; tags and stars are shown with them."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from ninja import Router, Status

from tuning.actions import notes as actions
from tuning.forms.notes import CommentForm, TagForm
from tuning.models import Comment, Tag
from tuning.models.notes import Subject
from tuning.views.access import visible_or_404

from . import rows
from .bodies import Body, body_of, checked
from .paging import Cursor, Limit, Page, page_of
from .reading import search_of, trial_of
from .schemas import CommentOut, TagsOut

router = Router(tags=["Notes"])

CommentIn = body_of("CommentIn", CommentForm.base_fields)


class TagsIn(Body):
    """A tag of the project in other case becomes that tag."""

    names: list[str] = []


_SEARCH = "/projects/{number:project}/searches/{number:search}"
_TRIAL = _SEARCH + "/trials/{number:trial}"


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


@router.post(_SEARCH + "/comments", response={201: CommentOut})
def comment_search(request: HttpRequest, project: int, search: int, body: CommentIn) -> Any:
    """Comment on a search, in Markdown. `@name` mentions a member of the team."""
    return _comment(request, search_of(request, project, search), body.given)


@router.put(_SEARCH + "/star", response={204: None})
def star_search(request: HttpRequest, project: int, search: int) -> Any:
    """Star a search."""
    actions.star(request.user, [search_of(request, project, search)])
    return Status(204, None)


@router.delete(_SEARCH + "/star", response={204: None})
def unstar_search(request: HttpRequest, project: int, search: int) -> Any:
    """Remove your star from a search."""
    actions.unstar(request.user, [search_of(request, project, search)])
    return Status(204, None)


@router.post(_SEARCH + "/tags", response=TagsOut)
def tag_search(request: HttpRequest, project: int, search: int, body: TagsIn) -> Any:
    """Add tags to a search."""
    return _tag(request, search_of(request, project, search, edit=True), body)


@router.delete(_SEARCH + "/tags", response=TagsOut)
def untag_search(request: HttpRequest, project: int, search: int, name: str = "") -> Any:
    """Remove a tag from a search."""
    return _untag(search_of(request, project, search, edit=True), name)


@router.post(_TRIAL + "/comments", response={201: CommentOut})
def comment_trial(
    request: HttpRequest, project: int, search: int, trial: int, body: CommentIn
) -> Any:
    """Comment on a trial, in Markdown. `@name` mentions a member of the team."""
    return _comment(request, trial_of(request, project, search, trial), body.given)


@router.put(_TRIAL + "/star", response={204: None})
def star_trial(request: HttpRequest, project: int, search: int, trial: int) -> Any:
    """Star a trial."""
    actions.star(request.user, [trial_of(request, project, search, trial)])
    return Status(204, None)


@router.delete(_TRIAL + "/star", response={204: None})
def unstar_trial(request: HttpRequest, project: int, search: int, trial: int) -> Any:
    """Remove your star from a trial."""
    actions.unstar(request.user, [trial_of(request, project, search, trial)])
    return Status(204, None)


@router.post(_TRIAL + "/tags", response=TagsOut)
def tag_trial(request: HttpRequest, project: int, search: int, trial: int, body: TagsIn) -> Any:
    """Add tags to a trial."""
    return _tag(request, trial_of(request, project, search, trial, edit=True), body)


@router.delete(_TRIAL + "/tags", response=TagsOut)
def untag_trial(request: HttpRequest, project: int, search: int, trial: int, name: str = "") -> Any:
    """Remove a tag from a trial."""
    return _untag(trial_of(request, project, search, trial, edit=True), name)


@router.patch("/comments/{number:comment}", response=CommentOut)
def edit_comment(request: HttpRequest, comment: int, body: CommentIn) -> Any:
    """Edit a comment of your own."""
    row = _comment_row(request, comment)
    if row.author_id != request.user.pk:
        raise PermissionDenied("Only the author can edit a comment.")
    form = checked(lambda data, _: CommentForm(data, initial={"text": row.text}), body.given)
    actions.edit_comment(row, form.cleaned_data["text"])
    return rows.comment(request, row)


@router.delete("/comments/{number:comment}", response={204: None})
def delete_comment(request: HttpRequest, comment: int) -> Any:
    """Delete a comment of your own; owners of the team delete any."""
    row = _comment_row(request, comment)
    if not Comment.objects.deletable_by(request.user).filter(pk=row.pk).exists():
        raise PermissionDenied("Only the author and the owners of the team can delete a comment.")
    actions.delete_comment(row)
    return Status(204, None)


def _comment_row(request: HttpRequest, comment: int) -> Comment:
    found = Comment.objects.select_related("author", "trial__search", "search")
    row: Comment = visible_or_404(request, found, comment)
    return row


def _comment(request: HttpRequest, subject: Subject, given: dict[str, Any]) -> Any:
    form = checked(lambda data, _: CommentForm(data), given)
    made = actions.comment(request.user, subject, form.cleaned_data["text"])
    return Status(201, rows.comment(request, made))


def _tag(request: HttpRequest, subject: Subject, body: TagsIn) -> dict[str, Any]:
    form = checked(lambda data, _: TagForm(data), {"names": ", ".join(body.names)})
    actions.tag(request.user, [subject], form.cleaned_data["names"])
    return _tags(subject)


def _untag(subject: Subject, name: str) -> dict[str, Any]:
    # PostgreSQL refuses NUL in a question.
    actions.untag([subject], [name.replace("\x00", "")])
    return _tags(subject)


def _tags(subject: Subject) -> dict[str, Any]:
    return {"tags": list(Tag.objects.of(subject).values_list("name", flat=True))}
