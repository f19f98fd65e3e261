"""Trains every configuration of a task and keeps the learning curves, for `search_quality.py`.

    .venv/bin/python benchmarks/record_curves.py wine_dense

Tuneroom itself does it, by a grid search over the space of benchmarks/tasks/<task>.py. Its first
lines name the dataset and the units (epochs, or folds) of each trial. The result is
benchmarks/recorded/<task>.npz: the configurations as JSON, a curve for each.
"""

import argparse
import json
import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
TASKS, RECORDED = ROOT / "benchmarks" / "tasks", ROOT / "benchmarks" / "recorded"
# Larger than any space of a task.
ALL = "5000"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=sorted(path.stem for path in TASKS.glob("*.py")))
    task = parser.parse_args().task
    with TemporaryDirectory() as folder:
        _search(task, Path(folder))
        _keep(task, Path(folder) / "db.sqlite3")


def _search(task: str, folder: Path) -> None:
    code = (TASKS / f"{task}.py").read_text()
    dataset, units = (re.findall(f"# {name}: (.*)", code)[0] for name in ("dataset", "units"))
    length = "--folds" if "sklearn" in code else "--epochs"
    subprocess.run(
        [sys.executable, "manage.py", "tune", "--dataset", dataset, "--template",
         str(TASKS / f"{task}.py"), "--tuner", "grid", "--max-trials", ALL, length, units],
        cwd=ROOT, env={**os.environ, "TUNEROOM_DATA": str(folder)}, check=True,
    )  # fmt: skip


def _keep(task: str, database: Path) -> None:
    with sqlite3.connect(database) as connection:
        search = connection.execute("SELECT id, objective, direction, space FROM tuning_search")
        pk, objective, direction, space = search.fetchone()
        trials = connection.execute(
            "SELECT id, `values`, status FROM tuning_trial WHERE search_id = ? ORDER BY number",
            (pk,),
        ).fetchall()
        lines = connection.execute(
            "SELECT trial_id, metrics FROM tuning_epoch ORDER BY trial_id, execution, epoch"
        ).fetchall()
    curves: dict[int, list[float]] = {}
    for trial, metrics in lines:
        curves.setdefault(trial, []).append(json.loads(metrics).get(objective, float("nan")))
    kept = [
        (json.loads(values), curves[pk]) for pk, values, status in trials if status == "completed"
    ]
    about: dict[str, Any] = {
        "objective": objective, "direction": direction, "space": json.loads(space),
        "configurations": [values for values, _ in kept],
        "failed": len(trials) - len(kept),
    }  # fmt: skip
    RECORDED.mkdir(exist_ok=True)
    np.savez_compressed(
        RECORDED / f"{task}.npz",
        about=np.frombuffer(json.dumps(about).encode(), np.uint8),
        curves=np.array([curve for _, curve in kept], np.float32),
    )
    print(f"{task}: {len(kept)} configurations, {len(trials) - len(kept)} failed")


if __name__ == "__main__":
    main()
