"""Searches: their live pages, and what can be done with them."""

import json
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tuning.actions import searches as actions
from tuning.analysis import pruning
from tuning.analysis.best_scores import warm_start_best
from tuning.analysis.confirmation import confirmations_on
from tuning.analysis.curves import running_info
from tuning.analysis.edges import edges
from tuning.analysis.front import front_rows, objective_values
from tuning.analysis.history import history_info
from tuning.analysis.limits import bars, clock, reached, values_of
from tuning.analysis.log_code import log_code
from tuning.analysis.next_step import actions_of, next_step
from tuning.analysis.plan import strategy_text
from tuning.analysis.savings import savings
from tuning.analysis.search_lineage import family, origin
from tuning.analysis.slots import workers_for
from tuning.analysis.snippets import forms as snippet_forms
from tuning.analysis.summary import (
    Summary,
    failed_trials,
    progress_note,
    running_rows,
    summarise,
    top_trials,
    trials_text,
)
from tuning.forms.limits import LimitsForm
from tuning.forms.searches import ExtendForm, GpuForm
from tuning.models import Search, Trial
from tuning.models.addresses import SearchNumbers
from tuning.protocol.gpu_needs import gpu_choices
from tuning.protocol.objectives import is_better
from tuning.spaces.changes import compared
from tuning.strategies.optuna_arguments import text_of

from .access import editable_or_404, may_change, visible_or_404
from .search_head import head_context
from .shared import online_workers, shared_fragment, shared_text


@require_GET
def search_detail(request: HttpRequest, at: SearchNumbers) -> HttpResponse:
    search = visible_or_404(request, _searches(), at)
    return render(request, "searches/detail.html", _page_context(request, search))


@require_GET
def search_settings(request: HttpRequest, at: SearchNumbers) -> HttpResponse:
    """What the search was started with: its space, its settings, the searches around it."""
    search = visible_or_404(request, _searches(), at)
    return render(request, "searches/settings.html", _settings_context(request, search))


@require_GET
@never_cache
def search_live(request: HttpRequest, at: SearchNumbers) -> HttpResponse:
    """The page's changing parts; 204 if nothing has changed `since` the given revision."""
    search = visible_or_404(request, _searches(), at)
    known = request.GET.get("since"), request.GET.get("workers")
    now = clock(search)
    workers = str(online_workers(search.gpu))
    same_time = request.GET.get("clock", now) == now
    if known[0] == str(search.revision) and known[1] in (None, workers) and same_time:
        return HttpResponse(status=204)
    can_edit = may_change(request, search.project)
    text = shared_fragment(
        request, search, "searches/_live.html",
        lambda: _news_context(search, int(workers), can_edit), workers, can_edit, now,
    )  # fmt: skip
    return HttpResponse(text)


@require_GET
@never_cache
def search_plots(request: HttpRequest, at: SearchNumbers) -> HttpResponse:
    search = visible_or_404(request, Search.objects.defer("oracle_state"), at)

    def make() -> str:
        plots = {"history": history_info(search), "running": running_info(search)}
        return json.dumps(plots, separators=(",", ":"))

    return HttpResponse(shared_text(search, make, "plots"), content_type="application/json")


@require_POST
def search_pause(request: HttpRequest, at: SearchNumbers) -> HttpResponse:
    search = editable_or_404(request, Search.objects.not_imported(), at)
    actions.pause_search(search)
    return redirect("search-detail", search)


@require_POST
def search_resume(request: HttpRequest, at: SearchNumbers) -> HttpResponse:
    search = editable_or_404(request, Search.objects.not_imported(), at)
    actions.resume_search(search)
    return redirect("search-detail", search)


@require_http_methods(["GET", "POST"])
def search_stop(request: HttpRequest, at: SearchNumbers) -> HttpResponse:
    """GET asks, POST does it."""
    search = editable_or_404(request, _searches().not_imported(), at)
    if request.method == "POST":
        actions.stop_search(search)
        return redirect("search-detail", search)
    return render(request, "searches/stop.html", {"search": search, "summary": summarise(search)})


@require_http_methods(["GET", "POST"])
def search_delete(request: HttpRequest, at: SearchNumbers) -> HttpResponse:
    """GET asks, POST does it."""
    search = editable_or_404(request, _searches(), at)
    if request.method == "POST":
        actions.delete_search(search)
        messages.success(request, f"Search {search.number} deleted.")
        return redirect("project-detail", search.project_id)
    context = {
        "search": search,
        "summary": summarise(search),
        "saved_models": search.project.saved_models.filter(trial__search=search).count(),
    }
    return render(request, "searches/delete.html", context)


