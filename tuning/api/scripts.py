"""Trials that scripts elsewhere train: their beginning, their epochs, their end.

A script holds a trial by the number of its attempt, with a lease that each report renews
(`tuning.recording.scripts`). Reports may be sent again, whether or not the first one arrived.
"""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import Field

from tuning.actions import scripts as actions
from tuning.forms.scripts import LogForm
from tuning.models import Search, Trial
from tuning.models.trials import SCRIPT_LEASE_SECONDS
from tuning.protocol.events import LARGEST, MAX_METRICS, MAX_NAME, MAX_TEXT, EpochEnd, Metrics
from tuning.protocol.names import is_one_line
from tuning.recording import scripts as recording
from tuning.recording.recorder import LeaseLost
from tuning.spaces.checked import MAX_HYPERPARAMETERS, MAX_NAME_LENGTH, is_scalar

from .bodies import Body, body_of, checked
from .problems import FieldError, Problem, invalid
from .reading import project_of, search_of, trial_of
from .schemas import SearchDetail, TrialOut
from .searches import detail_of as search_detail_of
from .trials import detail_of as trial_detail_of

router = Router(tags=["Scripts"])

_SEARCH = "/projects/{number:project}/searches/{number:search}"
_TRIAL = _SEARCH + "/trials/{number:trial}"
MAX_EPOCHS = 1_000
_NOT_RUNNING = "The trial was deleted."

LogIn = body_of("LogIn", LogForm().fields)


class RunIn(Body):
    """`values` by the names of hyperparameters. `script` is what the trial's page calls the
    script, such as the name of its machine; `epochs`: how many it will train, if it knows;
    `seconds`: how long it has trained already."""

    values: dict[str, Any] = {}
    script: Annotated[str, Field(min_length=1, max_length=200)] = "Script"
    epochs: Annotated[int, Field(ge=1, le=2**30)] | None = None
    seconds: Annotated[float, Field(ge=0, le=2**28)] = 0.0


class EpochIn(Body):
    """`metrics` by their names; null for what was NaN or infinite. `seconds`: how long the epoch
    has taken so far."""

    execution: Annotated[int, Field(ge=0, lt=2**15)] = 0
    epoch: Annotated[int, Field(ge=1, le=2**30)]
    seconds: Annotated[float, Field(ge=0, le=2**32)] = 0.0
    metrics: Annotated[dict[str, float | None], Field(max_length=MAX_METRICS)]


class ReportIn(Body):
    """`attempt` is the one that the script was given."""

    # Asked for once the trial is known to be visible: strangers find nothing.
    attempt: Annotated[int, Field(ge=0, le=2**30)] = 0
    epochs: Annotated[list[EpochIn], Field(max_length=MAX_EPOCHS)] = []


class FinishIn(ReportIn):
    """`score`: null if it was NaN; without one, it is the best value of the objective that was
    logged. `metrics` are added to those of the best epoch. `message` and `traceback` say why a
    trial failed."""

    status: Literal["completed", "pruned", "failed"] = "completed"
    score: float | None = None
    metrics: Annotated[dict[str, float | None], Field(max_length=MAX_METRICS)] = {}
    message: Annotated[str, Field(max_length=MAX_TEXT)] = ""
    traceback: Annotated[str, Field(max_length=MAX_TEXT)] = ""


class RunOut(Schema):
    """A trial that a script has. It is taken for lost `lease_seconds` after the last report."""

    trial: TrialOut
    attempt: int
    lease_seconds: int


class ReportOut(Schema):
    """`should_stop`: the script ends the trial now, because of `reason`."""

    should_stop: bool
    reason: str


@router.post("/projects/{number:project}/logs", response={200: SearchDetail, 201: SearchDetail})
def open_log(request: HttpRequest, project: int, body: LogIn) -> Any:
    """The search with this name that scripts log trials to. If there is none, it is created."""
    of = project_of(request, project, edit=True)
    form = checked(lambda data, _: LogForm(data, instance=Search(project=of)), body.given)
    found, is_new = actions.open_log(request.user, form.save(commit=False))
    return Status(201 if is_new else 200, search_detail_of(request, found))


