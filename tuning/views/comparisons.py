"""Comparisons: trials of any searches of a project side by side, and whole searches."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from tuning.analysis.comparison.best_over_time import best_over_time_info
from tuning.analysis.comparison.chosen import (
    MAX_COMPARED,
    Chosen,
    choose_searches,
    choose_trials,
    numbers_of,
)
from tuning.analysis.comparison.columns import columns_of, reference_of
from tuning.analysis.comparison.curves import curves_info
from tuning.analysis.comparison.distribution import distribution_info
from tuning.analysis.comparison.layers import layer_rows
from tuning.analysis.comparison.searches import facts_of, search_groups
from tuning.analysis.comparison.spaces import spaces_info
from tuning.analysis.comparison.trials import trial_groups
from tuning.models import Project, Search, Trial
from tuning.models.addresses import is_number

from .access import visible_or_404

# In the session: for each project, the trials that were compared last.
REMEMBERED = "compared_trials"


@require_GET
def trial_compare(request: HttpRequest, pk: int) -> HttpResponse:
    """`pk` is the project's. ?trial=2.12&trial=2.19 are compared; ?add=2.7 adds another one."""
    project = visible_or_404(request, Project.objects.select_related("team"), pk)
    if "add" in request.GET or "number" in request.GET:
        return _add(request, project)
    chosen = _trials_of(request, project)
    if chosen.is_old and not chosen.problems:
        return redirect(f"{request.path}?{chosen.query()}")
    rows = [trial.pk for trial in chosen.rows]
    context = {
        **_trial_context(project, chosen),
        "is_news": "trial" in request.GET and rows != _remembered(request, project),
        "last": None if chosen.rows else _last(request, project),
        "searches": project.searches.order_by("-number").only("number", "name"),
    }
    return render(request, "comparison/trials.html", context)


@require_POST
def trial_compare_remember(request: HttpRequest, pk: int) -> HttpResponse:
    """The trials whose comparison a person looks at, from whose page this is sent. For htmx."""
    project = visible_or_404(request, Project.objects.all(), pk)
    chosen = choose_trials(_trials(project), request.POST.getlist("trial"))
    known = request.session.get(REMEMBERED, {})
    keys = [trial.pk for trial in chosen.rows]
    request.session[REMEMBERED] = {**known, str(project.pk): keys}
    return HttpResponse()


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
    """`pk` is the project's. Without ?number= the newest ones. Earlier addresses had keys."""
    project = visible_or_404(request, Project.objects.select_related("team"), pk)
    if any(request.GET.getlist("search")):
        return redirect(
            f"{request.path}?{_numbers_of_keys(project, request.GET.getlist('search'))}"
        )
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
    chosen = choose_trials(_trials(project), request.GET.getlist("trial"))
    return replace(chosen, options=_options(request, project))


def _options(request: HttpRequest, project: Project) -> dict[str, str]:
    """The baseline of a comparison, and whether only differences are shown."""
    asked, against = request.GET.getlist("trial"), request.GET.get("against", "")
    reference = choose_trials(_trials(project), [against]).rows if against in asked else []
    return {
        "differences": "1" if request.GET.get("differences") == "1" else "",
        "against": numbers_of(reference[0]) if reference else "",
    }


def _searches_of(request: HttpRequest, project: Project) -> Chosen:
    searches = Search.objects.filter(project=project).select_related("hypermodel")
    numbers = request.GET.getlist("number")
    if not numbers:
        newest = searches.order_by("-number").values_list("number", flat=True)[:MAX_COMPARED]
        numbers = [str(number) for number in reversed(newest)]
    return choose_searches(searches.defer("oracle_state", "hypermodel__code"), numbers)


def _numbers_of_keys(project: Project, keys: list[str]) -> str:
    """The query of today's address. What is not there stays not there."""
    known = dict(project.searches.values_list("pk", "number"))
    numbers = [known.get(int(key), 0) if is_number(key) else 0 for key in keys]
    return urlencode([("number", number) for number in numbers])


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
    chosen = choose_trials(_trials(project), [*map(str, keys), *added])
    chosen = replace(chosen, options=_options(request, project))
    for problem in chosen.problems:
        messages.error(request, problem)
    return redirect(f"{reverse('trial-compare', args=[project.pk])}?{chosen.query()}")


def _by_number(request: HttpRequest, project: Project) -> list[str]:
    """The trial that the page's form names: ?search= its search, ?number= of the trial."""
    search, number = request.GET.get("search", ""), request.GET.get("number", "")
    if not number:
        return []
    if is_number(search) and is_number(number):
        trials = Trial.objects.filter(search__project=project, search__number=int(search))
        if trials.filter(number=int(number)).exists():
            return [f"{int(search)}.{int(number)}"]
    messages.error(request, f"Trial {number[:20]} not found in this search.")
    return []


def _remembered(request: HttpRequest, project: Project) -> list[int]:
    return list(request.session.get(REMEMBERED, {}).get(str(project.pk), []))


def _last(request: HttpRequest, project: Project) -> Chosen | None:
    """What was compared last, as far as it is still there."""
    keys = _remembered(request, project)
    chosen = choose_trials(_trials(project), [str(key) for key in keys]) if keys else None
    return chosen if chosen and chosen.rows else None
