"""Tuneroom as one of the programs: a search from pressing Start to its last trial's row."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from benchmarks.tuneroom import ROOT, Running, tuneroom

from .programs import SECONDS, Material, Measured, ProgramFailed
from .watching import Watch, bytes_in, wait_for_spare_runner, wait_until_idle
from .workloads import Workload, configurations

FIGURES = """
SELECT (julianday(MAX(t.finished_at)) - julianday(s.created_at)) * 86400, COUNT(DISTINCT t.id),
  MAX(t.score), (SELECT COUNT(*) FROM tuning_epoch e JOIN tuning_trial o ON e.trial_id = o.id
                 WHERE o.search_id = s.id)
FROM tuning_search s JOIN tuning_trial t ON t.search_id = s.id
WHERE s.id = (SELECT MAX(id) FROM tuning_search) AND t.status = 'completed'
"""


class Tuneroom:
    """A running one with so many slots. Its worker is idle at Start, as after a person has read
    the form: the template is inspected, and a runner has its imports behind it."""

    def __init__(self, running: Running, slots: int) -> None:
        self._running, self._slots = running, slots

    def run(
        self, workload: Workload, material: Material, seed: int, sampled: bool = False,
        threads: str = "",
    ) -> Measured:  # fmt: skip
        """`threads` is for peers: a worker chooses by its slots."""
        del threads
        dataset = material.rows(workload) / "whole.npz"
        builder = material.builder(workload, sampled)
        named = ["--dataset", str(dataset), "--template", str(builder), "--x", "x", "--y", "y"]
        if not self._knows(builder):
            self._tune(*named, "--tuner", "random", "--max-trials", "1", "--pruner", "none",
                       *(["--folds", "2"] if workload.folds else ["--epochs", "1"]))  # fmt: skip
        wait_for_spare_runner(self._running.pid)
        wait_until_idle(self._running.pid)
        before = self._bytes()
        with Watch([self._running.pid], self._running.data) as watch:
            self._tune(*named, *_options(workload, seed), "--parallel", str(self._slots))
        ((seconds, trials, best, epochs),) = self._running.query(FIGURES)
        wait_until_idle(self._running.pid)
        grown = self._bytes() - before
        return Measured(
            seconds, seconds, trials, epochs, best, watch.peak_bytes, grown, watch.graph_share
        )

    def _bytes(self) -> int:
        """On the disk, once the database's log is in its file."""
        with closing(sqlite3.connect(self._running.data / "db.sqlite3")) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return bytes_in(self._running.data)

    def _knows(self, builder: Path) -> bool:
        sql = (
            "SELECT 1 FROM tuning_search s JOIN tuning_project p ON s.project_id = p.id"
            " JOIN tuning_hypermodel h ON p.hypermodel_id = h.id WHERE h.name = ?"
        )
        return bool(self._running.query(sql, builder.stem))

    def _tune(self, *options: str) -> None:
        command = [sys.executable, "manage.py", "tune", *options]
        done = subprocess.run(
            command, cwd=ROOT, env=self._running.environment, check=False, timeout=SECONDS,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        if done.returncode:
            raise ProgramFailed(done.stdout[-2000:])


def _options(workload: Workload, seed: int) -> list[str]:
    found = ["--seed", str(seed), "--pruner", "none"]
    if workload.hyperband:
        found = ["--seed", str(seed), "--tuner", "hyperband"]
    else:
        found += ["--tuner", "random", "--max-trials", str(workload.trials)]
        # The first trial is the template with its defaults, as the first configuration is.
        for configuration in configurations(workload)[1:]:
            found += ["--enqueue", json.dumps(configuration)]
    if workload.folds:
        return [*found, "--folds", str(workload.folds), "--scoring", "accuracy"]
    return [
        *found, "--epochs", str(workload.epochs), "--batch-size", str(workload.batch_size),
        "--executions-per-trial", str(workload.executions), "--objective", workload.objective,
    ]  # fmt: skip


__all__ = ["Tuneroom", "tuneroom"]
