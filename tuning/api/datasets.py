"""Datasets."""

from pathlib import Path
from typing import Any

from django.http import HttpRequest
from ninja import Router, Status

from tuning.actions import datasets as actions
from tuning.forms.datasets import UploadForm, too_large_text
from tuning.models import Dataset
from tuning.views.access import editable_or_404, team_for_new, visible_or_404

from . import rows
from .bodies import checked, multipart
from .changes import check_may_create, name_body, rename_row
from .paging import Cursor, Limit, Page, page_of
from .problems import Problem
from .schemas import DatasetOut

router = Router(tags=["Datasets"])

DatasetChange = name_body("DatasetChange", Dataset)


@router.get("/datasets", response=Page[DatasetOut])
def list_datasets(
    request: HttpRequest, name: str = "", limit: Limit = 100, cursor: Cursor = ""
) -> dict[str, Any]:
    """Built-in datasets and those of your teams, the newest first. `name` finds one by its name."""
    found = Dataset.objects.visible_to(request.user).select_related("team")
    found = found.filter(name=name) if name else found
    return page_of(request, found, lambda row: rows.dataset(request, row), limit, cursor)


@router.get("/datasets/{number:dataset}", response=DatasetOut)
def show_dataset(request: HttpRequest, dataset: int) -> dict[str, Any]:
    """A dataset with its profile."""
    row = visible_or_404(request, Dataset.objects.select_related("team"), dataset)
    return rows.dataset(request, row)


@router.post("/datasets", response={201: DatasetOut}, openapi_extra=multipart(UploadForm))
def create_dataset(request: HttpRequest) -> Any:
    """Upload a file as `multipart/form-data`. A worker reads it. With a `target`, a table is
    prepared with detected types; else its columns are reviewed on its page."""
    check_may_create(request)
    if getattr(request, "file_is_too_large", False):
        raise Problem(413, too_large_text())
    team = team_for_new(request)

    def make(data: Any, files: Any) -> UploadForm:
        return UploadForm(data, files, user=request.user, team=team)

    form = checked(make, request.POST.dict(), request.FILES)
    path = Path(form.cleaned_data["file"].temporary_file_path())
    made = actions.create_upload(form.save(commit=False), path, form.upload())
    return Status(201, rows.dataset(request, made))


@router.patch("/datasets/{number:dataset}", response=DatasetOut)
def change_dataset(request: HttpRequest, dataset: int, body: DatasetChange) -> Any:
    """Rename or describe a dataset of a team."""
    row = editable_or_404(request, Dataset.objects.select_related("team"), dataset)
    rename_row(row, body.given)
    return rows.dataset(request, row)


@router.delete("/datasets/{number:dataset}", response={204: None})
def delete_dataset(request: HttpRequest, dataset: int) -> Any:
    """Delete an uploaded dataset that no project uses, permanently."""
    row = editable_or_404(request, Dataset.objects.all(), dataset)
    try:
        actions.delete_dataset(row)
    except actions.InUse as error:
        raise Problem(409, str(error)) from error
    return Status(204, None)
