"""Models: retrained trials with their files."""

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Router, Status

from tuning.actions import saved_models as actions
from tuning.models import SavedModel, Stage
from tuning.models.addresses import ModelNumbers
from tuning.views import saved_models as pages

from . import rows
from .changes import name_body, rename_row
from .paging import Cursor, Limit, Page, page_of
from .problems import Problem
from .reading import project_of, saved_model_of, saved_models
from .schemas import EpochOut, SavedModelOut

router = Router(tags=["Models"])

ModelChange = name_body("ModelChange", SavedModel, stage=(Stage | None, None))
_MODEL = "/projects/{number:project}/models/{number:model}"


@router.get("/projects/{number:project}/models", response=Page[SavedModelOut])
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


@router.get(_MODEL + "/epochs", response=Page[EpochOut])
def list_model_epochs(
    request: HttpRequest, project: int, model: int, limit: Limit = 100, cursor: Cursor = ""
) -> dict[str, Any]:
    """The epochs of a model's training, as they are reported."""
    row = saved_model_of(request, project, model)
    found = row.history.filter(attempt=row.attempt)
    return page_of(request, found, rows.epoch, limit, cursor, oldest_first=True)


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


@router.patch(_MODEL, response=SavedModelOut)
def change_model(request: HttpRequest, project: int, model: int, body: ModelChange) -> Any:
    """Rename or describe a model, or change its stage: candidate, approved or archived."""
    row = saved_model_of(request, project, model, edit=True)
    given = body.given
    stage = given.pop("stage", None)
    if stage is not None and not row.file:
        raise Problem(409, "The model has no stage yet: its training has not been completed.")
    rename_row(row, given)
    if stage is not None:
        actions.set_stage(row, stage)
    return detail_of(request, saved_model_of(request, project, model))


@router.post(_MODEL + "/stop", response=SavedModelOut)
def stop_model(request: HttpRequest, project: int, model: int) -> Any:
    """Stop the training of a model."""
    actions.stop_retraining(saved_model_of(request, project, model, edit=True))
    return detail_of(request, saved_model_of(request, project, model))


@router.delete(_MODEL, response={204: None})
def delete_model(request: HttpRequest, project: int, model: int) -> Any:
    """Delete a model with its file, permanently."""
    actions.delete_saved_model(saved_model_of(request, project, model, edit=True))
    return Status(204, None)
