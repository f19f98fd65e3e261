"""Writing an imported search: its row, its trials, their epochs and cells.

What a runner read was written by a stranger and then by the runner, so each line is checked like
any other event. The trials are written in batches, so that other writers get their turn; until the
last one the import's row points to a search that another attempt would replace.

An imported search (`Search.origin`, `hypermodel` null) is read by a runner
(`tuning/runner/imports`) that sees nothing but the uploaded file: an archive, opened like those
of datasets, or one of Optuna's files (`tuning/optunafiles`). `Found` is what all readers make;
`found.py` decides on the objective and its direction, or the import waits until a person chose
them; of several studies in a file a person chooses, too. The trials go through a file in the
runner's folder whose lines are events (`FoundTrial`), checked like those on the pipe;
`supervisor/imports.py` writes them in batches, each of which makes sure of the lease.
`SearchImport.search` points to the search from its first batch on: what a lost attempt left is
replaced by the next, and half a search is never kept. Such a search is "completed" from the
start, so that nothing of it is ever claimed; `Search.objects.run_here()` keeps it from all that
would run.
"""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from tuning.models import Epoch, Project, Search, SearchImport, Trial, TrialIndex
from tuning.models.trial_index import mean_of_last, without_number
from tuning.protocol.constraints import RELATIONS
from tuning.protocol.events import (
    IMPORTED,
    MAX_IMPORTED,
    MAX_LINE,
    MAX_STUDIES,
    BadEvent,
    FoundStudies,
    FoundTrial,
    Imported,
    decode_event,
)
from tuning.protocol.failures import FailureCode
from tuning.protocol.names import one_line
from tuning.protocol.objectives import MAX_OBJECTIVES, is_better
from tuning.protocol.statuses import FINISHED, SearchStatus, Status
from tuning.recording.recorder import LeaseLost, locked
from tuning.spaces.checked import checked_space, checked_values
from tuning.strategies.traits import OFFERED, Name

from .files import open_plain

BATCH = 200


def check_imported(event: Imported) -> None:
    """The words of an untrusted process on which rows and pages count. Raises BadEvent."""
    if event.origin not in Search.IMPORTED:
        raise BadEvent("an import from an unknown program")
    if event.tuner not in ("", *OFFERED):
        raise BadEvent("an import with an unknown strategy")
    if not 0 < event.trials <= MAX_IMPORTED:
        raise BadEvent(f"an import of {event.trials:,} trials")
    if not all(0 < len(name) <= 80 for name in event.metrics):
        raise BadEvent("an import with invalid names of metrics")
    if event.objective and event.direction not in Search.Direction.values:
        raise BadEvent("an import without a direction")
    if event.proposed and event.proposed not in event.metrics:
        raise BadEvent("an import whose objective is not one of its metrics")
    if len(event.objective) > 80:
        raise BadEvent("an import whose objective is not a metric")
    names = [event.objective, *(other.name for other in event.others)]
    if len(set(names)) < len(names) or len(names) > MAX_OBJECTIVES:
        raise BadEvent("an import with equal objectives, or too many")
    if any(other.direction not in Search.Direction.values for other in event.others):
        raise BadEvent("an import with an objective without a direction")
    if any(limit.relation not in RELATIONS for limit in event.constraints):
        raise BadEvent("an import with an unknown constraint")
    named = [*names[1:], *(limit.name for limit in event.constraints)]
    if not all(0 < len(name) <= 80 for name in named):
        raise BadEvent("an import with invalid names of objectives or constraints")


def check_studies(event: FoundStudies) -> None:
    """Raises BadEvent."""
    if not 1 < len(event.studies) <= MAX_STUDIES:
        raise BadEvent(f"an import with {len(event.studies):,} studies to choose from")


@transaction.atomic
def begin_search(row: SearchImport, event: Imported) -> Search:
    """The search without its trials, in place of what an earlier attempt left."""
    project = Project.objects.select_for_update().filter(pk=row.project_id).first()
    held = SearchImport.objects.held(row.pk, row.attempt)
    if project is None or not held.exists():
        raise LeaseLost
    SearchImport.objects.filter(pk=row.pk).update(search=None)
    earlier = Search.objects.filter(pk=row.search_id or 0)
    number = earlier.values_list("number", flat=True).first() or project.next_search_number()
    earlier.delete()
    search = Search.objects.create(
        project=project,
        number=number,
        name=one_line(event.name)[:80],
        origin=event.origin,
        # It has ended: nothing of it is ever claimed.
        status=SearchStatus.COMPLETED,
        exhausted=True,
        finished_at=Now(),
        tuner=event.tuner or Name.RANDOM,
        objective=event.objective,
        direction=event.direction,
        other_objectives=[asdict(other) for other in event.others],
        constraints=[limit.stored for limit in event.constraints],
        description=event.description,
        max_trials=event.trials,
        space=checked_space(event.space),
        created_by_id=row.created_by_id,
    )
    held.update(search=search)
    row.search = search
    return search


