"""Datasets."""

from pathlib import Path
from typing import Any

from django.forms import CharField
from django.http import HttpRequest, HttpResponse
from ninja import Router, Status

from tuning.actions import datasets as actions
from tuning.forms.arrays import ArraysForm
from tuning.forms.columns import COLUMNS_A_PAGE, ColumnsForm
from tuning.forms.datasets import UploadForm
from tuning.models import Dataset
from tuning.protocol.uploads import ARRAY_ROLES
from tuning.views import datasets as pages
from tuning.views.access import editable_or_404, team_for_new, visible_or_404

from . import rows
from .bodies import body_of, checked, multipart
from .changes import check_may_create, name_body, rename_row
from .paging import Cursor, Limit, Page, page_of
from .pictures import PNG
from .problems import FieldError, Problem, invalid
from .schemas import DatasetOut
from .uploads import sent_files

router = Router(tags=["Datasets"])

DatasetChange = name_body("DatasetChange", Dataset)
# Which of them apply depends on what the file has.
ChoicesIn = body_of(
    "ChoicesIn",
    {
        **ArraysForm.base_fields,
        **dict.fromkeys(ARRAY_ROLES, CharField()),
        **ColumnsForm.base_fields,
    },
    types=(dict[str, str] | None, None),
)


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


@router.get("/datasets/{number:dataset}/picture.png", openapi_extra=PNG)
def show_dataset_picture(request: HttpRequest, dataset: int) -> HttpResponse:
    """Some images of a dataset, as one PNG."""
    return pages.dataset_picture(request, dataset)


@router.post("/datasets", response={201: DatasetOut}, openapi_extra=multipart(UploadForm))
def create_dataset(request: HttpRequest) -> Any:
    """Upload a file as `multipart/form-data`, or give the number of an `upload` in parts that is
    complete. A worker reads it. With a `target`, a table is prepared with detected types; else its
    columns are reviewed first."""
    check_may_create(request)
    team = team_for_new(request)

    def make(data: Any, files: Any) -> UploadForm:
        return UploadForm(data, files, user=request.user, team=team)

    given = request.POST.dict()
    with sent_files(request, given) as files:
        form = checked(make, given, files)
        path = Path(form.cleaned_data["file"].temporary_file_path())
        made = actions.create_upload(form.save(commit=False), path, form.upload())
    return Status(201, rows.dataset(request, made))


@router.post("/datasets/{number:dataset}/prepare", response={202: DatasetOut})
def prepare_dataset(request: HttpRequest, dataset: int, body: ChoicesIn) -> Any:
    """Prepare a built-in dataset, again after a failure; or an upload that `awaits_choices`. What
    is left out is as it was detected. `types` are those of columns by their names: number,
    category, text, date, out, target, group, time or weight."""
    row = visible_or_404(request, Dataset.objects.select_related("team"), dataset)
    if not row.is_upload and row.team is None:
        check_may_create(request)
        actions.want_dataset(row)
        row.refresh_from_db()
        return Status(202, rows.dataset(request, row))
    row = editable_or_404(request, Dataset.objects.select_related("team"), dataset)
    if not row.awaits_choices:
        raise Problem(409, "The columns of this dataset were already selected.")
    if row.is_table:
        _choose_columns(row, body.given)
    else:
        form = checked(lambda data, _: ArraysForm(data, dataset=row), body.given)
        actions.prepare_chosen(row, form.choices())
    row.refresh_from_db()
    return Status(202, rows.dataset(request, row))


def _choose_columns(row: Dataset, given: dict[str, Any]) -> None:
    """By the form of its page, which has a page for each hundred columns: each is kept before the
    next one."""
    types: dict[str, str] = given.pop("types", None) or {}
    places = {column["name"]: n for n, column in enumerate(row.detected_schema["columns"], 1)}
    if unknown := types.keys() - places.keys():
        errors = [FieldError(f"types.{name}", f"No column “{name}”.") for name in sorted(unknown)]
        raise invalid(errors)
    pages: dict[int, dict[str, str]] = {1: {}}
    for name, kind in types.items():
        page = (places[name] - 1) // COLUMNS_A_PAGE + 1
        pages.setdefault(page, {})[f"type-{places[name]}"] = kind
    names = {f"type-{place}": f"types.{name}" for name, place in places.items()}
    for page, chosen in sorted(pages.items()):
        form = _columns_form(row, page, given | chosen, names)
        if page != max(pages):
            actions.keep_choices(row, form.choices())
    prepare = actions.look_again if form.changes_columns else actions.prepare_chosen
    prepare(row, form.choices())


def _columns_form(
    row: Dataset, page: int, given: dict[str, Any], names: dict[str, str]
) -> ColumnsForm:
    """Valid. Raises Problem with the names of columns."""
    try:
        found: ColumnsForm = checked(
            lambda data, _: ColumnsForm(data, dataset=row, page=page), given
        )
    except Problem as problem:
        errors = [FieldError(names.get(at, at), text) for at, text in problem.errors]
        raise invalid(errors) from problem
    return found


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
