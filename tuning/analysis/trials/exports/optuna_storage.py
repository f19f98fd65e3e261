"""Storages of Optuna with a study for each search, which `optuna.load_study` and Optuna Dashboard
open: a SQLite file, or a journal, which streams. The columns of the table do not matter: a study
has all hyperparameters, metrics and reported values of the selected trials.
"""

import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from django.db.models import F

from tuning.analysis.exports import search_stem
from tuning.models import Epoch, Search, Trial
from tuning.optunafiles.distributions import CATEGORICAL, FLOAT, INT, Distribution
from tuning.optunafiles.journal import journal_lines
from tuning.optunafiles.sqlite import Writer
from tuning.optunafiles.study import CONSTRAINT, METRIC_NAMES, OWN, State, Study, StudyTrial
from tuning.protocol.statuses import Status
from tuning.spaces.checked import last_of_steps
from tuning.spaces.hyperparameters import Hyperparameter, read_space

from .rows import BATCH, Rows

PIECE = 256 * 1024
_STATES = {
    Status.QUEUED: State.WAITING,
    Status.RUNNING: State.RUNNING,
    Status.COMPLETED: State.COMPLETE,
    Status.PRUNED: State.PRUNED,
    Status.INFEASIBLE: State.COMPLETE,
    Status.FAILED: State.FAIL,
    Status.STOPPED: State.FAIL,
}


def sqlite_pieces(rows: Rows) -> Iterator[bytes]:
    # A database is written here and there, so it is a file before it is sent.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "study.db"
        writer = Writer(path)
        for study, trials in _studies(rows):
            for _ in writer.add(study, trials):
                pass
        writer.close()
        with path.open("rb") as file:
            while piece := file.read(PIECE):
                yield piece


def journal_pieces(rows: Rows) -> Iterator[bytes]:
    for place, (study, trials) in enumerate(_studies(rows)):
        lines = journal_lines(place, study, trials)
        while piece := b"".join(islice(lines, BATCH)):
            yield piece


def _studies(rows: Rows) -> Iterator[tuple[Study, Iterator[StudyTrial]]]:
    scope = rows.selection.scope
    chosen: dict[int, list[int]] = defaultdict(list)
    if not scope.is_project:
        chosen[scope.search.pk] = []
    for search_id, pk in rows.by_search():
        chosen[search_id].append(pk)
    for search in Search.objects.filter(pk__in=chosen).order_by("number").defer("oracle_state"):
        study = Study(
            search_stem(search),
            [objective.direction for objective in search.objectives],
            user_attrs={f"{OWN}project": search.project.name, f"{OWN}search": search.number},
            system_attrs={METRIC_NAMES: _names(search)},
        )
        yield study, _trials(search, chosen[search.pk])


def _names(search: Search) -> list[str]:
    return [search.score_name, *(objective.name for objective in search.objectives[1:])]


def _trials(search: Search, chosen: Sequence[int]) -> Iterator[StudyTrial]:
    parameters = read_space(search.space)
    for start in range(0, len(chosen), BATCH):
        batch = chosen[start : start + BATCH]
        found = Trial.objects.filter(pk__in=batch).order_by("number").defer("layers", "log_tail")
        reported = _reported(search, batch)
        for trial in found:
            # Its constraints and objectives are read from it.
            trial.search = search
            yield _trial(search, trial, parameters, reported.get(trial.pk, {}))


def _reported(search: Search, trials: Sequence[int]) -> dict[int, dict[int, float | None]]:
    """The objective after each epoch, averaged over executions, or of each fold. With several
    objectives Optuna has none."""
    if search.has_several_objectives:
        return {}
    seen: dict[int, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    rows = Epoch.objects.filter(trial__in=trials, attempt=F("trial__attempt"))
    for trial, execution, epoch, metrics in rows.order_by("execution", "epoch").values_list(
        "trial_id", "execution", "epoch", "metrics"
    ):
        if search.objective in metrics:
            values = seen[trial][epoch if search.kind.has_epochs else execution + 1]
            if metrics[search.objective] is not None:
                values.append(metrics[search.objective])
    return {
        trial: {step: sum(v) / len(v) if v else None for step, v in steps.items()}
        for trial, steps in seen.items()
    }


def _trial(
    search: Search,
    trial: Trial,
    parameters: list[Hyperparameter],
    reported: dict[int, float | None],
) -> StudyTrial:
    state = _STATES[Status(trial.status)]
    scores = [_score(trial, place, each.name) for place, each in enumerate(search.objectives)]
    if state == State.COMPLETE and None in scores:
        state = State.FAIL
    active = {p.name: p for p in parameters if p.is_active(trial.values)}
    params = {name: value for name, value in trial.values.items() if value is not None}
    started = trial.started_at or (trial.created_at if trial.is_active else None)
    return StudyTrial(
        state,
        values=scores if state == State.COMPLETE else [],
        params=params,
        distributions={name: _range(active.get(name), value) for name, value in params.items()},
        intermediate=reported,
        user_attrs=_attributes(search, trial),
        system_attrs=_constraints(search, trial),
        started=started.timestamp() if started and state != State.WAITING else 0.0,
        finished=trial.finished_at.timestamp() if trial.finished_at else 0.0,
    )


def _score(trial: Trial, place: int, name: str) -> float | None:
    """Of an infeasible trial the metric: it has no score."""
    return trial.figure(name) if place or trial.score is None else trial.score


def _attributes(search: Search, trial: Trial) -> dict[str, Any]:
    found = {**trial.metrics, **trial.measures}
    if trial.parameters is not None:
        found.setdefault("parameters", trial.parameters)
    if trial.peak_memory is not None:
        found.setdefault("peak_memory", trial.peak_memory)
    for objective in search.objectives:
        found.pop(objective.name, None)
    attributes = {name: value for name, value in found.items() if value is not None}
    attributes[f"{OWN}trial"] = trial.number
    attributes[f"{OWN}status"] = trial.status
    if trial.failure_message:
        attributes[f"{OWN}failure"] = trial.failure_message
    return attributes


def _constraints(search: Search, trial: Trial) -> dict[str, Any]:
    pairs = [(limit, trial.figure(limit.name)) for limit in search.constraint_list]
    return {
        f"{CONSTRAINT}{limit.text}": limit.excess(value)
        for limit, value in pairs
        if value is not None
    }


def _range(parameter: Hyperparameter | None, value: Any) -> Distribution:
    """The hyperparameter's range as Optuna can have it. What a person tried outside is in it; steps
    on a logarithmic scale are left out, as is the reversed one: Optuna has neither."""
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    if parameter is None or parameter.listed is not None or not numeric:
        choices = tuple(parameter.listed or ()) if parameter else ()
        known = any(one == value and type(one) is type(value) for one in choices)
        return Distribution(CATEGORICAL, choices=choices if known else (*choices, value))
    whole = parameter.kind == "Int" and float(value).is_integer()
    low = min(parameter.config["min_value"], value)
    high = max(parameter.config["max_value"], value)
    log = parameter.sampling == "log" and low > 0
    step = parameter.step if parameter.sampling == "linear" and parameter.takes(value) else None
    if step is not None:
        high = last_of_steps(low, high, step)
    return Distribution(INT if whole else FLOAT, low, high, step or (1 if whole else None), log)
