"""Dry runs: from the form of a new search, which shows them beside its plan, and from a template's
page."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from tuning.actions.dry_runs import dry_run_of_space, start_dry_run
from tuning.analysis.dry_runs import dry_run_context
from tuning.analysis.forecast import lanes
from tuning.analysis.plan import plan_info
from tuning.models import DryRun, HyperModel, Inspection, Project, Search

from .access import editable_or_404, visible_or_404
from .search_forms import sketch_of

VALIDATE_FIRST = "Validate the template with a dataset first."


@require_POST
def dry_run_create(request: HttpRequest, pk: int) -> HttpResponse:
    """Of the form's space and batch size. `pk` is the project's."""
    projects = Project.objects.select_related("team", "dataset", "hypermodel")
    project = editable_or_404(request, projects, pk)
    if project.inspection.kind.no_dry_run:
        raise Http404
    row = dry_run_of(project, sketch_of(project, request.POST))
    return _panel(request, start_dry_run(request.user, row))


@require_POST
def hypermodel_dry_run(request: HttpRequest, pk: int) -> HttpResponse:
    """Of the whole space, on the dataset that the template's page shows. `pk` is the template's."""
    hypermodel = editable_or_404(request, HyperModel.objects.select_related("team"), pk)
    known = Inspection.objects.visible_to(request.user).usable()
    requested = request.POST.get("inspection", "")
    key = int(requested) if requested.isdecimal() and len(requested) < 10 else 0
    inspection = known.filter(pk=key, hypermodel=hypermodel).first()
    page = reverse("hypermodel-detail", args=[hypermodel.pk])
    if inspection is None:
        messages.error(request, VALIDATE_FIRST)
        return redirect(page)
    if not inspection.kind.no_dry_run:
        dry_run_of_space(request.user, inspection)
    return redirect(f"{page}?dataset={inspection.dataset_id}#dry-run")


@require_GET
@never_cache
def dry_run_live(request: HttpRequest, pk: int) -> HttpResponse:
    rows = DryRun.objects.select_related("inspection").defer("space", "inspection__summary")
    return _panel(request, visible_or_404(request, rows, pk))


def dry_run_of(project: Project, sketch: Search) -> DryRun:
    """The unsaved one of a search that is not saved either, with what its plan says."""
    plan = plan_info(sketch)
    planned = {
        "trials": plan.trials, "epochs": plan.epochs or plan.fits, "lanes": lanes(sketch),
    }  # fmt: skip
    return DryRun(
        inspection=project.inspection, project=project, space=sketch.space,
        batch_size=sketch.batch_size, folds=sketch.folds if sketch.has_folds else 0,
        planned=planned, gpu=sketch.gpu,
    )  # fmt: skip


def _panel(request: HttpRequest, row: DryRun) -> HttpResponse:
    return render(request, "searches/_dry_run.html", dry_run_context(row))
