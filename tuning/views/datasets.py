"""Datasets: the gallery, one of them, its picture, preparing it again."""

from pathlib import Path

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST, require_safe

from tuning.actions.datasets import want_dataset
from tuning.models import Dataset, HyperModel, Project, Team

from .access import visible_or_404


@require_GET
def dataset_list(request: HttpRequest) -> HttpResponse:
    context = {"datasets": Dataset.objects.visible_to(request.user)}
    return render(request, "datasets/list.html", context)


@require_GET
def dataset_detail(request: HttpRequest, pk: int) -> HttpResponse:
    dataset = visible_or_404(request, Dataset.objects.all(), pk)
    hypermodels = HyperModel.objects.visible_to(request.user).current()
    context = {
        "dataset": dataset,
        "hypermodels": [hypermodel for hypermodel in hypermodels if hypermodel.fits(dataset)],
        "projects": Project.objects.visible_to(request.user).filter(dataset=dataset),
        "can_edit": _may_prepare(request),
    }
    return render(request, "datasets/detail.html", context)


@require_safe
def dataset_picture(request: HttpRequest, pk: int) -> HttpResponse | FileResponse:
    """A few of its images in one PNG."""
    dataset = visible_or_404(request, Dataset.objects.all(), pk)
    path = Path(settings.DATASETS_ROOT) / dataset.folder / "thumbnails.png"
    if not dataset.folder or not path.is_file():
        raise Http404
    response = FileResponse(path.open("rb"), content_type="image/png")
    response["Cache-Control"] = "private, max-age=86400"
    return response


@require_POST
def dataset_retry(request: HttpRequest, pk: int) -> HttpResponse:
    dataset = visible_or_404(request, Dataset.objects.all(), pk)
    if not _may_prepare(request):
        raise Http404
    want_dataset(dataset)
    return redirect("dataset-detail", dataset.pk)


def _may_prepare(request: HttpRequest) -> bool:
    """Built-in datasets belong to nobody, so anybody who may change something may have them
    prepared."""
    return Team.objects.editable_by(request.user).exists()
