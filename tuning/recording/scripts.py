"""What scripts elsewhere report of the trials that they train, through the API.

A script has a trial as a worker has one: `attempt` is its fencing token, and its lease ends unless
it reports. What it reports may come twice and in pieces, so that it can send again whatever it
does not know to have arrived.

A script whose network was away for longer than its lease is taken for lost: its trial waits for
another one or, if nobody else knows how to train it, has failed. It goes on where it was as soon as
it reports again, unless another attempt has begun meanwhile.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import NamedTuple

from django.db import transaction

from tuning.models import Search, Trial
from tuning.models.trials import SCRIPT_LEASE_SECONDS
from tuning.protocol.events import EpochEnd, Metrics
from tuning.protocol.failures import Failure, FailureCode
from tuning.protocol.objectives import is_better
from tuning.protocol.statuses import SearchStatus, Status

from . import recorder
from .judging import averaged

# Of one trial, over all its executions.
MAX_EPOCHS = 1_000_000


class Refused(Exception):
    """Why a report was not taken, in a sentence."""


class NoScore(Exception):
    """A trial has nothing to be compared by."""


class Best(NamedTuple):
    """The best epoch of an execution, which counts from 1, with all its metrics. Without a value
    the last one."""

    value: float | None
    epoch: int
    metrics: Metrics


@dataclass(frozen=True)
class Verdict:
    """Why the script should stop; empty if it goes on. `pruned`: it ends the trial itself."""

    reason: str = ""
    pruned: bool = False


@transaction.atomic
def log(trial: Trial, attempt: int, epochs: Sequence[EpochEnd]) -> Verdict:
    """Store epochs, none of them or many, and renew the lease. Raises Refused."""
    row = _held(trial, attempt)
    _record(row, epochs)
    Trial.objects.renew(row.pk, attempt, SCRIPT_LEASE_SECONDS)
    if not row.search.is_active:
        recorder.stop_trial(row)
        return Verdict(f"The search is {row.search.get_status_display().lower()}.")
    if row.prune_now:
        return Verdict("Other trials did better at this point.", pruned=True)
    return Verdict()


@transaction.atomic
def complete(trial: Trial, attempt: int, epochs: Sequence[EpochEnd], metrics: Metrics) -> None:
    """A trial ended well. `metrics` go before those of its best epoch; the objective among them is
    its score, else that is the best one that was logged, as KerasTuner takes it: of each execution,
    averaged. Raises Refused, and NoScore if there is none."""
    row = _held(trial, attempt)
    _record(row, epochs)
    if not row.search.is_active:
        recorder.stop_trial(row)
        return
    found, best_step = _result(row)
    found |= metrics
    if row.search.objective not in found:
        raise NoScore
    recorder.complete_trial(row, found, best_step)


@transaction.atomic
def prune(trial: Trial, attempt: int, epochs: Sequence[EpochEnd]) -> None:
    """The script ended a trial early, because others do better. Raises Refused."""
    row = _held(trial, attempt)
    _record(row, epochs)
    row.refresh_from_db(fields=["epochs_done"])
    recorder.prune_trial(row, row.epochs_done)


@transaction.atomic
def fail(
    trial: Trial, attempt: int, epochs: Sequence[EpochEnd], message: str, traceback: str
) -> None:
    """A trial ended badly. Raises Refused."""
    row = _held(trial, attempt)
    _record(row, epochs)
    text = message or "The script gave no reason."
    recorder.fail_trial(row, Failure(FailureCode.SCRIPT_ERROR, text, traceback))


def lose(trial: Trial) -> None:
    """Its lease has expired. Called in a transaction that holds the search's lock."""
    message = f"{trial.script} stopped reporting."
    recorder.fail_trial(trial, Failure(FailureCode.SCRIPT_LOST, message))


def _held(trial: Trial, attempt: int) -> Trial:
    """The trial's row, for the script that has this attempt. Holds the search's lock."""
    search = recorder.locked(trial.search_id)
    row = search.trials.filter(pk=trial.pk).first()
    if row is None:
        raise recorder.LeaseLost
    row.search = search
    if not row.script:
        raise Refused(f"Trial {row.number} is not trained by a script.")
    if row.attempt != attempt:
        raise Refused(f"Attempt {attempt} of trial {row.number} was lost: another one has begun.")
    if row.is_lost and _may_go_on(search):
        recorder.reopen_trial(row, search)
    elif row.status != Status.RUNNING:
        raise Refused(f"Trial {row.number} is {row.get_status_display().lower()}.")
    return row


def _may_go_on(search: Search) -> bool:
    return search.is_active or search.status == SearchStatus.COMPLETED


def _record(trial: Trial, epochs: Sequence[EpochEnd]) -> None:
    if trial.epochs_done + len(epochs) > MAX_EPOCHS:
        raise Refused(f"A trial has at most {MAX_EPOCHS:,} epochs.")
    if not epochs:
        return
    recorder.merge_epochs(trial, epochs)
    search, last = trial.search, max(event.epoch for event in epochs)
    executions = max(event.execution for event in epochs) + 1
    # Pages scale their plots by these.
    if search.is_of_scripts and (last > search.epochs or executions > search.executions_per_trial):
        Search.objects.filter(pk=search.pk).update(
            epochs=max(last, search.epochs),
            executions_per_trial=max(executions, search.executions_per_trial),
        )


def _result(trial: Trial) -> tuple[Metrics, int | None]:
    """The metrics at the best epoch of each execution, averaged, and the step of that epoch, which
    counts from 0. An execution whose objective never was a number counts with its last epoch, so
    that the average is no number either."""
    rows = trial.epochs.filter(attempt=trial.attempt).order_by("execution", "epoch")
    search = trial.search
    chosen: dict[int, Best] = {}
    for execution, epoch, metrics in rows.values_list("execution", "epoch", "metrics"):
        value = metrics.get(search.objective)
        best = chosen[execution].value if execution in chosen else None
        if best is None or (value is not None and is_better(value, best, search.direction)):
            chosen[execution] = Best(value, epoch, metrics)
    if not chosen:
        return {}, None
    found = averaged([each.metrics for each in chosen.values()])
    return found, int(fmean(each.epoch for each in chosen.values())) - 1
