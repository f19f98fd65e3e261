"""Searches: their live pages, and what can be done with them."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tuning.actions import searches as actions
from tuning.analysis.curves import running_info
from tuning.analysis.history import history_info
from tuning.analysis.snippets import forms as snippet_forms
from tuning.analysis.space_changes import compared
from tuning.analysis.summary import failed_trials, running_rows, summarise, top_trials
from tuning.analysis.table import table_info
from tuning.forms.searches import ExtendForm
from tuning.models import Search, Worker

from .access import editable_or_404, may_edit, visible_or_404
from .refinements import refinement_context


@require_GET
def search_detail(request: HttpRequest, pk: int) -> HttpResponse:
    search = visible_or_404(request, _searches(), pk)
    context = _live_context(request, search) | _space_context(search) | refinement_context(search)
    return render(request, "searches/detail.html", context)


@require_GET
@never_cache
def search_live(request: HttpRequest, pk: int) -> HttpResponse:
    """The page's changing parts; 204 if nothing has changed `since` the given revision."""
    search = visible_or_404(request, _searches(), pk)
    known = request.GET.get("since"), request.GET.get("workers")
    workers = str(Worker.objects.online().count())
    if known[0] == str(search.revision) and known[1] in (None, workers):
        return HttpResponse(status=204)
    return render(request, "searches/_live.html", _live_context(request, search))


@require_GET
@never_cache
def search_plots(request: HttpRequest, pk: int) -> JsonResponse:
    search = visible_or_404(request, Search.objects.defer("oracle_state"), pk)
    return JsonResponse({"history": history_info(search), "running": running_info(search)})


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
        context = _live_context(request, search) | _space_context(search)
        context |= refinement_context(search)
        context["extend_form"] = form
        return render(request, "searches/detail.html", context, status=422)
    actions.extend_search(search, form.cleaned_data["more"], form.cleaned_data["seen"])
    return redirect("search-detail", search.pk)


def _searches() -> QuerySet[Search]:
    heavy = "oracle_state", "project__hypermodel__code"
    parts = ("team", "dataset", "hypermodel")
    return Search.objects.select_related(
        "created_by", *(f"project__{part}" for part in parts)
    ).defer(*heavy)


def _space_context(search: Search) -> dict[str, Any]:
    space = compared(search.space, search.inspection.space)
    return {"space": space, "changes": sum(parameter.changed for parameter in space)}


def _live_context(request: HttpRequest, search: Search) -> dict[str, Any]:
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
        "table": table_info(search, request.GET.get("sort", ""), request.GET.get("page", 1)),
        "workers": Worker.objects.online().count(),
        "can_edit": may_edit(request, search.project.team_id),
        "extend_form": ExtendForm(search=search),
    }
