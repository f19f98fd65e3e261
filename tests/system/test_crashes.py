"""Processes are killed while a real search runs: no finished trial is lost."""

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.services import PATIENCE, ROOT, Tuneroom, processes_with, start_tuneroom, wait_for

pytestmark = [pytest.mark.tensorflow, pytest.mark.services]

TUNE = ["tune", "--dataset", "digits", "--template", "cnn", "--max-trials", "3", "--epochs", "8"]


def trials(tuneroom: Tuneroom) -> dict[int, dict[str, Any]]:
    with sqlite3.connect(f"file:{tuneroom.data / 'db.sqlite3'}?mode=ro", uri=True) as connection:
        connection.row_factory = sqlite3.Row
        rows = connection.execute("SELECT * FROM tuning_trial").fetchall()
    return {row["number"]: dict(row) for row in rows}


def completed(tuneroom: Tuneroom) -> dict[int, float]:
    rows = trials(tuneroom)
    return {n: row["score"] for n, row in rows.items() if row["status"] == "completed"}


def start_tuning(tuneroom: Tuneroom) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "manage.py", *TUNE]
    return subprocess.Popen(command, cwd=ROOT, env=tuneroom.environment, stdout=subprocess.DEVNULL)


def runner_of(tuneroom: Tuneroom, slot: int) -> psutil.Process | None:
    """A runner that trains: its folder belongs to the worker, and it has used the processor."""
    for process in psutil.process_iter():
        try:
            if str(tuneroom.data) in process.cwd() and "runner" in " ".join(process.cmdline()):
                return process
        except psutil.Error:
            continue
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

    def no_runner() -> bool:
        return runner_of(tuneroom, 0) is None

    wait_for(no_runner, "the runners died with their worker")
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
    return {p.pid for p in tuneroom.processes() if "celery" in p.cmdline()}


def test_a_killed_runner_costs_an_attempt_and_the_worker_goes_on(tuneroom: Tuneroom) -> None:
    # Asked before anything trains: a worker's fork that is about to become a runner looks like one.
    wait_for(lambda: bool(workers_of(tuneroom)), "the workers are up")
    workers = workers_of(tuneroom)
    tune = start_tuning(tuneroom)
    try:
        wait_for(
            lambda: any(r["epochs_done"] and r["status"] == "running"
                        for r in trials(tuneroom).values()),
            "a trial trains", 120,
        )  # fmt: skip
        victim = runner_of(tuneroom, 0)
        assert victim is not None
        victim.kill()
        assert tune.wait(PATIENCE) == 0
    finally:
        tune.kill()
    newest = max(row["search_id"] for row in trials(tuneroom).values())
    with sqlite3.connect(tuneroom.data / "db.sqlite3") as connection:
        rows = connection.execute(
            "SELECT status, lost_attempts FROM tuning_trial WHERE search_id = ?",
            (newest,),
        ).fetchall()
    assert [status for status, _ in rows] == ["completed"] * 3
    assert sum(lost for _, lost in rows) == 1
    assert workers <= workers_of(tuneroom)
