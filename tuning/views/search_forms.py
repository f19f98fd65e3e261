"""The form of a new search: its settings, its space, and what it takes over from an earlier one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from tuning.actions import searches as actions
from tuning.analysis.dry_runs import dry_run_context, latest_dry_run
from tuning.analysis.plan import plan_info
from tuning.analysis.pruning import horizon_of
from tuning.analysis.quotas import storage_refusal
from tuning.analysis.refinement import Beginning, beginning, import_refusal
from tuning.analysis.warm_start import WarmStart, warm_start
from tuning.forms.estimator_searches import search_form
from tuning.forms.objectives import NAMES as ROWS
from tuning.forms.objectives import stored_rows
from tuning.forms.script_searches import reported_epochs
from tuning.forms.searches import SearchForm, settings_of
from tuning.forms.space import SpaceForm
from tuning.forms.warm_start import WarmStartForm
from tuning.models import Project, Search
from tuning.models.addresses import SearchNumbers, is_number
from tuning.protocol.scorers import SCORE
from tuning.protocol.script_settings import ENQUEUED
from tuning.protocol.statuses import Status
from tuning.spaces.changes import baseline_note
from tuning.spaces.combinations import combinations, grid_size
from tuning.spaces.shares import side_by_side

from .access import editable_or_404, visible_or_404


@dataclass(frozen=True)
class Forms:
    """The three that stand on the page together, and the search that they begin with."""

    search: SearchForm
    space: SpaceForm
    warm_start: WarmStartForm
    earlier: Search | None

    def is_valid(self) -> bool:
        return self.search.is_valid() and self.space.is_valid()


@require_http_methods(["GET", "POST"])
def search_create(request: HttpRequest, pk: int) -> HttpResponse:
    """`pk` is the project's. The address says what the form begins with: see `refinement`."""
    project = editable_or_404(request, _projects(), pk)
    if project.inspection.status != Status.COMPLETED:
        messages.info(request, "The search space is not available yet.")
        return redirect("project-detail", project.pk)
    if moved := _with_number(request, project):
        return moved
    earlier = _earlier(request, project)
    if earlier and (refusal := import_refusal(earlier, project.inspection.space)):
        messages.error(request, refusal)
        return redirect("search-detail", earlier)
    begun = beginning(earlier, request.GET, request.user) if earlier else None
    data = request.POST or None
    forms = new_forms(project, data, begun)
    reset = forms.space.reset
    valid, context = judged(project, forms)
    if valid and not reset:
        return redirect("search-detail", start(request.user, forms, context))
    context |= {
        **dry_run_context(latest_dry_run(request.user, project.inspection, project)),
        "dry_run_refusal": project.inspection.kind.no_dry_run,
        "project": project, "begun": begun, "url": request.get_full_path(),
        "horizon": horizon_of(project.inspection.kind),
    }  # fmt: skip
    if data is None:
        context["refusal"] = storage_refusal(project.team)
    refused = data is not None and not valid and not reset
    return render(request, "searches/create.html", context, status=422 if refused else 200)


def new_forms(project: Project, data: Any, begun: Beginning | None) -> Forms:
    """Of a search that begins with an earlier one, or with what the template proposes."""
    settings = {**settings_of(begun.earlier), "tuner": begun.tuner} if begun else None
    space = begun.space if begun else project.inspection.script_settings.space
    return Forms(
        search=search_form(project, data, initial=settings),
        space=SpaceForm(data, inspection=project.inspection, earlier=space),
        warm_start=WarmStartForm(data, initial={"warm_start": _proposes_warm_start(begun)}),
        earlier=begun.earlier if begun else None,
    )


def _proposes_warm_start(begun: Beginning | None) -> bool:
    """Not with trials from elsewhere, of which only a person knows whether its scores compare."""
    return begun is not None and begun.changed and begun.earlier.runs_here


def judged(project: Project, forms: Forms) -> tuple[bool, dict[str, Any]]:
    """Whether the search can start, with its plan: one that would run nothing cannot."""
    valid = forms.search.is_bound and forms.is_valid()
    context = _plan_context(project, forms)
    if valid and not forms.space.reset and not context["plan"].trials:
        forms.search.add_error(None, context["plan"].warning)
        return False, context
    if valid and not forms.space.reset:
        forms.search.check_quotas(context["plan"].trials)
    return valid and not forms.search.errors, context


