"""Trials: the same filters, order and columns as in the address of the trial table."""

from typing import Annotated, Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Query, Router, Status

from tuning.actions.saved_models import retrain
from tuning.actions.searches import (
    pin_weights,
    refusal_to_train_to_end,
    refusal_to_try,
    train_to_end,
    try_values,
)
from tuning.analysis.notes import Marks, marks_of
from tuning.analysis.trials.exports import FORMATS
from tuning.analysis.trials.selection import Selection
from tuning.figures import in_words
from tuning.forms.trials import RetrainForm
from tuning.forms.tried_values import TriedValuesForm
from tuning.models import Trial
from tuning.protocol.statuses import Status as WorkStatus
from tuning.views.trial_exports import trial_export

from . import rows
from .bodies import Body, body_of, checked, form_data
from .paging import Cursor, Limit, Page, page_of, trials_page
from .problems import FieldError, Problem, invalid
from .reading import search_of, trial_of, trials
from .schemas import EpochOut, SavedModelOut, TrialOut
from .serving import check_etag
from .spaces import tried_data, tried_errors

router = Router(tags=["Trials"])

_SEARCH = "/projects/{number:project}/searches/{number:search}"
_PLAIN = ("sort", "column", "limit", "cursor", "format")
_SORT = Query([], description="A column, such as score or hp:units; with “-” turned around.")
_COLUMN = Query([], description="A column of the table, such as hp:units or metric:val_loss.")
_FILTERS = (
    "Filters are those of the trial table's address: `status__is=completed`, "
    "`hp:units__gte=32`, `score__top=10%25`."
)


class TrialIn(Body):
    """`values` by the names of hyperparameters; what is left out has its default. `again`: also if
    a trial has these values already."""

    values: dict[str, Any] = {}
    again: bool = False


RetrainIn = body_of("RetrainIn", RetrainForm.base_fields)
Sorts = Annotated[list[str], _SORT]
Columns = Annotated[list[str], _COLUMN]


@router.get(_SEARCH + "/trials", response=Page[TrialOut], description=_FILTERS)
def list_trials(
    request: HttpRequest, project: int, search: int, sort: Sorts, column: Columns,
    limit: Limit = 100, cursor: Cursor = "",
) -> dict[str, Any]:  # fmt: skip
    row = search_of(request, project, search)
    check_etag(request, "trials", row.pk, row.revision, request.user.pk, request.get_full_path())
    selection = _selection(request, row)
    keys, following = trials_page(request, selection, limit, cursor)
    found = trials().filter(search=row).in_bulk(keys)
    marks = marks_of(request.user, keys)
    items = [
        rows.trial(request, row, found[key], marks[key], selection.chosen)
        for key in keys
        # One that was deleted between the two queries is gone.
        if key in found
    ]
    return {"items": items, "next": following}


@router.get(_SEARCH + "/trials/export", url_name="trial-export")
def export_trials(
    request: HttpRequest, project: int, search: int, format: str, sort: Sorts, column: Columns
) -> HttpResponseBase:
    """All selected trials as a file: csv, json, latex or parquet."""
    row = search_of(request, project, search)
    if format not in FORMATS:
        raise invalid([FieldError("format", f"Available formats: {in_words(list(FORMATS))}.")])
    return trial_export(request, _selection(request, row))


@router.get(_SEARCH + "/trials/{number:trial}", response=TrialOut)
def show_trial(request: HttpRequest, project: int, search: int, trial: int) -> dict[str, Any]:
    """A trial with its values, metrics and notes."""
    return detail_of(request, trial_of(request, project, search, trial))


@router.get(_SEARCH + "/trials/{number:trial}/epochs", response=Page[EpochOut])
def list_epochs(
    request: HttpRequest, project: int, search: int, trial: int, limit: Limit = 100,
    cursor: Cursor = "",
) -> dict[str, Any]:  # fmt: skip
    """The epochs of the trial's last attempt, as they are reported. Folds of a cross-validation are
    executions of one epoch."""
    row = trial_of(request, project, search, trial)
    found = row.epochs.filter(attempt=row.attempt)
    return page_of(request, found, rows.epoch, limit, cursor, oldest_first=True)