@require_POST
def search_extend(request: HttpRequest, at: SearchNumbers) -> HttpResponse:
    search = editable_or_404(request, _searches().not_imported(), at)
    form = ExtendForm(request.POST, search=search)
    if not form.is_valid():
        context = _page_context(request, search) | {"extend_form": form}
        return render(request, "searches/detail.html", context, status=422)
    if not actions.extend_search(search, form.cleaned_data["more"], form.cleaned_data["seen"]):
        messages.info(
            request,
            "The search was extended meanwhile. To run even more, extend it again.",
        )
    return redirect("search-detail", search)


@require_POST
def search_gpu(request: HttpRequest, at: SearchNumbers) -> HttpResponse:
    search = editable_or_404(request, _searches(), at)
    form = GpuForm(request.POST)
    if search.may_use_gpu and form.is_valid():
        actions.set_gpu(search, form.cleaned_data["gpu"])
    return redirect("search-settings", search)


@require_POST
def search_limits(request: HttpRequest, at: SearchNumbers) -> HttpResponse:
    search = editable_or_404(request, _searches().not_imported(), at)
    form = LimitsForm(request.POST, search=search)
    if not form.is_valid():
        context = _settings_context(request, search) | {"limits_form": form}
        return render(request, "searches/settings.html", context, status=422)
    if form.changes and actions.change_limits(search, form.changes):
        search.refresh_from_db()
        still = "" if search.is_active else reached(search)
        messages.info(
            request, f"The search stays completed. {still}" if still else "Limits changed."
        )
    return redirect("search-settings", search)


def _searches() -> QuerySet[Search]:
    heavy = "oracle_state", "project__hypermodel__code"
    parts = ("team", "dataset", "hypermodel")
    return Search.objects.select_related(
        "created_by", *(f"project__{part}" for part in parts)
    ).defer(*heavy)


def _space_context(search: Search) -> dict[str, Any]:
    template = search.inspection.space if search.runs_here else search.space
    space = compared(search.space, template)
    return {"space": space, "changes": sum(parameter.changed for parameter in space)}


def _page_context(request: HttpRequest, search: Search) -> dict[str, Any]:
    can_edit = may_change(request, search.project)
    live = _news_context(search, workers_for(search.gpu), can_edit)
    code = log_code(search, request.build_absolute_uri("/")[:-1]) if search.is_log else ""
    return live | {
        "extend_form": ExtendForm(search=search), "origin": origin(search), "log_code": code,
    }  # fmt: skip


def _settings_context(request: HttpRequest, search: Search) -> dict[str, Any]:
    context = (
        head_context(request, search)
        | _space_context(search)
        | {
            "origin": origin(search),
            "family": family(search),
            "limits_form": LimitsForm(search=search),
            "gpu_choices": gpu_choices(),
            "limit_values": values_of(search),
            "objective_values": objective_values(search),
        }
    )
    if search.runs_here:
        context |= {
            "strategy_text": strategy_text(search),
            "pruning_text": pruning.pruning_text(search),
            "pruning_values": pruning.values_of(search),
            "sampler_values": text_of(search.sampler_arguments),
        }
    return context


def _news_context(search: Search, workers: int, can_edit: bool) -> dict[str, Any]:
    """What follows from a search's end is looked at when it has ended."""
    live = _live_context(search, workers, can_edit)
    if search.is_active:
        return live
    baseline, confirmed = live["summary"].baseline, live["confirmations"]
    step = next_step(search, live["actions"], edges(search), baseline, confirmed)
    # Viewers learn what the trials show, not what they may not do.
    return live | {"next_step": step if can_edit or (step and step.edges) else None}


def _better_before(search: Search, summary: Summary) -> Trial | None:
    """The best trial of its warm start, where none of its own is better."""
    before = warm_start_best(search)
    if before is None or before.score is None:
        return None
    own = summary.best.score if summary.best else None
    return before if is_better(before.score, own, search.direction) else None


def _live_context(search: Search, workers: int, can_edit: bool) -> dict[str, Any]:
    summary = summarise(search)
    running = running_rows(search)
    # Lines for the slots that the search may use as well, so that nothing jumps.
    taken = sum(row.slots for row in running)
    free = max(min(search.parallel_trials, 4, summary.planned) - taken, 0)
    return {
        "search": search,
        "project": search.project,
        "actions": actions_of(search),
        "warm_best": _better_before(search, summary),
        "summary": summary,
        "trials_text": trials_text(search, summary),
        "progress_note": progress_note(search, summary),
        "running": running,
        "limit_bars": bars(search),
        "clock": clock(search),
        "savings": savings(search) if summary.pruned else None,
        "free_lines": range(free if search.is_active and search.runs_here else 0),
        "top": [] if summary.front else top_trials(search),
        "front_rows": front_rows(search) if summary.front else [],
        "confirmations": confirmations_on(search),
        "failures": failed_trials(search),
        "snippets": snippet_forms(summary.best.values, search.kind) if summary.best else [],
        "workers": workers,
        "can_edit": can_edit,
    }
