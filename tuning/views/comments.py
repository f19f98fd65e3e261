"""Comments: the thread of a trial or a search, a preview, changing and deleting one."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tuning.actions import notes as actions
from tuning.analysis.comments import (
    MAX_COMMENTS,
    NEWEST,
    comment_address,
    remark,
    thread_address,
    thread_info,
    written,
)
from tuning.analysis.notes import kind_of, search_of, subject_of
from tuning.forms.notes import MAX_COMMENT_LENGTH, CommentForm
from tuning.models import Comment
from tuning.models.addresses import Address

from .access import visible_or_404
from .notes import answer, notes_page, subjects


@require_http_methods(["GET", "POST"])
def thread(request: HttpRequest, kind: str, at: Address) -> HttpResponse:
    """GET shows all comments, POST adds one. For everybody who sees the trial or the search."""
    subject = visible_or_404(request, subjects(kind), at)
    if request.method == "GET":
        if not request.htmx:  # type: ignore[attr-defined]
            return notes_page(request, subject, {})
        return answer(request, subject, "thread", thread_info(request.user, subject, MAX_COMMENTS))
    form = CommentForm(request.POST)
    if form.is_valid():
        made = actions.comment(request.user, subject, form.cleaned_data["text"])
        if not request.htmx:  # type: ignore[attr-defined]
            return redirect(comment_address(made))
    limit = MAX_COMMENTS if request.POST.get("all") else NEWEST
    info = thread_info(request.user, subject, limit)
    if form.errors:
        info["comment_form"] = form
    return answer(request, subject, "thread", info, refused=bool(form.errors))


@require_POST
def preview(request: HttpRequest, kind: str, at: Address) -> HttpResponse:
    """What a text will look like. POST, because a text fits into no address."""
    subject = visible_or_404(request, subjects(kind), at)
    text = request.POST.get("text", "")[:MAX_COMMENT_LENGTH]
    html = written(request.user, [(search_of(subject), text)])[0]
    return render(request, "notes/_preview.html", {"html": html})


@require_GET
def comment_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The way to a comment, wherever it stands by now."""
    return redirect(comment_address(visible_or_404(request, _comments(), pk)))


@require_http_methods(["GET", "POST"])
def comment_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """GET gives the form, POST saves. With htmx in place of the comment."""
    comment = visible_or_404(request, _comments(), pk)
    if comment.author_id != request.user.pk:
        raise PermissionDenied("Only the author can edit a comment.")
    form = CommentForm(request.POST or None, initial={"text": comment.text})
    in_place = bool(request.htmx)  # type: ignore[attr-defined]
    if request.method == "POST" and form.is_valid():
        actions.edit_comment(comment, form.cleaned_data["text"])
        if not in_place:
            return redirect(comment_address(comment))
    elif not (in_place and "cancel" in request.GET):
        page = "notes/_edit.html" if in_place else "notes/edit.html"
        subject = subject_of(comment)
        context = _places(comment) | {
            "comment": comment,
            "form": form,
            "subject": subject,
            "kind": kind_of(subject),
            "id": f"comment-text-{comment.pk}",
        }
        return render(request, page, context, status=422 if form.errors else 200)
    return render(request, "notes/_comment.html", {"remark": remark(request.user, comment)})


@require_http_methods(["GET", "POST"])
def comment_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """GET asks, POST does it. One's own; owners of the team delete any."""
    comment = visible_or_404(request, _comments(), pk)
    if not Comment.objects.deletable_by(request.user).filter(pk=pk).exists():
        raise PermissionDenied("Only the author and the owners of the team can delete a comment.")
    if request.method == "POST":
        actions.delete_comment(comment)
        messages.success(request, "Comment deleted.")
        return redirect(thread_address(subject_of(comment)))
    context = _places(comment) | {"remark": remark(request.user, comment)}
    return render(request, "notes/delete.html", context)


def _comments() -> QuerySet[Comment]:
    heavy = [
        *(f"trial__{field}" for field in ("layers", "log_tail", "failure_traceback")),
        *(
            f"{at}__{field}"
            for at in ("trial__search", "search")
            for field in ("oracle_state", "space")
        ),
    ]
    return Comment.objects.select_related(
        "author", "trial__search__project", "search__project"
    ).defer(*heavy)


def _places(comment: Comment) -> dict[str, object]:
    """What the crumbs name."""
    search = search_of(subject_of(comment))
    return {
        "project": search.project,
        "search": search,
        "trial": comment.trial,
        "address": comment_address(comment),
    }
