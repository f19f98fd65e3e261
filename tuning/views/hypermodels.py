"""Model templates: the gallery, one with its code and versions, and a team's own ones."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tuning.actions import hypermodels as actions
from tuning.analysis.differences import differences, tally
from tuning.analysis.dry_runs import dry_run_context, latest_dry_run
from tuning.analysis.known_spaces import KnownSpace, known_spaces
from tuning.forms.constants import constants_text
from tuning.forms.hypermodels import DatasetForm, HyperModelEditForm, HyperModelForm
from tuning.models import Dataset, HyperModel, Inspection, Project, Team, Worker
from tuning.protocol.statuses import Status

from .access import (
    create_a_team_first,
    editable_or_404,
    may_create,
    may_edit,
    team_for_new,
    visible_or_404,
)


@require_GET
def hypermodel_list(request: HttpRequest) -> HttpResponse:
    hypermodels = HyperModel.objects.offered_to(request.user).select_related("team")
    teams = {None, *Team.objects.visible_to(request.user).values_list("pk", flat=True)}
    known = known_spaces(request.user, hypermodels)
    context = {
        "templates": [each for each in known if each.hypermodel.team_id in teams],
        "shared": [each for each in known if each.hypermodel.team_id not in teams],
        "can_create": may_create(request),
    }
    return render(request, "hypermodels/list.html", context)


@require_GET
def hypermodel_detail(request: HttpRequest, pk: int) -> HttpResponse:
    hypermodel = visible_or_404(request, _hypermodels(), pk)
    projects = Project.objects.visible_to(request.user).filter(hypermodel=hypermodel)
    seen = HyperModel.objects.visible_to(request.user)
    versions = seen.versions_of(hypermodel).select_related("created_by")
    context = {
        **_state(request, hypermodel),
        "projects": projects.select_related("dataset"),
        "versions": versions.defer("code"),
        "newest": versions[0],
        "constants": constants_text(hypermodel.constants),
        "datasets": _fitting(request, hypermodel),
    }
    if inspection := context["inspection"]:
        context |= dry_run_context(latest_dry_run(request.user, inspection))
        context["dry_run_refusal"] = inspection.kind.no_dry_run
    return render(request, "hypermodels/detail.html", context)


@require_GET
@never_cache
def hypermodel_live(request: HttpRequest, pk: int) -> HttpResponse:
    """The state of a template that is being read. Once it is known, the page loads again."""
    hypermodel = visible_or_404(request, _hypermodels(), pk)
    context = _state(request, hypermodel)
    if not context["waiting"]:
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    return render(request, "hypermodels/_state.html", context)


@require_http_methods(["GET", "POST"])
def hypermodel_create(request: HttpRequest) -> HttpResponse:
    if not may_create(request):
        return create_a_team_first(request)
    team = team_for_new(request)
    form = HyperModelForm(request.POST or None, request.FILES or None, user=request.user, team=team)
    if request.method == "POST" and form.is_valid():
        hypermodel = form.save(commit=False)
        hypermodel.code = form.cleaned_data["code"]
        hypermodel.constants = form.cleaned_data["constants"]
        actions.create_hypermodel(request.user, hypermodel)
        return _read_with(request, hypermodel, form.cleaned_data["dataset"])
    return _form_page(request, form)


@require_http_methods(["GET", "POST"])
def hypermodel_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Changed code becomes a new version; an old version's address leads to the newest one."""
    hypermodel = editable_or_404(request, _hypermodels(), pk)
    current = HyperModel.objects.versions_of(hypermodel).select_related("team")[0]
    form = HyperModelEditForm(
        request.POST or None, request.FILES or None, instance=current, user=request.user,
        team=current.team or Team(),
    )  # fmt: skip
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            changed = actions.change_hypermodel(
                request.user, current, given, based_on=given["based_on"]
            )
        except actions.NewerVersion as error:
            form.ask_about(error.version)
        else:
            same = changed.pk == current.pk
            messages.success(request, _saved_text(changed, same))
            return _read_with(request, changed, given["dataset"], unless_known=same)
    return _form_page(request, form, current)


@require_http_methods(["GET", "POST"])
def hypermodel_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """GET asks, POST does it. What projects use stays."""
    hypermodel = editable_or_404(request, _hypermodels(), pk)
    projects = actions.projects_using(hypermodel)
    if request.method == "POST":
        try:
            actions.delete_hypermodel(hypermodel)
        except actions.InUse as error:
            projects = error.projects
        else:
            messages.success(request, f"“{hypermodel}” deleted.")
            return redirect("hypermodel-list")
    versions = HyperModel.objects.versions_of(hypermodel).count()
    context = {"hypermodel": hypermodel, "projects": projects, "versions": versions}
    status = 409 if request.method == "POST" else 200
    return render(request, "hypermodels/delete.html", context, status=status)


