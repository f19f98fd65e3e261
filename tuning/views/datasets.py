"""Datasets: the gallery, a new one, one of them, its picture, preparing it again, deleting it."""

from pathlib import Path
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
    require_safe,
)

from tuning.actions import datasets as actions
from tuning.actions.quotas import OverQuota
from tuning.analysis.columns import column_table
from tuning.analysis.dataset_changes import dataset_changes, summary_text
from tuning.analysis.quotas import file_refusal
from tuning.analysis.texts import texts_info
from tuning.forms.arrays import ArraysForm
from tuning.forms.columns import ColumnsForm
from tuning.forms.datasets import (
    OTHER_FILES,
    LimitedUploadHandler,
    UploadForm,
    unsupported_text,
)
from tuning.forms.partial_uploads import Purpose
from tuning.models import Dataset, HyperModel, PartialUpload, Project, Team, Worker
from tuning.protocol.statuses import Status
from tuning.protocol.uploads import all_endings
from tuning.storage.configured import direct_store

from .access import (
    create_a_team_first,
    editable_or_404,
    may_create,
    may_edit,
    team_for_new,
    visible_or_404,
)
from .sent_files import limited_handler, refused_early, sent_file, upload_context
from .uploads import allow_requests_to, takes_files


@require_GET
def dataset_list(request: HttpRequest) -> HttpResponse:
    datasets = Dataset.objects.offered_to(request.user).teams_first().select_related("team")
    teams = set(Team.objects.visible_to(request.user).values_list("pk", flat=True))
    context = {
        "own": [dataset for dataset in datasets if dataset.team_id in teams],
        "shared": [row for row in datasets if row.team_id and row.team_id not in teams],
        "built_in": [dataset for dataset in datasets if not dataset.team_id],
        "can_create": may_create(request),
    }
    return render(request, "datasets/list.html", context)


@takes_files
@csrf_exempt  # Checked in _dataset_create: the check reads the form, and with it the file.
@require_http_methods(["GET", "POST"])
def dataset_create(request: HttpRequest) -> HttpResponse:
    if not may_create(request):
        return create_a_team_first(request)
    if refused := refused_early(request):
        status, refusal = refused
        form = UploadForm(user=request.user, team=_team(request))
        return _form_page(request, form, status=status, refusal=refusal)
    return _dataset_create(request, limited_handler(request))


@csrf_protect
def _dataset_create(request: HttpRequest, handler: LimitedUploadHandler) -> HttpResponse:
    if request.method != "POST":
        initial = {"name": request.GET.get("name", "")}
        team = _team(request)
        form = UploadForm(user=request.user, team=team, initial=initial)
        # With several teams, one of them may have room.
        refusal = "" if "team" in form.fields else file_refusal(team)
        return _form_page(request, form, refusal=refusal)
    with sent_file(request, handler, direct=True) as sent:
        form = UploadForm(
            request.POST, sent.files, user=request.user, team=team_for_new(request),
            no_file=sent.no_file,
        )  # fmt: skip
        if form.is_valid():
            path = Path(form.cleaned_data["file"].temporary_file_path())
            source = sent.direct or path
            try:
                dataset = actions.create_upload(form.save(commit=False), source, form.upload())
                sent.done()
                return redirect("dataset-detail", dataset.pk)
            except OverQuota as error:
                form.refuse(str(error))
        return _form_page(request, form, status=sent.status, arrived=sent.kept(form))


@require_GET
def dataset_detail(request: HttpRequest, pk: int) -> HttpResponse:
    dataset = visible_or_404(request, Dataset.objects.select_related("team"), pk)
    form: ArraysForm | ColumnsForm | None = None
    if dataset.awaits_choices and _may_use(request, dataset):
        page = request.GET.get("page")
        arrays = dataset.is_arrays
        form = ArraysForm(dataset=dataset) if arrays else ColumnsForm(dataset=dataset, page=page)
    return detail_page(request, dataset, form)


def detail_page(
    request: HttpRequest,
    dataset: Dataset,
    form: ArraysForm | ColumnsForm | None,
    status: int = 200,
) -> HttpResponse:
    """The page of a dataset, with the form of its columns or arrays if a person has to choose."""
    hypermodels = HyperModel.objects.offered_to(request.user)
    context = {
        **_state(request, dataset),
        "hypermodels": [hypermodel for hypermodel in hypermodels if hypermodel.fits(dataset)],
        "projects": Project.objects.visible_to(request.user).filter(dataset=dataset),
        "left_out": "column,columns" if dataset.is_table else "file,files",
        "columns": column_table(dataset, request.GET.get("page")),
        **_versions(request, dataset),
        "texts": texts_info(dataset),
        "form": form,
    }
    return render(request, "datasets/detail.html", context, status=status)


