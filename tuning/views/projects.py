"""Projects: one with its searches and saved models, its tabs, deleting it."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tuning.actions import projects as actions
from tuning.actions.quotas import OverQuota
from tuning.analysis.best_scores import best_trial
from tuning.analysis.disk_use import project_disk_use
from tuning.analysis.evaluation.comparison import unevaluated
from tuning.analysis.model_table import NEWEST, model_table
from tuning.analysis.moving import newer_data, newer_template, parts_of
from tuning.analysis.overview import project_rows, saved_model_table, search_rows
from tuning.analysis.profiles import split_sizes, split_text
from tuning.analysis.splitting import split_notes
from tuning.forms.projects import MoveForm
from tuning.models import Project, Worker
from tuning.models.addresses import is_number
from tuning.protocol.statuses import Status
from tuning.spaces.combinations import combinations
from tuning.spaces.hyperparameters import read_space

from .access import (
    editable_or_404,
    may_change,
    owned_or_404,
    restorable_or_404,
    visible_or_404,
)


@require_GET
def project_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Its searches and its models."""
    project = visible_or_404(request, _with_parts(), pk)
    (row,) = project_rows([project])
    context = _state(request, project) | {
        "best": row.best,
        "sparkline": row.sparkline,
        "searches": search_rows(project),
        "imports": project.imports.exclude(status=Status.COMPLETED),
        "saved_models": saved_model_table(project),
    }
    return render(request, "projects/detail.html", context)


@require_GET
def project_data(request: HttpRequest, pk: int) -> HttpResponse:
    """Its dataset with the split, its template with the search space."""
    project = visible_or_404(request, _with_parts(), pk)
    space = read_space(project.inspection.space)
    context = _state(request, project) | {
        "sizes": split_sizes(project),
        "split": split_text(project),
        "split_notes": split_notes(project),
        "space": space,
        "combinations": combinations(space),
    }
    return render(request, "projects/data.html", context)


@require_GET
def project_models(request: HttpRequest, pk: int) -> HttpResponse:
    """All of its models in one table, to be sorted and compared."""
    project = visible_or_404(request, _with_parts(), pk)
    context = _state(request, project) | {
        "table": model_table(project, request.GET.get("sort", NEWEST)),
        "best": best_trial(project),
    }
    return render(request, "projects/models.html", context)


@require_GET
def project_models_compare(request: HttpRequest, pk: int) -> HttpResponse:
    """From the selected models (`model`) to their comparison."""
    project = visible_or_404(request, Project.objects.all(), pk)
    numbers = [int(number) for number in request.GET.getlist("model") if is_number(number)]
    chosen = list(project.saved_models.filter(number__in=numbers).order_by("-number"))
    left_out = unevaluated(chosen)
    first, *others = [model for model in chosen if model not in left_out] or [None]
    if left_out:
        titles = ", ".join(model.title for model in left_out)
        messages.error(request, f"Not evaluated yet: {titles}. Evaluate a model on its page.")
    if first is None or not others:
        messages.error(request, "Select two or more evaluated models to compare.")
        return redirect("project-models", project.pk)
    query = urlencode({"with": [model.number for model in others]}, doseq=True)
    return redirect(f"{reverse('saved-model-compare', args=[first])}?{query}")


@require_http_methods(["GET", "POST"])
def project_settings(request: HttpRequest, pk: int) -> HttpResponse:
    """POST archives or restores it; deleting asks on a page of its own."""
    project = restorable_or_404(request, _with_parts(), pk)
    if request.method == "POST":
        if request.POST.get("archive") != "1":
            actions.restore_project(project)
            messages.success(request, "Project restored.")
        elif refusal := actions.archive_project(project):
            messages.error(request, refusal)
        else:
            messages.success(request, "Project archived.")
        return redirect("project-settings", project.pk)
    ready = project.inspection.status == Status.COMPLETED
    use = project_disk_use(project)
    context = {
        "project": project,
        "can_edit": may_change(request, project),
        "ready": ready,
        "disk_use": use,
    }
    return render(request, "projects/settings.html", context)