def detail_of(request: HttpRequest, trial: Trial) -> dict[str, Any]:
    marks = marks_of(request.user, [trial.pk]).get(trial.pk, Marks())
    return rows.trial(request, trial.search, trial, marks)


def _selection(request: HttpRequest, search: Any) -> Selection:
    """A page leaves a filter out that makes no sense and says so; a script would use trials that
    it did not ask for."""
    selection = Selection.read(search, request.GET, request.user)
    unknown = [key for key in request.GET if "__" not in key and key not in _PLAIN]
    errors = [
        FieldError(key[:80], "Unknown parameter. Filters have an operator: status__is=completed.")
        for key in unknown
    ]
    errors += [FieldError("", problem) for problem in selection.problems]
    if errors:
        raise invalid(errors)
    return selection


@router.post(_SEARCH + "/trials", response={201: TrialOut})
def create_trial(request: HttpRequest, project: int, search: int, body: TrialIn) -> Any:
    """Run a trial of these values next. A completed search goes on for it."""
    row = search_of(request, project, search, edit=True)
    if refusal := refusal_to_try(row):
        raise Problem(409, refusal)
    blank = TriedValuesForm(search=row, start={})
    given = tried_data(blank, body.values) | {"again": body.again}
    form = TriedValuesForm(form_data(blank, given), search=row, start={})
    if not form.is_valid():
        raise invalid(tried_errors(form))
    made = try_values(row, form.cleaned_data["values"], form.cleaned_data["seen"])
    if made is None:
        raise Problem(409, "The search has ended meanwhile.")
    return Status(201, detail_of(request, trial_of(request, project, search, made.number)))


@router.post(_SEARCH + "/trials/{number:trial}/retrain", response={201: SavedModelOut})
def retrain_trial(
    request: HttpRequest,
    project: int,
    search: int,
    trial: int,
    body: RetrainIn,
) -> Any:
    """Train a fresh model with the trial's values on training and validation rows. While one waits
    or runs with the same epochs, the answer is that one."""
    row = trial_of(request, project, search, trial, edit=True)
    if not row.search.runs_here:
        raise Problem(409, row.search.no_code_text)
    if row.status != WorkStatus.COMPLETED:
        status = row.get_status_display().lower()
        raise Problem(409, f"Only completed trials can be retrained; this one is {status}.")
    form = checked(lambda data, _: RetrainForm(data, trial=row), body.given)
    given = form.cleaned_data
    made = retrain(request.user, row, given.get("epochs"), given["name"])
    return Status(201, rows.saved_model(request, made))


@router.post(_SEARCH + "/trials/{number:trial}/train-to-end", response={202: TrialOut})
def train_trial_to_end(request: HttpRequest, project: int, search: int, trial: int) -> Any:
    """Train a pruned trial again, without pruning it. A completed search goes on for it."""
    row = trial_of(request, project, search, trial, edit=True)
    if not row.search.runs_here:
        raise Problem(409, row.search.no_code_text)
    if not train_to_end(row):
        row = trial_of(request, project, search, trial)
        # Asked for twice, it waits or runs already.
        if not (row.is_active and row.trains_to_end):
            raise Problem(409, refusal_to_train_to_end(row))
    return Status(202, detail_of(request, trial_of(request, project, search, trial)))


@router.put(_SEARCH + "/trials/{number:trial}/pin", response={204: None})
def pin_trial(request: HttpRequest, project: int, search: int, trial: int) -> Any:
    """Keep the weights of a pruned trial, also after its search has ended."""
    if not pin_weights(trial_of(request, project, search, trial, edit=True), True):
        raise Problem(409, f"The weights of trial {trial} are not stored.")
    return Status(204, None)


@router.delete(_SEARCH + "/trials/{number:trial}/pin", response={204: None})
def unpin_trial(request: HttpRequest, project: int, search: int, trial: int) -> Any:
    """Let the weights of a trial be removed once nothing needs them."""
    pin_weights(trial_of(request, project, search, trial, edit=True), False)
    return Status(204, None)
