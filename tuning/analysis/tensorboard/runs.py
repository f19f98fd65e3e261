"""A trial as runs of TensorBoard: one event file for each execution."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from tuning.eventfiles import write
from tuning.eventfiles.messages import (
    FAILURE,
    RUNNING,
    SUCCESS,
    UNKNOWN,
    SessionEnd,
    SessionStart,
)
from tuning.models import Epoch, Search, Trial
from tuning.protocol.statuses import Status

from .experiment import BEST, session_hparams

_STATUS = {
    Status.COMPLETED: SUCCESS,
    Status.PRUNED: UNKNOWN,
    Status.INFEASIBLE: UNKNOWN,
    Status.FAILED: FAILURE,
    Status.STOPPED: UNKNOWN,
    Status.RUNNING: RUNNING,
}


def runs_of(search: Search, trial: Trial, epochs: list[Epoch]) -> Iterator[tuple[str, bytes]]:
    """Folder and event file of each execution. A trial without epochs has one, without curves."""
    group = f"trial-{trial.number:04}"
    executions: dict[int, list[Epoch]] = {}
    for epoch in epochs:
        executions.setdefault(epoch.execution, []).append(epoch)
    several = search.executions > 1 or len(executions) > 1
    wall_time = _seconds(trial.started_at or trial.created_at)
    for number, rows in sorted(executions.items()) or [(0, [])]:
        folder = f"{group}/execution-{number}" if several else group
        # One execution runs after the other.
        data, wall_time = _events(trial, group, rows, wall_time)
        yield folder, data


def _events(trial: Trial, group: str, epochs: list[Epoch], begin: float) -> tuple[bytes, float]:
    """The file's contents and the wall time at which the execution ended."""
    start = SessionStart(group_name=group, start_time_secs=begin)
    start.hparams.extend(_hparams(trial))
    parts = [write.header(begin), write.session_start(begin, start)]
    now = begin
    for epoch in epochs:
        now += epoch.seconds
        parts.append(write.scalars(now, epoch.epoch, _numbers(epoch.metrics)))
    if best := _numbers(trial.metrics):
        # A number of the trial: each of its sessions has it, so that their mean is it as well.
        named = {BEST + name: value for name, value in best.items()}
        parts.append(write.scalars(now, trial.best_epoch or 0, named))
    if not trial.is_active:
        ended = now if epochs or trial.finished_at is None else _seconds(trial.finished_at)
        end = SessionEnd(status=_STATUS[Status(trial.status)], end_time_secs=ended)
        parts.append(write.session_end(ended, end))
    return b"".join(parts), now


def _hparams(trial: Trial) -> list[Any]:
    return [type(SessionStart().hparams.add())(**pair) for pair in session_hparams(trial.values)]


def _numbers(metrics: dict[str, float | None]) -> dict[str, float]:
    return {name: value for name, value in metrics.items() if value is not None}


def _seconds(moment: datetime) -> float:
    return moment.timestamp()