def start(
    user: Any, forms: Forms, context: dict[str, Any], enqueued: Sequence[dict[str, Any]] = ()
) -> Search:
    """Start the search of forms that were found valid."""
    search = forms.search.search()
    search.space = forms.space.space
    search.refined_from = forms.earlier
    known = context["warm_start"].trials if forms.warm_start.is_requested else ()
    return actions.start_search(user, search, known, [*enqueued, *forms.search.enqueued])


@require_POST
def search_plan(request: HttpRequest, pk: int) -> HttpResponse:
    """What a search with the form's present settings would run, and what it would search. POST,
    because a large space fits into no address. `pk` is the project's."""
    project = editable_or_404(request, _projects(), pk)
    form = search_form(project, request.POST)
    form.is_valid()
    space_form = SpaceForm(request.POST, inspection=project.inspection)
    forms = Forms(form, space_form, WarmStartForm(request.POST), _earlier(request, project))
    context = {"project": project, **_plan_context(project, forms)}
    return render(request, "searches/_plan_live.html", context)


def sketch_of(project: Project, data: Any) -> Search:
    """An unsaved search with as much as makes sense of the form's data."""
    form = search_form(project, data)
    form.is_valid()
    space = SpaceForm(data, inspection=project.inspection)
    return _sketch(project, Forms(form, space, WarmStartForm(data), None))


def _projects() -> QuerySet[Project]:
    return Project.objects.select_related("team", "dataset", "hypermodel")


def _earlier(request: HttpRequest, project: Project) -> Search | None:
    """The search that a new one begins with: ?search= its number. The form sends it along."""
    requested = request.GET.get("search") or request.POST.get("search", "")
    if not is_number(requested):
        return None
    searches = Search.objects.select_related("project").defer("oracle_state")
    return visible_or_404(request, searches, SearchNumbers(project.pk, int(requested)))


def _with_number(request: HttpRequest, project: Project) -> HttpResponse | None:
    """Earlier addresses had the key of the search, as `from`."""
    key = request.GET.get("from", "")
    if request.method != "GET" or not is_number(key):
        return None
    search = visible_or_404(request, Search.objects.filter(project=project), int(key))
    query = request.GET.copy()
    del query["from"]
    query["search"] = str(search.number)
    return redirect(f"{request.path}?{query.urlencode(safe=':,')}", permanent=True)


def _plan_context(project: Project, forms: Forms) -> dict[str, Any]:
    space = [row.searched for row in forms.space.rows]
    sketch = _sketch(project, forms)
    context = {
        "form": forms.search,
        "space_form": forms.space,
        "combinations": combinations(space),
        "grid_size": grid_size(space),
        "earlier": forms.earlier,
        "warm_start": WarmStart(),
        "warm_start_requested": forms.warm_start.is_requested,
    }
    if forms.earlier:
        context["warm_start"] = warm_start(forms.earlier, sketch)
        context["both"] = side_by_side(forms.earlier.space, sketch.space)
        if forms.warm_start.is_requested:
            sketch.warm_start_count = len(context["warm_start"].trials)
    context["plan"] = plan_info(sketch)
    context["baseline_note"] = baseline_note(forms.space.space, project.inspection.space)
    return context


def _sketch(project: Project, forms: Forms) -> Search:
    """An unsaved search with as much of the form as makes sense."""
    form = forms.search
    given = {name: form[name].initial for name in form.fields}
    if form.is_bound:
        given = getattr(form, "cleaned_data", {})
    values = {
        name: value
        for name, value in given.items()
        # What a search tries first are trials, and no field of its own.
        if value not in (None, "") and name not in (*ROWS, ENQUEUED)
    }
    if not form.is_bound:
        values |= stored_rows(given)
    values["cross_validated"] = "folds" in values and project.inspection.kind.has_epochs
    if not project.inspection.kind.has_epochs:
        values |= {"objective": SCORE, "direction": Search.Direction.MAX, "epochs": 1}
    if project.inspection.kind.defines_by_run:
        values["epochs"] = reported_epochs(project)
    # Perhaps nobody knows it yet: the plan does not depend on it.
    objective = str(values.get("objective", ""))
    values.setdefault("direction", project.inspection.direction_of(objective))
    return Search(
        project=project, hypermodel=project.hypermodel, space=forms.space.space,
        model_kind=project.inspection.model_kind, **values,
    )  # fmt: skip