def _versions(request: HttpRequest, dataset: Dataset) -> dict[str, Any]:
    """The versions of the dataset, and what differs from the one before it or the one that
    `?from=` names."""
    seen = Dataset.objects.visible_to(request.user)
    versions = list(seen.versions_of(dataset)) if dataset.is_upload else []
    if len(versions) < 2 or not dataset.is_ready:
        return {"versions": versions}
    ready = [row for row in versions if row.is_ready and row != dataset]
    earlier = [row for row in ready if row.version < dataset.version]
    asked = request.GET.get("from", "")
    before = next((row for row in ready if str(row.pk) == asked), earlier[0] if earlier else None)
    changes = dataset_changes(before, dataset) if before else None
    summary = summary_text(changes) if changes else ""
    return {"versions": versions, "before": before, "changes": changes, "summary": summary}


@require_GET
def dataset_live(request: HttpRequest, pk: int) -> HttpResponse:
    """The state of a dataset that is being prepared. Once that is over, the page loads again."""
    dataset = visible_or_404(request, Dataset.objects.all(), pk)
    context = _state(request, dataset)
    if not context["waiting"]:
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    return render(request, "datasets/_state.html", context)


@require_safe
def dataset_picture(request: HttpRequest, pk: int) -> HttpResponse:
    """A few of its images in one PNG."""
    dataset = visible_or_404(request, Dataset.objects.all(), pk)
    if not dataset.folder:
        raise Http404
    try:
        picture = dataset.stored.read("thumbnails.png")
    except FileNotFoundError:
        raise Http404 from None
    response = HttpResponse(picture, content_type="image/png")
    response["Cache-Control"] = "private, max-age=86400"
    return response


@require_POST
def dataset_retry(request: HttpRequest, pk: int) -> HttpResponse:
    dataset = visible_or_404(request, Dataset.objects.all(), pk)
    if dataset.is_upload:
        raise Http404
    if not _may_use(request, dataset):
        raise PermissionDenied("Only editors and owners of a team can prepare a dataset.")
    actions.want_dataset(dataset)
    return redirect("dataset-detail", dataset.pk)


@require_http_methods(["GET", "POST"])
def dataset_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """GET asks, POST does it."""
    dataset = editable_or_404(request, Dataset.objects.all(), pk)
    if request.method == "POST":
        try:
            actions.delete_dataset(dataset)
        except actions.InUse as error:
            messages.error(request, str(error))
            return redirect("dataset-detail", dataset.pk)
        messages.success(request, f"“{dataset}” deleted.")
        return redirect("dataset-list")
    return render(request, "datasets/delete.html", {"dataset": dataset})


def _team(request: HttpRequest) -> Team:
    """The one that a new dataset belongs to unless another is chosen; unsaved if there is none."""
    return Team.objects.editable_by(request.user).first() or Team()


def _form_page(
    request: HttpRequest, form: UploadForm, status: int = 200, refusal: str = "",
    arrived: PartialUpload | None = None,
) -> HttpResponse:  # fmt: skip
    """`arrived`: the upload that needs not be sent again."""
    endings = all_endings()
    unsupported = unsupported_text("{name}")
    context = {
        "form": form,
        "refusal": refusal,
        "arrived": arrived,
        **upload_context(
            request, Purpose.DATASET, endings,
            kinds=endings, unsupported=unsupported, advice=OTHER_FILES,
        ),
    }  # fmt: skip
    response = render(request, "datasets/create.html", context, status=status)
    if of := direct_store():
        allow_requests_to(response, of.origin)
    return response


def _state(request: HttpRequest, dataset: Dataset) -> dict[str, Any]:
    """What the page says about the preparation. `waiting`: it will change."""
    failed = dataset.status in (Status.FAILED, Status.STOPPED)
    waiting = dataset.requested and not dataset.is_ready and not failed
    return {
        "dataset": dataset,
        "failed": failed and not dataset.is_ready,
        "waiting": waiting,
        "can_edit": _may_use(request, dataset),
        "can_use": dataset.is_published and Team.objects.editable_by(request.user).exists(),
        "nobody_works": waiting and not Worker.objects.available().exists(),
    }


def _may_use(request: HttpRequest, dataset: Dataset) -> bool:
    """Built-in datasets belong to nobody, so anybody who may change something may have them
    prepared and make projects with them."""
    if dataset.team_id is not None:
        return may_edit(request, dataset.team_id)
    return Team.objects.editable_by(request.user).exists()