@require_GET
def hypermodel_diff(request: HttpRequest, pk: int) -> HttpResponse:
    """From an older version (?from=2, else the one before) to this one."""
    hypermodel = visible_or_404(request, _hypermodels(), pk)
    versions = HyperModel.objects.visible_to(request.user).versions_of(hypermodel)
    given = request.GET.get("from", "")
    # A number of more digits is none of ours, and no database has to hear of it.
    number = int(given) if given.isdecimal() and len(given) < 9 else hypermodel.version - 1
    old = versions.filter(version=number).first()
    lines = differences(old.code, hypermodel.code) if old else []
    context = {
        "hypermodel": hypermodel,
        "old": old,
        "versions": versions.exclude(pk=hypermodel.pk).defer("code"),
        "lines": lines,
        "tally": tally(lines),
        "constants": differences(
            constants_text(old.constants), constants_text(hypermodel.constants)
        )
        if old
        else [],
    }
    return render(request, "hypermodels/diff.html", context)


@require_POST
def hypermodel_inspect(request: HttpRequest, pk: int) -> HttpResponse:
    """Read the template with the chosen dataset, or try once more."""
    hypermodel = editable_or_404(request, _hypermodels(), pk)
    form = DatasetForm(request.POST, user=request.user, hypermodel=hypermodel)
    if not form.is_valid():
        messages.error(request, "Select a compatible dataset.")
        return redirect("hypermodel-detail", hypermodel.pk)
    return _read_with(request, hypermodel, form.cleaned_data["dataset"])


def _read_with(
    request: HttpRequest, hypermodel: HyperModel, dataset: Dataset | None,
    unless_known: bool = False,
) -> HttpResponse:  # fmt: skip
    """Have it read with this dataset, or with one that fits, and go to its page."""
    asked = dataset is not None
    if dataset is None and not (unless_known and hypermodel.inspections.exists()):
        # One that is here already: nobody asked for a download.
        dataset = _fitting(request, hypermodel).exclude(folder="").first()
    if dataset:
        actions.inspect(hypermodel, dataset)
    response = redirect("hypermodel-detail", hypermodel.pk)
    if asked and dataset:
        response["Location"] += f"?dataset={dataset.pk}"
    return response


def _saved_text(hypermodel: HyperModel, same: bool) -> str:
    if same:
        return "The code did not change, so no new version was created."
    return f"Version {hypermodel.version} saved. Projects keep their version until you switch them."


def _form_page(
    request: HttpRequest, form: HyperModelForm, hypermodel: HyperModel | None = None
) -> HttpResponse:
    context = {"form": form, "hypermodel": hypermodel}
    return render(request, "hypermodels/form.html", context, status=422 if form.errors else 200)


def _fitting(request: HttpRequest, hypermodel: HyperModel) -> Any:
    """Datasets to read the template with."""
    return Dataset.objects.visible_to(request.user).usable().filter(kind__in=hypermodel.kinds)


def _hypermodels() -> Any:
    return HyperModel.objects.select_related("team", "created_by")


def _state(request: HttpRequest, hypermodel: HyperModel) -> dict[str, Any]:
    """What is known of the template, with the dataset in ?dataset= if it was read with that."""
    rows = Inspection.objects.visible_to(request.user).filter(hypermodel=hypermodel)
    rows = rows.select_related("dataset")
    given = request.GET.get("dataset", "")
    chosen = rows.filter(dataset=int(given)) if given.isdecimal() and len(given) < 9 else None
    inspection = (chosen and chosen.first()) or rows.active().filter(requested=True).first()
    [known] = known_spaces(request.user, [hypermodel])
    if inspection:
        known = KnownSpace(hypermodel, inspection)
    elif known.inspection:
        # With what galleries leave out.
        known = KnownSpace(hypermodel, rows.get(pk=known.inspection.pk))
    inspection = known.inspection
    dataset_failed = bool(
        inspection
        and not inspection.dataset.is_ready
        and inspection.dataset.status == Status.FAILED
    )
    waiting = bool(
        inspection and inspection.requested and inspection.is_active and not dataset_failed
    )
    return {
        "hypermodel": hypermodel,
        "known": known,
        "inspection": inspection,
        "read": rows.order_by("dataset"),
        "dataset_failed": dataset_failed,
        "waiting": waiting,
        "can_edit": hypermodel.team_id is not None and may_edit(request, hypermodel.team_id),
        "can_use": hypermodel.is_published and Team.objects.editable_by(request.user).exists(),
        "nobody_works": waiting and not Worker.objects.available().exists(),
    }
