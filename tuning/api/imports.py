"""Imports: searches of KerasTuner, Optuna and TensorBoard from a file."""

from pathlib import Path
from typing import Any

from django.http import HttpRequest
from ninja import Router, Status

from tuning.actions import imports as actions
from tuning.forms.imports import ImportForm, ObjectiveForm
from tuning.models import SearchImport
from tuning.views.access import editable_or_404, visible_or_404
from tuning.views.imports import choice_form, imports

from . import rows
from .bodies import body_of, checked, multipart
from .problems import Problem
from .reading import project_of
from .schemas import ImportOut
from .uploads import sent_files

router = Router(tags=["Imports"])

ChoiceIn = body_of(
    "ChoiceIn", ObjectiveForm.base_fields, studies=(list[int], []), direction=(str | None, None)
)


@router.post(
    "/projects/{number:project}/imports",
    response={201: ImportOut},
    openapi_extra=multipart(ImportForm),
)
def create_import(request: HttpRequest, project: int) -> Any:
    """Import a search from a file, sent as `multipart/form-data`: a .zip of a KerasTuner or
    TensorBoard folder, or a file of an Optuna study; or give the number of an `upload` in parts.
    A worker reads it."""
    of = project_of(request, project, edit=True)
    make = lambda data, files: ImportForm(data, files, project=of)  # noqa: E731
    given = request.POST.dict()
    with sent_files(request, given) as files:
        form = checked(make, given, files)
        file, value_name = form.cleaned_data["file"], form.cleaned_data["value_name"]
        path = Path(file.temporary_file_path())
        made = actions.create_import(request.user, of, path, file.name, value_name)
    return Status(201, _detail(request, made))


@router.get("/imports/{number:search_import}", response=ImportOut)
def show_import(request: HttpRequest, search_import: int) -> dict[str, Any]:
    """An import, with the number of its search once it is `completed`."""
    return _detail(request, visible_or_404(request, imports(), search_import))


@router.post("/imports/{number:search_import}/choose", response={202: ImportOut})
def choose_import(request: HttpRequest, search_import: int, body: ChoiceIn) -> Any:
    """Say what the file does not: which `studies` of several (their places, from 1), or the
    `objective` and its `direction`."""
    row = editable_or_404(request, imports(), search_import)
    if not row.awaits_choice:
        raise Problem(409, "The import does not await a choice.")
    form = checked(lambda data, _: choice_form(row, data), body.given)
    if row.studies:
        actions.choose_studies(row, form.cleaned_data["studies"])
    else:
        actions.choose_objective(row, **form.cleaned_data)
    return Status(202, _detail(request, visible_or_404(request, imports(), search_import)))


@router.delete("/imports/{number:search_import}", response={204: None})
def delete_import(request: HttpRequest, search_import: int) -> Any:
    """Delete an import that has become no search."""
    row = editable_or_404(request, imports(), search_import)
    if row.search_id:
        raise Problem(409, "The import has become a search. Delete the search instead.")
    actions.delete_import(row)
    return Status(204, None)


def _detail(request: HttpRequest, row: SearchImport) -> dict[str, Any]:
    return {
        **rows.fields(row, "name", "status", "awaits_choice", "metrics", "created_at"),
        "id": row.pk,
        "project": row.project_id,
        "studies": [study["name"] for study in row.studies],
        "search": row.search and row.search.number,
        "failure": rows.failure(row),
        "url": rows.page_url(request, "import-detail", row.pk),
    }
