"""Questions to models. Viewers may ask: nothing changes. Each person sees their own."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from ninja import Router, Status
from pydantic import Field

from tuning.actions import predictions as actions
from tuning.analysis.predictions.answers import outputs_of
from tuning.analysis.predictions.columns import InputColumn, input_columns
from tuning.forms.predictions import FileForm, RowForm, file_form_of, row_form_of
from tuning.models import Prediction, SavedModel
from tuning.protocol.predictions import RowSource
from tuning.views import predictions as pages
from tuning.views.access import visible_or_404

from . import rows
from .bodies import Body, check, form_data, multipart
from .pictures import PNG, png
from .problems import FieldError, Problem, form_errors, invalid
from .reading import saved_model_of
from .schemas import PredictionOut

router = Router(tags=["Predictions"])

_MODEL = "/projects/{number:project}/models/{number:model}"
# More rows are a file.
MAX_ROWS = 100


class PredictionIn(Body):
    """`rows`: values by the names of columns. What a row leaves out, or has as null, is missing."""

    rows: Annotated[list[dict[str, Any]], Field(max_length=MAX_ROWS)] = []


@router.post(_MODEL + "/predictions", response={202: PredictionOut})
def predict_rows(request: HttpRequest, project: int, model: int, body: PredictionIn) -> Any:
    """Ask a model about up to 100 rows of a table. A worker answers; ask for the prediction until
    it has. A new question replaces your earlier one about the same model if that is still
    waiting."""
    row = _with_file(request, project, model)
    if row_form_of(row, None) is None:
        raise Problem(409, "This model takes rows as a file.")
    if not body.rows:
        raise invalid([FieldError("rows", "Enter at least one row.")])
    asked = actions.ask(request.user, row, *_rows(row, body.rows))
    return Status(202, _detail(request, asked))


@router.post(
    _MODEL + "/predictions/file",
    response={202: PredictionOut},
    openapi_extra=multipart(FileForm),
)
def predict_file(request: HttpRequest, project: int, model: int) -> Any:
    """Ask a model about the rows of a file, sent as `multipart/form-data`: a table with the columns
    of the dataset, a picture, or a NumPy array. Rows of a table can be in the field `pasted` as
    text, too."""
    row = _with_file(request, project, model)
    form = file_form_of(row, request.POST, request.FILES)
    check(form)
    with form.cleaned_data["rows"] as file:
        path = Path(file.temporary_file_path())
        asked = actions.ask_file(request.user, row, form.source, path, file.name)
    return Status(202, _detail(request, asked))


@router.get("/predictions/{number:prediction}", response=PredictionOut)
def show_prediction(request: HttpRequest, prediction: int) -> dict[str, Any]:
    """A question of yours with its answer, once `status` is `completed`. Both are deleted an hour
    after the answer."""
    return _detail(request, _own(request, prediction))


@router.get("/predictions/{number:prediction}/rows.csv")
def download_prediction(request: HttpRequest, prediction: int) -> HttpResponseBase:
    """All rows with their predictions, as CSV."""
    return pages.prediction_rows(request, prediction)


@router.get("/predictions/{number:prediction}/picture.png", openapi_extra=PNG)
def show_prediction_picture(request: HttpRequest, prediction: int) -> HttpResponse:
    """The first of the images that were sent, as the model gets it."""
    return png(_own(request, prediction).answer.get("picture", ""))


@router.get("/predictions/{number:prediction}/reconstruction.png", openapi_extra=PNG)
def show_prediction_reconstruction(request: HttpRequest, prediction: int) -> HttpResponse:
    """The first of the images that were sent, as an autoencoder reproduces it."""
    return png(_reproduced(_own(request, prediction)).get("picture", ""))


def _own(request: HttpRequest, prediction: int) -> Prediction:
    found: Prediction = visible_or_404(request, Prediction.objects.with_model(), prediction)
    return found


def _reproduced(row: Prediction) -> dict[str, Any]:
    return row.answer.get("reproduced") or {}


def _with_file(request: HttpRequest, project: int, model: int) -> SavedModel:
    row = saved_model_of(request, project, model)
    if not row.file:
        raise Problem(409, f"The model has no file: its status is {row.status}.")
    return row


def _rows(saved_model: SavedModel, given: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """As the form of the page makes each of them. Raises Problem."""
    columns = input_columns(saved_model.project.dataset)
    found, errors = [], []
    for place, row in enumerate(given):
        try:
            found.append(_row(columns, row))
        except Problem as problem:
            errors += [FieldError(f"rows.{place}.{at}", text) for at, text in problem.errors]
    if errors:
        raise invalid(errors)
    return found


def _row(columns: list[InputColumn], given: Mapping[str, Any]) -> dict[str, Any]:
    """Raises Problem with the names of columns."""
    names = {f"column-{place}": column.name for place, column in enumerate(columns)}
    unknown = given.keys() - set(names.values())
    if unknown:
        raise invalid(
            [FieldError(name, f"The model has no column {name}.") for name in sorted(unknown)]
        )
    values = {field: given.get(name) for field, name in names.items()}
    try:
        form = RowForm(form_data(RowForm(columns=columns), values), columns=columns)
    except Problem as problem:
        raise invalid([FieldError(names[at], text) for at, text in problem.errors]) from problem
    if not form.is_valid():
        errors = form_errors(form.errors)
        raise invalid([FieldError(names[at], text) for at, text in errors])
    return form.row


def _detail(request: HttpRequest, row: Prediction) -> dict[str, Any]:
    saved_model = row.saved_model
    address = request.build_absolute_uri(f"/api/v1/predictions/{row.pk}")
    return {
        **rows.fields(row, "status", "created_at", "finished_at"),
        "id": row.pk,
        "project": saved_model.project_id,
        "model": saved_model.number,
        "source": RowSource(row.source).value,
        "failure": rows.failure(row),
        "rows": row.answer.get("rows"),
        "outputs": outputs_of(row),
        "reconstruction": _reconstruction(_reproduced(row), address),
        "picture": f"{address}/picture.png" if row.answer.get("picture") else None,
        "notes": row.answer.get("notes", []),
        "file": f"{address}/rows.csv" if row.file else None,
        "url": f"{rows.page_url(request, 'saved-model-predict', saved_model)}?asked={row.pk}",
    }


def _reconstruction(found: dict[str, Any], address: str) -> dict[str, Any] | None:
    if not found:
        return None
    columns = zip(found["names"], found["given"], found["cells"], strict=True)
    return {
        "columns": [
            {"name": name, "given": given, "reconstructed": cell} for name, given, cell in columns
        ],
        "picture": f"{address}/reconstruction.png" if found["picture"] else None,
    }