def read_trials(folder: Path, count: int) -> Iterator[FoundTrial]:
    """The lines that the runner wrote, one at a time. Raises BadEvent."""
    with open_plain(folder / IMPORTED) as file:
        for _ in range(count):
            event = decode_event(file.readline(MAX_LINE + 1))
            if not isinstance(event, FoundTrial):
                raise BadEvent("a line without a trial among those of an import")
            yield event


def write_trials(row: SearchImport, search: Search, trials: Iterator[FoundTrial]) -> Iterator[int]:
    """Write a batch for each number that is asked for: how many trials there are now. Raises
    LeaseLost."""
    number = 0
    most_epochs = most_executions = 1
    while batch := list(islice(trials, BATCH)):
        with transaction.atomic():
            _check_still_open(row, search)
            rows = [_trial(search, number + i, found) for i, found in enumerate(batch, 1)]
            Trial.objects.bulk_create(rows)
            pairs = zip(rows, batch, strict=True)
            epochs = [epoch for trial, found in pairs for epoch in _epochs(trial, found)]
            Epoch.objects.bulk_create(epochs, batch_size=2_000, ignore_conflicts=True)
            TrialIndex.objects.fill(search, rows)
            most_epochs = max(most_epochs, *(e.epoch for e in epochs), 1)
            most_executions = max(most_executions, *(e.execution + 1 for e in epochs), 1)
            Search.objects.filter(pk=search.pk).update(
                epochs=most_epochs, executions_per_trial=most_executions
            )
            Search.objects.touch(search.pk)
        number += len(batch)
        yield number


def _check_still_open(row: SearchImport, search: Search) -> None:
    locked(search.pk)
    if not SearchImport.objects.held(row.pk, row.attempt).filter(search=search).exists():
        raise LeaseLost


def _trial(search: Search, number: int, found: FoundTrial) -> Trial:
    if found.status not in FINISHED:
        raise BadEvent("an imported trial with an unknown status")
    score = found.metrics.get(search.objective)
    status, code, message = Status(found.status), "", ""
    names = [each.name for each in search.objectives]
    missing = [name for name in names if found.metrics.get(name) is None]
    if status == Status.COMPLETED and missing:
        status, code = Status.FAILED, FailureCode.NAN_SCORE
        message = f"{missing[0]} was not a number at the end of the trial."
    elif status == Status.FAILED:
        code = FailureCode.WORKER_LOST if found.lost else FailureCode.CODE_ERROR
        lines = found.message.strip().splitlines()
        message = (
            lines[-1][:1_000] if lines else "The trial failed. The files do not contain the cause."
        )
    values = checked_values(found.values)
    own = {key: value for key, value in values.items() if key.startswith("tuner/")}
    pruned = status == Status.PRUNED
    return Trial(
        search=search,
        number=number,
        status=status,
        attempt=1,
        oracle_id=found.name[:20] if search.origin == Search.Origin.KERASTUNER else "",
        values={key: value for key, value in values.items() if key not in own},
        tuner_values={key: value for key, value in own.items() if _is_sound(key, value)},
        score=score if status == Status.COMPLETED else None,
        best_epoch=found.best_epoch or None,
        metrics={name: value for name, value in found.metrics.items() if value is not None},
        last_metrics=mean_of_last((epoch.execution, epoch.metrics) for epoch in found.epochs),
        not_finite=without_number([found.metrics, *(epoch.metrics for epoch in found.epochs)]),
        execution_scores=_execution_scores(search, found),
        epochs_done=len(found.epochs),
        pruned_after=found.epochs[-1].epoch if pruned and found.epochs else None,
        pruned_attempt=1 if pruned else None,
        log_tail=found.log,
        end_order=number,
        started_at=_moment(found.started),
        finished_at=_moment(found.finished) or _moment(found.started),
        failure_code=code,
        failure_message=message,
        failure_traceback=found.message if status == Status.FAILED else "",
    )


def _is_sound(key: str, value: Any) -> bool:
    """Pages count with the numbers among KerasTuner's own values."""
    if key == "tuner/trial_id":
        return isinstance(value, str)
    return type(value) is int and 0 <= value < 2**30


def _epochs(trial: Trial, found: FoundTrial) -> Iterator[Epoch]:
    for epoch in found.epochs:
        yield Epoch(
            trial=trial, attempt=1, execution=epoch.execution, epoch=epoch.epoch,
            seconds=epoch.seconds, metrics=epoch.metrics,
        )  # fmt: skip


def _execution_scores(search: Search, found: FoundTrial) -> list[float]:
    """The best objective of each execution, in order."""
    best: dict[int, float] = {}
    for epoch in found.epochs:
        value = epoch.metrics.get(search.objective)
        if value is not None and is_better(value, best.get(epoch.execution), search.direction):
            best[epoch.execution] = value
    return [best[execution] for execution in sorted(best)]


def _moment(seconds: float) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if 0 < seconds < 4e9 else None
