"""Models: retrained trials with their files."""

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Router

from tuning.models import SavedModel
from tuning.models.addresses import ModelNumbers
from tuning.views import saved_models as pages

from . import rows
from .paging import Cursor, Limit, Page, page_of
from .reading import project_of, saved_model_of, saved_models
from .schemas import SavedModelOut

router = Router(tags=["Models"])

_MODEL = "/projects/{int:project}/models/{int:model}"


@router.get("/projects/{int:project}/models", response=Page[SavedModelOut])
def list_models(
    request: HttpRequest, project: int, limit: Limit = 100, cursor: Cursor = ""
) -> dict[str, Any]:
    """The models of a project, the newest first."""
    found = saved_models().filter(project=project_of(request, project))
    return page_of(request, found, lambda row: rows.saved_model(request, row), limit, cursor)


@router.get(_MODEL, response=SavedModelOut)
def show_model(request: HttpRequest, project: int, model: int) -> dict[str, Any]:
    """A model with its test metrics and the addresses of its files."""
    return detail_of(request, saved_model_of(request, project, model))


@router.get(_MODEL + "/download")
def download_model(request: HttpRequest, project: int, model: int) -> HttpResponseBase:
    """The model's file."""
    return pages.saved_model_download(request, ModelNumbers(project, model))


@router.get(_MODEL + "/bundle")
def download_bundle(request: HttpRequest, project: int, model: int) -> HttpResponseBase:
    """A .zip archive of the model's file with its history, hyperparameters and description."""
    return pages.saved_model_bundle(request, ModelNumbers(project, model))


def detail_of(request: HttpRequest, row: SavedModel) -> dict[str, Any]:
    return rows.saved_model(request, row)
