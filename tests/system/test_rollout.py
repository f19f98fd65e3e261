"""A new version is rolled out worker by worker while a search runs: real processes with fake
runners."""

import contextlib
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.services import PATIENCE, ROOT, clean_environment, migrated_database, wait_for

# More than are needed on the slowest machine: the test itself ends the search.
TRIALS = 10_000


class Rollout:
    def __init__(self, data: Path) -> None:
        data.mkdir()
        shutil.copy(migrated_database(), data)
        self.data = data
        self.environment = clean_environment(
            TUNEROOM_DATA=str(data), DRAIN_SECONDS="60", SLOTS="2",
            DJANGO_SETTINGS_MODULE="webapp.settings",
        )  # fmt: skip
        self.workers: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, *words: int) -> None:
        command = [sys.executable, "-m", "tests.system.rollout_worker", name, *map(str, words)]
        log = (self.data / f"{name}.log").open("wb")
        with log:
            self.workers[name] = subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdout=log, stderr=subprocess.STDOUT
            )

    def query(self, text: str, *values: Any) -> list[tuple[Any, ...]]:
        database = sqlite3.connect(self.data / "db.sqlite3", timeout=60)
        with contextlib.closing(database) as connection, connection:
            return connection.execute(text, values).fetchall()

    def trained_by(self, name: str) -> int:
        [(count,)] = self.query(
            "SELECT count(*) FROM tuning_attempt WHERE worker_name = ? AND outcome = 'Completed'",
            name,
        )
        return int(count)


@pytest.fixture
def rollout(tmp_path: Path) -> Iterator[Rollout]:
    rollout = Rollout(tmp_path / "data")
    yield rollout
    for process in rollout.workers.values():
        process.kill()
        process.wait()


@pytest.mark.slow
def test_workers_are_replaced_one_by_one_while_a_search_runs(rollout: Rollout) -> None:
    rollout.start("old", 1, TRIALS)
    wait_for(lambda: rollout.trained_by("old") >= 2, "the old version trains")
    # The site is updated. Its database can still be used by old workers.
    rollout.query("UPDATE tuning_release SET worker_protocol = 2, oldest_worker_protocol = 1")
    rollout.start("new", 2)
    wait_for(lambda: rollout.trained_by("new") >= 2, "the new version trains")
    before = rollout.trained_by("old")
    wait_for(lambda: rollout.trained_by("old") > before, "the old one goes on beside it")
    # Its administrator drains the old one. Then one comes that is too old.
    rollout.query("UPDATE tuning_worker SET requested = 'drain' WHERE name = 'old'")
    assert rollout.workers["old"].wait(PATIENCE) == 0
    rollout.query("UPDATE tuning_release SET oldest_worker_protocol = 2")
    rollout.start("too-old", 1)
    refusal = "SELECT refusal FROM tuning_worker WHERE name = 'too-old' AND refusal != ''"
    [(said,)] = wait_for(lambda: rollout.query(refusal), "the one that is too old says so")
    assert "too old for the database (protocol 1, at least 2 is needed)" in said
    assert said in (rollout.data / "too-old.log").read_text()
    rollout.query("UPDATE tuning_search SET max_trials = (SELECT count(*) FROM tuning_trial) + 2")
    active = "SELECT 1 FROM tuning_search WHERE status = 'running'"
    wait_for(lambda: not rollout.query(active), "the search has ended")
    trials = rollout.query("SELECT status, attempt, lost_attempts FROM tuning_trial")
    assert set(trials) == {("completed", 1, 0)}
    assert rollout.trained_by("old") + rollout.trained_by("new") == len(trials)
    assert rollout.trained_by("too-old") == 0
