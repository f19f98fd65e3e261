"""Comparisons: trials of any searches of a project side by side, and whole searches."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from tuning.analysis.comparison.best_over_time import best_over_time_info
from tuning.analysis.comparison.chosen import MAX_COMPARED, Chosen, choose
from tuning.analysis.comparison.columns import columns_of, reference_of
from tuning.analysis.comparison.curves import curves_info
from tuning.analysis.comparison.distribution import distribution_info
from tuning.analysis.comparison.layers import layer_rows
from tuning.analysis.comparison.searches import facts_of, search_groups
from tuning.analysis.comparison.spaces import spaces_info
from tuning.analysis.comparison.trials import trial_groups
from tuning.models import Project, Search, Trial

from .access import visible_or_404

# In the session: for each project, the trials that were compared last.
REMEMBERED = "compared_trials"


@require_GET
def trial_compare(request: HttpRequest, pk: int) -> HttpResponse:
    """`pk` is the project's. ?trial=12&trial=19 are compared; ?add=7 brings another one in."""
    project = visible_or_404(request, Project.objects.select_related("team"), pk)
    if "add" in request.GET or "number" in request.GET:
        return _add(request, project)
    chosen = _trials_of(request, project)
    if "trial" in request.GET:
        _remember(request, project, [trial.pk for trial in chosen.rows])
    context = {
        **_trial_context(project, chosen),
        "last": [] if chosen.rows else _remembered(request, project),
        "searches": project.searches.order_by("-number").only("number", "name"),
    }
    return render(request, "comparison/trials.html", context)


@require_GET
@never_cache
def trial_compare_live(request: HttpRequest, pk: int) -> HttpResponse:
    """The tables while some of the trials run; 204 without news."""
    project = visible_or_404(request, Project.objects.all(), pk)
    chosen = _trials_of(request, project)
    if request.GET.get("since") == _version(chosen):
        return HttpResponse(status=204)
    return render(request, "comparison/_trials.html", _trial_context(project, chosen))


@require_GET
@never_cache
def trial_compare_plots(request: HttpRequest, pk: int) -> JsonResponse:
    project = visible_or_404(request, Project.objects.all(), pk)
    return JsonResponse(curves_info(_trials_of(request, project).rows))


@require_GET
def search_compare(request: HttpRequest, pk: int) -> HttpResponse:
    """`pk` is the project's. Without ?search= the newest ones."""
    project = visible_or_404(request, Project.objects.select_related("team"), pk)
    context = {
        **_search_context(project, _searches_of(request, project)),
        "searches": project.searches.order_by("number").only("number", "name", "project"),
        "most": MAX_COMPARED,
    }
    return render(request, "comparison/searches.html", context)


@require_GET
@never_cache
def search_compare_live(request: HttpRequest, pk: int) -> HttpResponse:
    """The table while some of the searches run; 204 without news."""
    project = visible_or_404(request, Project.objects.all(), pk)
    chosen = _searches_of(request, project)
    if request.GET.get("since") == _revisions(chosen):
        return HttpResponse(status=204)
    return render(request, "comparison/_searches.html", _search_context(project, chosen))


@require_GET
@never_cache
def search_compare_plots(request: HttpRequest, pk: int) -> JsonResponse:
    project = visible_or_404(request, Project.objects.all(), pk)
    searches = _searches_of(request, project).rows
    return JsonResponse(
        {
            "best_over_time": best_over_time_info(searches),
            "distribution": distribution_info(searches),
            "spaces": spaces_info(searches),
        }
    )


def _trials(project: Project) -> QuerySet[Trial]:
    heavy = "log_tail", "failure_traceback", "search__oracle_state", "search__hypermodel__code"
    parts = "worker", "search__hypermodel"
    return Trial.objects.filter(search__project=project).select_related(*parts).defer(*heavy)


def _trials_of(request: HttpRequest, project: Project) -> Chosen:
    against = request.GET.get("against", "")
    options = {
        "differences": "1" if request.GET.get("differences") == "1" else "",
        "against": against if against in request.GET.getlist("trial") else "",
    }
    return choose("trial", _trials(project), request.GET.getlist("trial"), options)


def _searches_of(request: HttpRequest, project: Project) -> Chosen:
    searches = Search.objects.filter(project=project).select_related("hypermodel")
    keys = request.GET.getlist("search")
    if not keys:
        newest = searches.order_by("-number").values_list("pk", flat=True)[:MAX_COMPARED]
        keys = [str(key) for key in reversed(newest)]
    return choose("search", searches.defer("oracle_state", "hypermodel__code"), keys)


def _trial_context(project: Project, chosen: Chosen) -> dict[str, Any]:
    reference = reference_of(chosen)
    groups = trial_groups(chosen.rows, reference) if chosen.rows else []
    layers = layer_rows([trial.layers for trial in chosen.rows], reference) if chosen.rows else []
    same_layers = not any(cell.kind != "same" for row in layers for cell in row)
    if only := chosen.options["differences"] == "1":
        differing = (group.only_differences() for group in groups)
        groups = [group for group in differing if group.rows]
        layers = [row for row in layers if any(cell.kind != "same" for cell in row)]
    return {
        "project": project,
        "chosen": chosen,
        "columns": columns_of(chosen, reference),
        "groups": groups,
        "layers": layers,
        "same_layers": same_layers,
        "only": only,
        "other_rows": chosen.query(differences="" if only else "1"),
        "active": any(trial.is_active for trial in chosen.rows),
        "version": _version(chosen),
        "most": MAX_COMPARED,
    }


def _search_context(project: Project, chosen: Chosen) -> dict[str, Any]:
    return {
        "project": project,
        "chosen": chosen,
        "groups": search_groups(facts_of(chosen.rows)) if chosen.rows else [],
        "active": any(search.is_active for search in chosen.rows),
        "version": _revisions(chosen),
    }


def _revisions(chosen: Chosen) -> str:
    return "_".join(f"{search.pk}-{search.revision}" for search in chosen.rows)


def _version(chosen: Chosen) -> str:
    return "_".join(f"{t.pk}-{t.status}-{t.attempt}-{t.epochs_done}" for t in chosen.rows)


def _add(request: HttpRequest, project: Project) -> HttpResponse:
    """One more trial, to those of the address or to those that were compared last."""
    given = "trial" in request.GET
    keys = request.GET.getlist("trial") if given else _remembered(request, project)
    added = [*request.GET.getlist("add"), *_by_number(request, project)]
    chosen = choose("trial", _trials(project), [*map(str, keys), *added])
    for problem in chosen.problems:
        messages.error(request, problem)
    return redirect(f"{reverse('trial-compare', args=[project.pk])}?{chosen.query()}")


def _by_number(request: HttpRequest, project: Project) -> list[str]:
    """The trial that the page's form names: ?search= a search's key, ?number= of the trial."""
    search, number = request.GET.get("search", ""), request.GET.get("number", "")
    if not number:
        return []
    if all(text.isdecimal() and len(text) < 10 for text in (search, number)):
        trials = Trial.objects.filter(search__project=project, search=int(search))
        found = trials.filter(number=int(number)).values_list("pk", flat=True).first()
        if found:
            return [str(found)]
    messages.error(request, f"Trial {number[:20]} not found in this search.")
    return []


def _remembered(request: HttpRequest, project: Project) -> list[int]:
    return list(request.session.get(REMEMBERED, {}).get(str(project.pk), []))


def _remember(request: HttpRequest, project: Project, trials: list[int]) -> None:
    if trials != _remembered(request, project):
        known = request.session.get(REMEMBERED, {})
        request.session[REMEMBERED] = {**known, str(project.pk): trials}
