"""Datasets."""

from typing import Any

from django.http import HttpRequest
from ninja import Router

from tuning.models import Dataset
from tuning.views.access import visible_or_404

from . import rows
from .paging import Cursor, Limit, Page, page_of
from .schemas import DatasetOut

router = Router(tags=["Datasets"])


@router.get("/datasets", response=Page[DatasetOut])
def list_datasets(
    request: HttpRequest, name: str = "", limit: Limit = 100, cursor: Cursor = ""
) -> dict[str, Any]:
    """Built-in datasets and those of your teams, the newest first. `name` finds one by its name."""
    found = Dataset.objects.visible_to(request.user).select_related("team")
    found = found.filter(name=name) if name else found
    return page_of(request, found, lambda row: rows.dataset(request, row), limit, cursor)


@router.get("/datasets/{int:dataset}", response=DatasetOut)
def show_dataset(request: HttpRequest, dataset: int) -> dict[str, Any]:
    """A dataset with its profile."""
    row = visible_or_404(request, Dataset.objects.select_related("team"), dataset)
    return rows.dataset(request, row)
