"""Searches: a new one, its live page, and what can be done with it."""

import json
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tuning.actions import searches as actions
from tuning.analysis.combinations import combinations, grid_size
from tuning.analysis.curves import running_info
from tuning.analysis.history import history_info
from tuning.analysis.plan import plan_info
from tuning.analysis.snippets import forms as snippet_forms
from tuning.analysis.space_changes import baseline_note, compared
from tuning.analysis.summary import failed_trials, running_rows, summarise, top_trials
from tuning.forms.estimator_searches import search_form
from tuning.forms.searches import ExtendForm, SearchForm, settings_of
from tuning.forms.space import SpaceForm
from tuning.models import Project, Search, Worker
from tuning.protocol.statuses import Status

from .access import editable_or_404, may_edit, visible_or_404
from .shared import shared_fragment, shared_text


@require_http_methods(["GET", "POST"])
def search_create(request: HttpRequest, pk: int) -> HttpResponse:
    """`pk` is the project's."""
    project = editable_or_404(request, _projects(), pk)
    if project.inspection.status != Status.COMPLETED:
        messages.info(request, "The search space is not known yet.")
        return redirect("project-detail", project.pk)
    earlier = _earlier(request, project)
    settings, space = (settings_of(earlier), earlier.space) if earlier else (None, None)
    data = request.POST or None
    form = search_form(project, data, initial=settings)
    space_form = SpaceForm(data, inspection=project.inspection, earlier=space)
    valid = form.is_valid() and space_form.is_valid()
    if valid and not space_form.reset:
        search = form.search()
        search.space = space_form.space
        return redirect("search-detail", actions.start_search(request.user, search).pk)
    context = _plan_context(project, form, space_form)
    context |= {"project": project, "earlier": earlier, "url": request.get_full_path()}
    refused = data is not None and not valid and not space_form.reset
    return render(request, "searches/create.html", context, status=422 if refused else 200)


@require_POST
def search_plan(request: HttpRequest, pk: int) -> HttpResponse:
    """What a search with the form's present settings would run, and what it would search. POST,
    because a large space fits into no address. `pk` is the project's."""
    project = editable_or_404(request, _projects(), pk)
    form = search_form(project, request.POST)
    form.is_valid()
    space_form = SpaceForm(request.POST, inspection=project.inspection)
    context = _plan_context(project, form, space_form)
    return render(request, "searches/_plan_live.html", context)


@require_GET
def search_detail(request: HttpRequest, pk: int) -> HttpResponse:
    search = visible_or_404(request, _searches(), pk)
    return render(request, "searches/detail.html", _page_context(request, search))


@require_GET
@never_cache
def search_live(request: HttpRequest, pk: int) -> HttpResponse:
    """The page's changing parts; 204 if nothing has changed `since` the given revision."""
    search = visible_or_404(request, _searches(), pk)
    known = request.GET.get("since"), request.GET.get("workers")
    workers = str(Worker.objects.online().count())
    if known[0] == str(search.revision) and known[1] in (None, workers):
        return HttpResponse(status=204)
    can_edit = may_edit(request, search.project.team_id)
    text = shared_fragment(
        request, search, "searches/_live.html",
        lambda: _live_context(search, int(workers), can_edit), workers, can_edit,
    )  # fmt: skip
    return HttpResponse(text)


@require_GET
@never_cache
def search_plots(request: HttpRequest, pk: int) -> HttpResponse:
    search = visible_or_404(request, Search.objects.defer("oracle_state"), pk)

    def make() -> str:
        plots = {"history": history_info(search), "running": running_info(search)}
        return json.dumps(plots, separators=(",", ":"))

    return HttpResponse(shared_text(search, make, "plots"), content_type="application/json")


@require_POST
def search_pause(request: HttpRequest, pk: int) -> HttpResponse:
    search = editable_or_404(request, Search.objects.all(), pk)
    actions.pause_search(search)
    return redirect("search-detail", search.pk)


@require_POST
def search_resume(request: HttpRequest, pk: int) -> HttpResponse:
    search = editable_or_404(request, Search.objects.all(), pk)
    actions.resume_search(search)
    return redirect("search-detail", search.pk)


