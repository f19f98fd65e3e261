"""The gallery, for administrators of the site. To everybody else there are no such addresses."""

from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router, Status

from tuning.actions import gallery as actions
from tuning.models import Dataset, HyperModel
from tuning.views.gallery import KINDS

from . import rows
from .changes import check_administers
from .problems import Problem
from .schemas import DatasetOut, TemplateOut

router = Router(tags=["Gallery"])


@router.put("/gallery/datasets/{number:dataset}", response=DatasetOut)
def publish_dataset(request: HttpRequest, dataset: int) -> Any:
    """Share this version of a dataset with all teams."""
    return rows.dataset(request, _published(_row(request, "dataset", dataset)))


@router.delete("/gallery/datasets/{number:dataset}", response={204: None})
def unpublish_dataset(request: HttpRequest, dataset: int) -> Any:
    """Take all versions of a dataset out of the gallery. Projects that use one keep it."""
    actions.unpublish(_row(request, "dataset", dataset))
    return Status(204, None)


@router.put("/gallery/templates/{number:template}", response=TemplateOut)
def publish_template(request: HttpRequest, template: int) -> Any:
    """Share this version of a template with all teams. It runs in the same sandbox as their own
    templates."""
    return rows.template(request, _published(_row(request, "hypermodel", template)))


@router.delete("/gallery/templates/{number:template}", response={204: None})
def unpublish_template(request: HttpRequest, template: int) -> Any:
    """Take all versions of a template out of the gallery. Projects that use one keep it."""
    actions.unpublish(_row(request, "hypermodel", template))
    return Status(204, None)


def _row(request: HttpRequest, kind: str, pk: int) -> Any:
    check_administers(request)
    return get_object_or_404(KINDS[kind].all(), pk=pk)


def _published(row: Dataset | HyperModel) -> Any:
    if refusal := actions.publish(row):
        raise Problem(409, refusal)
    row.refresh_from_db(fields=["published_at"])
    return row