@router.post(_SEARCH + "/runs", response={201: RunOut})
def begin_run(request: HttpRequest, project: int, search: int, body: RunIn) -> Any:
    """Begin a trial of values that the script chose and trains from now on."""
    row = search_of(request, project, search, edit=True)
    if refusal := actions.refusal_to_log(row):
        raise Problem(409, refusal)
    _check_values(body.values)
    script = _one_line(body.script)
    made = actions.begin_run(row, body.values, script, body.epochs, body.seconds)
    if made is None:
        raise Problem(409, "The search has ended meanwhile.")
    return Status(201, run_of(request, project, search, made))


@router.post(_TRIAL + "/log", response=ReportOut)
def log_epochs(request: HttpRequest, project: int, search: int, trial: int, body: ReportIn) -> Any:
    """Report epochs of a trial that a script trains, and renew its lease; without epochs, that
    alone. Metrics of an epoch may come one after the other and more than once: of two values of one
    metric the first is kept."""
    row = trial_of(request, project, search, trial, edit=True)
    reason = _reported(lambda: recording.log(row, body.attempt, _epochs(body)))
    return {"should_stop": bool(reason), "reason": reason}


@router.post(_TRIAL + "/finish", response=TrialOut)
def finish_trial(
    request: HttpRequest, project: int, search: int, trial: int, body: FinishIn
) -> Any:
    """End a trial that a script trains, with its last epochs."""
    row = trial_of(request, project, search, trial, edit=True)
    epochs = _epochs(body)
    if body.status == "failed":
        _reported(lambda: recording.fail(row, body.attempt, epochs, body.message, body.traceback))
    elif body.status == "pruned":
        _reported(lambda: recording.prune(row, body.attempt, epochs))
    else:
        metrics = _metrics("metrics", body.metrics)
        if "score" in body.model_fields_set:
            metrics |= _metrics("score", {row.search.objective: body.score})
        _reported(lambda: recording.complete(row, body.attempt, epochs, metrics))
    return trial_detail_of(request, trial_of(request, project, search, trial))


def run_of(request: HttpRequest, project: int, search: int, trial: Trial) -> dict[str, Any]:
    row = trial_of(request, project, search, trial.number)
    return {
        "trial": trial_detail_of(request, row),
        "attempt": row.attempt,
        "lease_seconds": SCRIPT_LEASE_SECONDS,
    }


def _reported(report: Callable[[], Any]) -> Any:
    """What the report gives. Raises Problem."""
    try:
        return report()
    except recording.Refused as refused:
        raise Problem(409, str(refused)) from refused
    except LeaseLost as lost:
        raise Problem(409, _NOT_RUNNING) from lost
    except recording.NoScore as missing:
        detail = "The objective was not logged. Give a score."
        raise invalid([FieldError("score", detail)]) from missing


def _check_values(values: dict[str, Any]) -> None:
    if len(values) > MAX_HYPERPARAMETERS:
        raise invalid(
            [FieldError("values", f"A trial has at most {MAX_HYPERPARAMETERS:,} hyperparameters.")]
        )
    errors = [
        FieldError(f"values.{name}", detail)
        for name, value in values.items()
        if (detail := _value_error(name, value))
    ]
    if errors:
        raise invalid(errors)


def _value_error(name: str, value: Any) -> str:
    if not 0 < len(name) <= MAX_NAME_LENGTH or not is_one_line(name) or name.startswith("tuner/"):
        return "This is no name of a hyperparameter."
    return "" if is_scalar(value) else "Enter a number, a text or true or false."


def _epochs(body: ReportIn) -> list[EpochEnd]:
    if not body.attempt:
        raise invalid([FieldError("attempt", "Give the attempt that the script was given.")])
    return [
        EpochEnd(
            execution=each.execution,
            epoch=each.epoch,
            seconds=each.seconds,
            metrics=_metrics(f"epochs.{place}.metrics", each.metrics),
        )
        for place, each in enumerate(body.epochs)
    ]


def _metrics(field: str, metrics: Metrics) -> Metrics:
    """Pages add numbers up: what is larger than they take is no more a number than infinity is."""
    wrong = [name for name in metrics if not 0 < len(name) <= MAX_NAME or not is_one_line(name)]
    if wrong:
        raise invalid([FieldError(field, "This is no name of a metric.")])
    return {
        name: value if value is not None and abs(value) <= LARGEST else None
        for name, value in metrics.items()
    }


def _one_line(name: str) -> str:
    if not is_one_line(name):
        raise invalid([FieldError("script", "A name is one line.")])
    return name
