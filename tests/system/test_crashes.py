"""Processes are killed while a real search runs: no finished trial is lost."""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.services import (
    PATIENCE,
    ROOT,
    Tuneroom,
    processes_with,
    rows_of,
    start_tuneroom,
    wait_for,
)

pytestmark = [pytest.mark.tensorflow, pytest.mark.services]

TUNE = ["tune", "--dataset", "digits", "--template", "cnn", "--max-trials", "3", "--epochs", "8"]


def trials(tuneroom: Tuneroom) -> dict[int, dict[str, Any]]:
    rows = rows_of(tuneroom.data, "SELECT * FROM tuning_trial")
    return {row["number"]: dict(row) for row in rows}


def completed(tuneroom: Tuneroom) -> dict[int, float]:
    rows = trials(tuneroom)
    return {n: row["score"] for n, row in rows.items() if row["status"] == "completed"}


def start_tuning(tuneroom: Tuneroom) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "manage.py", *TUNE]
    return subprocess.Popen(command, cwd=ROOT, env=tuneroom.environment, stdout=subprocess.DEVNULL)


def runners_of(tuneroom: Tuneroom) -> list[tuple[psutil.Process, Path]]:
    """Runners, spare ones included, and their folders, which belong to the worker."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            folder = process.cwd()
            if str(tuneroom.data) in folder and "runner" in " ".join(process.cmdline()):
                found.append((process, Path(folder)))
    return found


def training_runner(tuneroom: Tuneroom) -> psutil.Process | None:
    """One in the middle of a trial, whose folder KerasTuner makes, and which goes at its end."""
    for process, folder in runners_of(tuneroom):
        with contextlib.suppress(OSError):
            if any(folder.glob("kt/search/trial_*")):
                return process
    return None


def test_kill_9_of_everything_loses_no_finished_trial(tmp_path: Path) -> None:
    tuneroom = start_tuneroom(tmp_path / "data")
    tune = start_tuning(tuneroom)
    try:
        wait_for(lambda: len(completed(tuneroom)) >= 1, "a trial is completed")
        before = completed(tuneroom)
    finally:
        tune.kill()
        tune.wait()
        for process in processes_with("TUNEROOM_DATA", str(tuneroom.data)):
            with_children = [process, *process.children(recursive=True)]
            for victim in with_children:
                try:
                    os.kill(victim.pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
        tuneroom.process.wait()

    wait_for(lambda: not runners_of(tuneroom), "the runners died with their worker")
    again = start_tuneroom(tuneroom.data, PORT=tuneroom.environment["PORT"])
    try:
        wait_for(lambda: len(completed(again)) == 3, "all trials are completed")
        after = completed(again)
        assert {number: after[number] for number in before} == before
        lost = [row for row in trials(again).values() if row["lost_attempts"]]
        assert all(row["attempt"] == 2 for row in lost)
    finally:
        again.stop()


def workers_of(tuneroom: Tuneroom) -> set[int]:
    found = set()
    for process in tuneroom.processes():
        with contextlib.suppress(psutil.Error):
            if "celery" in process.cmdline():
                found.add(process.pid)
    return found


def test_a_killed_runner_costs_an_attempt_and_the_worker_goes_on(tuneroom: Tuneroom) -> None:
    # Asked before anything trains: a worker's fork that is about to become a runner looks like one.
    wait_for(lambda: bool(workers_of(tuneroom)), "the workers are up")
    workers = workers_of(tuneroom)
    tune = start_tuning(tuneroom)
    try:
        wait_for(
            lambda: any(r["epochs_done"] and r["status"] == "running"
                        for r in trials(tuneroom).values()),
            "a trial trains",
        )  # fmt: skip
        wait_for(lambda: training_runner(tuneroom), "its runner is found").kill()
        assert tune.wait(PATIENCE) == 0
    finally:
        tune.kill()
    newest = max(row["search_id"] for row in trials(tuneroom).values())
    of_search = "SELECT status, lost_attempts FROM tuning_trial WHERE search_id = ?"
    rows = rows_of(tuneroom.data, of_search, newest)
    assert [row["status"] for row in rows] == ["completed"] * 3
    assert sum(row["lost_attempts"] for row in rows) == 1
    assert workers <= workers_of(tuneroom)