@require_http_methods(["GET", "POST"])
def search_stop(request: HttpRequest, pk: int) -> HttpResponse:
    """GET asks, POST does it."""
    search = editable_or_404(request, _searches(), pk)
    if request.method == "POST":
        actions.stop_search(search)
        return redirect("search-detail", search.pk)
    return render(request, "searches/stop.html", {"search": search, "summary": summarise(search)})


@require_http_methods(["GET", "POST"])
def search_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """GET asks, POST does it."""
    search = editable_or_404(request, _searches(), pk)
    if request.method == "POST":
        actions.delete_search(search)
        messages.success(request, f"Search {search.number} is deleted.")
        return redirect("project-detail", search.project_id)
    context = {
        "search": search,
        "summary": summarise(search),
        "saved_models": search.project.saved_models.filter(trial__search=search).count(),
    }
    return render(request, "searches/delete.html", context)


@require_POST
def search_extend(request: HttpRequest, pk: int) -> HttpResponse:
    search = editable_or_404(request, _searches(), pk)
    form = ExtendForm(request.POST, search=search)
    if not form.is_valid():
        context = _page_context(request, search) | {"extend_form": form}
        return render(request, "searches/detail.html", context, status=422)
    actions.extend_search(search, form.cleaned_data["more"], form.cleaned_data["seen"])
    return redirect("search-detail", search.pk)


def _projects() -> QuerySet[Project]:
    return Project.objects.select_related("team", "dataset", "hypermodel")


def _searches() -> QuerySet[Search]:
    heavy = "oracle_state", "project__hypermodel__code"
    parts = ("team", "dataset", "hypermodel")
    return Search.objects.select_related(
        "created_by", *(f"project__{part}" for part in parts)
    ).defer(*heavy)


def _earlier(request: HttpRequest, project: Project) -> Search | None:
    """The search whose settings a new one begins with: ?from= its key."""
    wanted = request.GET.get("from", "")
    if not wanted.isdecimal() or len(wanted) > 9:
        return None
    return visible_or_404(request, Search.objects.filter(project=project), int(wanted))


def _space_context(search: Search) -> dict[str, Any]:
    space = compared(search.space, search.inspection.space)
    return {"space": space, "changes": sum(parameter.changed for parameter in space)}


def _plan_context(project: Project, form: SearchForm, space_form: SpaceForm) -> dict[str, Any]:
    space = [row.searched for row in space_form.rows]
    return {
        "form": form,
        "space_form": space_form,
        "combinations": combinations(space),
        "grid_size": grid_size(space),
        "plan": plan_info(_sketch(project, form, space_form.space)),
        "baseline_note": baseline_note(space_form.space, project.inspection.space),
    }


def _sketch(project: Project, form: SearchForm, space: dict[str, Any]) -> Search:
    """An unsaved search with as much of the form as makes sense."""
    names = ("tuner", "max_trials", "epochs", "executions_per_trial", "hyperband_factor",
             "hyperband_iterations", "folds")  # fmt: skip
    given = getattr(form, "cleaned_data", {})
    values = {name: given[name] for name in names if given.get(name) is not None}
    kind = project.inspection.model_kind
    return Search(project=project, space=space, model_kind=kind, **values)


def _page_context(request: HttpRequest, search: Search) -> dict[str, Any]:
    can_edit = may_edit(request, search.project.team_id)
    live = _live_context(search, Worker.objects.online().count(), can_edit)
    return live | _space_context(search) | {"extend_form": ExtendForm(search=search)}


def _live_context(search: Search, workers: int, can_edit: bool) -> dict[str, Any]:
    summary = summarise(search)
    running = running_rows(search)
    # Lines for the slots that the search may use as well, so that nothing jumps.
    free = max(min(search.parallel_trials, 4, summary.planned) - len(running), 0)
    return {
        "search": search,
        "project": search.project,
        "summary": summary,
        "running": running,
        "free_lines": range(free if search.is_active else 0),
        "top": top_trials(search),
        "failures": failed_trials(search),
        "snippets": snippet_forms(summary.best.values) if summary.best else [],
        "workers": workers,
        "can_edit": can_edit,
    }