@require_GET
def project_live(request: HttpRequest, pk: int) -> HttpResponse:
    """The state of a project that is being read. Once it is known, the page loads again."""
    project = visible_or_404(request, _with_parts(), pk)
    context = _state(request, project)
    if not context["waiting"]:
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    return render(request, "projects/_state.html", context)


@require_POST
def project_inspect(request: HttpRequest, pk: int) -> HttpResponse:
    project = editable_or_404(request, Project.objects.select_related("dataset"), pk)
    actions.inspect_again(project)
    return redirect("project-detail", project.pk)


@require_POST
def project_upgrade(request: HttpRequest, pk: int) -> HttpResponse:
    """Use the newest version of the template from now on."""
    project = editable_or_404(request, _with_parts(), pk)
    if actions.use_newest_version(project):
        messages.success(
            request,
            (
                f"New searches use version {project.hypermodel.version}. Existing searches keep "
                "their version."
            ),
        )
    return redirect("project-detail", project.pk)


@require_POST
def project_use_newest_data(request: HttpRequest, pk: int) -> HttpResponse:
    """Use the newest version of the dataset from now on, while there are no searches."""
    project = editable_or_404(request, _with_parts(), pk)
    if refusal := actions.use_newest_data(project):
        messages.error(request, refusal)
    else:
        messages.success(request, "The project uses the newest version of the dataset.")
    return redirect("project-detail", project.pk)


@require_http_methods(["GET", "POST"])
def project_move(request: HttpRequest, pk: int) -> HttpResponse:
    """GET asks where to and says what comes along, POST does it. For owners of its team."""
    project = owned_or_404(request, _with_parts(), pk)
    form = MoveForm(request.POST or None, user=request.user, project=project)
    if request.method == "POST" and form.is_valid():
        team = form.cleaned_data["team"]
        try:
            note = actions.move_project(project, team)
        except actions.AlreadyMoved as error:
            messages.error(request, str(error))
            return redirect("project-list")
        except OverQuota as error:
            form.add_error("team", str(error))
        else:
            messages.success(request, f"The project belongs to {team} now. {note}")
            return redirect("project-detail", project.pk)
    context = {"project": project, "form": form, "parts": parts_of(project)}
    status = 422 if form.errors else 200
    return render(request, "projects/move.html", context, status=status)


@require_http_methods(["GET", "POST"])
def project_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """GET asks, POST does it."""
    project = restorable_or_404(request, Project.objects.for_list(), pk)
    if request.method == "POST":
        actions.delete_project(project)
        messages.success(request, f"“{project}” deleted.")
        return redirect("project-list")
    trials = sum(row.trial_count for row in project.searches.for_list())
    context = {"project": project, "trials": trials, "saved_models": project.saved_models.count()}
    return render(request, "projects/delete.html", context)


def _with_parts() -> Any:
    return Project.objects.select_related("team", "dataset", "hypermodel")


def _state(request: HttpRequest, project: Project) -> dict[str, Any]:
    """What the page says about the project's dataset and template. `waiting`: it will change."""
    inspection, dataset = project.inspection, project.dataset
    ready = inspection.status == Status.COMPLETED
    dataset_failed = not dataset.is_ready and dataset.status == Status.FAILED
    waiting = inspection.is_active and not dataset_failed
    later_data = newer_data(project) if dataset.is_upload else None
    return {
        "project": project,
        "dataset": dataset,
        "inspection": inspection,
        "ready": ready,
        "dataset_failed": dataset_failed,
        "newest": newer_template(project) if project.hypermodel.superseded else None,
        "newer_data": later_data,
        "has_searches": later_data is not None and project.searches.exists(),
        "waiting": waiting,
        "can_edit": may_change(request, project),
        "nobody_works": waiting and not Worker.objects.available().exists(),
    }
