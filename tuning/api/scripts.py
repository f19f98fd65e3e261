"""Trials that scripts elsewhere train: their beginning, their epochs, their end.

A script holds a trial by the number of its attempt, with a lease that each report renews
(`tuning.recording.scripts`). Reports may be sent again, whether or not the first one arrived.
"""

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any, Literal

from django.db import transaction
from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import Field

from tuning.actions import scripts as actions
from tuning.actions.dispatch import SCRIPTS_TASK, send_task
from tuning.analysis.quotas import trials_refusal
from tuning.figures import in_words
from tuning.forms.scripts import LogForm
from tuning.models import Search, Trial
from tuning.models.trials import SCRIPT_LEASE_SECONDS
from tuning.protocol.events import LARGEST, MAX_METRICS, MAX_NAME, MAX_TEXT, EpochEnd, Metrics
from tuning.protocol.names import is_one_line
from tuning.recording import scripts as recording
from tuning.recording.recorder import LeaseLost
from tuning.spaces.checked import MAX_HYPERPARAMETERS, MAX_NAME_LENGTH, is_scalar
from tuning.spaces.declared import Refused, declared_space
from tuning.strategies.traits import OFFERED

from .bodies import NAMES, Body, body_of, checked
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

LogIn = body_of(
    "LogIn",
    LogForm().fields,
    space=(dict[str, Any] | None, None),
    strategy=(str | None, None),
    max_trials=(Annotated[int, Field(ge=1, le=100_000)] | None, None),
    seed=(Annotated[int, Field(ge=0, lt=2**31)] | None, None),
)


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


class AskIn(Body):
    """`script` is what the trial's page calls the script."""

    script: Annotated[str, Field(min_length=1, max_length=200)] = "Script"


class AskOut(Schema):
    """Why there is no trial: not yet, or `ended`."""

    ended: bool
    reason: str


class ReportOut(Schema):
    """`should_stop`: the script stops now, because of `reason`. If the trial is `pruned`, it says
    so as it finishes it."""

    should_stop: bool
    reason: str
    pruned: bool


@router.post("/projects/{number:project}/logs", response={200: SearchDetail, 201: SearchDetail})
def open_log(request: HttpRequest, project: int, body: LogIn) -> Any:
    """The search with this name that scripts log trials to. If there is none, it is created. With
    a `space`, scripts can ask it for configurations: `{"units": {"low": 8, "high": 64}}`, a list of
    values, or a single value; `strategy`, `max_trials` and `seed` are those of its search."""
    of = project_of(request, project, edit=True)
    given = body.given
    declared = {name: given.pop(name, None) for name in ("space", "tuner", "max_trials", "seed")}
    form = checked(lambda data, _: LogForm(data, instance=Search(project=of)), given)
    search = form.save(commit=False)
    _declare(search, {name: value for name, value in declared.items() if value is not None})
    found, is_new = actions.open_log(request.user, search)
    named = [name for name, value in {**declared, **given}.items() if value not in (None, "")]
    for name in ("objective", "direction", "space"):
        # Scores would be compared that cannot be, or better ones taken for worse ones.
        if not is_new and name in named and getattr(found, name) != getattr(search, name):
            raise Problem(409, f"Search {found.number} has this name and another {name}.")
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


@router.post(_SEARCH + "/ask", response={200: AskOut, 201: RunOut, 202: AskOut})
def ask_trial(request: HttpRequest, project: int, search: int, body: AskIn) -> Any:
    """Get a trial to train, with the values that the search's strategy suggests. 202: a worker
    computes them, so ask again after `Retry-After` seconds; 200: the search has ended."""
    row = search_of(request, project, search, edit=True)
    if refusal := actions.refusal_to_ask(row):
        raise Problem(409, refusal)
    asked = actions.ask(row, _one_line(body.script))
    if asked.trial is not None:
        return Status(201, run_of(request, project, search, asked.trial))
    answer = {"ended": asked.ended, "reason": asked.reason}
    return Status(200 if asked.ended else 202, answer)


@router.post(_TRIAL + "/log", response=ReportOut)
def log_epochs(request: HttpRequest, project: int, search: int, trial: int, body: ReportIn) -> Any:
    """Report epochs of a trial that a script trains, and renew its lease; without epochs, that
    alone. Metrics of an epoch may come one after the other and more than once: of two values of one
    metric the first is kept."""
    row = trial_of(request, project, search, trial, edit=True)
    verdict = _reported(lambda: recording.log(row, body.attempt, _epochs(body)))
    if body.epochs and row.search.pruning.traits.prunes:
        # A worker looks at them, and the next answer says what it decided.
        transaction.on_commit(lambda: send_task(SCRIPTS_TASK))
    return {"should_stop": bool(verdict.reason), **asdict(verdict)}


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


def _declare(search: Search, given: dict[str, Any]) -> None:
    """A search that scripts ask. Raises Problem."""
    if "space" not in given:
        errors = [FieldError(NAMES.get(name, name), "Give a space, too.") for name in given]
        if errors:
            raise invalid(errors)
        return
    try:
        search.space = declared_space(given["space"])
    except Refused as refused:
        raise invalid([FieldError(f"space.{refused.name}", refused.sentence)]) from refused
    search.tuner = given.get("tuner", search.tuner)
    names = [name.value for name, each in OFFERED.items() if not each.has_rounds]
    if search.tuner not in names:
        raise invalid([FieldError("strategy", f"Available strategies: {in_words(names)}.")])
    search.max_trials = given.get("max_trials", search.max_trials)
    if refusal := trials_refusal(search.project.team, search.max_trials):
        raise invalid([FieldError("max_trials", refusal)])
    search.seed = given.get("seed", search.seed)


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
