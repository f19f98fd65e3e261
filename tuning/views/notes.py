"""Stars and tags on a trial, on a search, on many trials of a project at once."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from tuning.actions import notes as actions
from tuning.actions.searches import pin_weights
from tuning.analysis.comments import MAX_COMMENTS, NEWEST, thread_info
from tuning.analysis.notes import address_of, kind_of, search_of, star_info, tags_info
from tuning.figures import counted, in_words
from tuning.forms.notes import MarkForm, TagForm
from tuning.models import Project, Search, Trial
from tuning.models.addresses import Address
from tuning.models.notes import Subject

from .access import editable_or_404, visible_or_404
from .search_head import head_context


@require_POST
def star(request: HttpRequest, kind: str, at: Address) -> HttpResponse:
    """For everybody who sees it."""
    subject = visible_or_404(request, subjects(kind), at)
    if request.POST.get("on") == "1":
        actions.star(request.user, [subject])
    else:
        actions.unstar(request.user, [subject])
    return answer(request, subject, "star", star_info(request.user, subject))


@require_POST
def tags(request: HttpRequest, kind: str, at: Address) -> HttpResponse:
    """Add the tags that are given as `names`, or take one away."""
    subject = editable_or_404(request, subjects(kind), at)
    form = None
    # PostgreSQL refuses NUL in a question.
    if removed := request.POST.get("remove", "").replace("\x00", ""):
        actions.untag([subject], [removed])
    else:
        form = TagForm(request.POST)
        if form.is_valid():
            actions.tag(request.user, [subject], form.cleaned_data["names"])
    refused = bool(form and form.errors)
    info = tags_info(request.user, subject) | {"tag_form": form if refused else None}
    return answer(request, subject, "tags", info, refused=refused)


@require_POST
def project_mark(request: HttpRequest, pk: int) -> HttpResponse:
    """Star or tag the trials chosen in a table, of any searches of a project, or pin their weights.
    `next` is the page that is shown then."""
    is_star = request.POST.get("mark") in ("star", "unstar")
    reach = visible_or_404 if is_star else editable_or_404
    project = reach(request, Project.objects.all(), pk)
    form = MarkForm(request.POST)
    if form.is_valid():
        messages.success(request, _mark(request.user, project, **form.cleaned_data))
    for problems in form.errors.values():
        messages.error(request, " ".join(map(str, problems)))
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    return redirect(_next(request) or reverse("project-detail", args=[project.pk]))


def _mark(user: Any, project: Project, mark: str, names: list[str], trial: list[int]) -> str:
    """Returns what was done, as a sentence."""
    trials = list(subjects("trial").filter(search__project=project, pk__in=trial))
    these, words = counted(len(trials), "trial"), in_words([f"“{name}”" for name in names])
    if not trials:
        return "These trials no longer exist."
    match mark:
        case "star":
            actions.star(user, trials)
            return f"Starred {these}."
        case "unstar":
            actions.unstar(user, trials)
            return f"Removed your star from {these}."
        case "tag":
            actions.tag(user, trials, names)
            return f"Tagged {these} {words}."
        case "untag":
            actions.untag(trials, names)
            return f"Removed {words} from {these}."
        case _:
            return _pin(trials, mark == "pin")


def _pin(trials: list[Trial], pinned: bool) -> str:
    done = sum(pin_weights(trial, pinned) for trial in trials)
    text = f"{'Pinned' if pinned else 'Unpinned'} the weights of {counted(done, 'trial')}."
    if left := len(trials) - done:
        have = counted(left, "selected trial has", "selected trials have")
        text += f" {have} no weights."
    return text


def _next(request: HttpRequest) -> str | None:
    """Only an address of this site."""
    requested = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(requested, {request.get_host()}, request.is_secure())
    return requested if safe else None


def subjects(kind: str) -> QuerySet[Any]:
    if kind == "search":
        return Search.objects.select_related("project").defer("oracle_state", "space")
    heavy = "layers", "log_tail", "failure_traceback"
    return Trial.objects.select_related("search__project").defer(
        *heavy, "search__oracle_state", "search__space"
    )


def answer(
    request: HttpRequest, subject: Subject, piece: str, info: dict[str, Any], refused: bool = False
) -> HttpResponse:
    """The changed piece of the panel; without scripts the page again. What was refused stays in its
    form."""
    base = {"subject": subject, "kind": kind_of(subject)}
    status = 422 if refused else 200
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, f"notes/_{piece}.html", base | info, status=status)
    if not refused:
        return redirect(f"{address_of(subject)}#notes")
    return notes_page(request, subject, info, status, limit=NEWEST)


def notes_page(
    request: HttpRequest, subject: Subject, info: dict[str, Any], status: int = 200,
    limit: int = MAX_COMMENTS,
) -> HttpResponse:  # fmt: skip
    """Everything noted about a trial or a search, on a page of its own."""
    user, search = request.user, search_of(subject)
    context = {
        "subject": subject,
        "kind": kind_of(subject),
        "project": search.project,
        "search": search,
        "trial": subject if isinstance(subject, Trial) else None,
        **star_info(user, subject),
        **tags_info(user, subject),
        **thread_info(user, subject, limit),
        **info,
    }
    if isinstance(subject, Search):
        context |= head_context(request, subject)
        return render(request, "searches/notes.html", context, status=status)
    return render(request, "notes/detail.html", context, status=status)
