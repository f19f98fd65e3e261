"""Trains every configuration of a task and keeps the learning curves, for `search_quality.py`.

    .venv/bin/python benchmarks/record_curves.py wine_dense

Tuneroom itself does it, by a grid search over the space of benchmarks/tasks/<task>.py. Its first
line has the other options of `manage.py tune`: the dataset, the length of a trial, the objective.
The result is benchmarks/recorded/<task>.npz: the configurations as JSON, a curve for each.
"""

import argparse
import json
import os
import re
import shlex
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
LOOP_IMPORT = "from training_loop import TrainingLoop\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=_tasks())
    parser.add_argument("--trials", default=ALL, help="fewer, to see how long a trial takes")
    parser.add_argument("--folder", type=Path, default=RECORDED, help="where to put the result")
    options = parser.parse_args()
    with TemporaryDirectory() as data:
        _search(options.task, Path(data), options.trials)
        _keep(Path(data) / "db.sqlite3", options.folder / f"{options.task}.npz")


def _tasks() -> list[str]:
    return sorted(path.stem for path in TASKS.glob("*.py") if "# tune:" in path.read_text())


def _search(task: str, folder: Path, trials: str) -> None:
    code = (TASKS / f"{task}.py").read_text()
    # A template is a single file.
    code = code.replace(LOOP_IMPORT, (TASKS / "training_loop.py").read_text())
    template = folder / f"{task}.py"
    template.write_text(code)
    options = shlex.split(re.findall("# tune: (.*)", code)[0])
    subprocess.run(
        [sys.executable, "manage.py", "tune", "--template", str(template),
         "--tuner", "grid", "--max-trials", trials, *options],
        cwd=ROOT, env={**os.environ, "TUNEROOM_DATA": str(folder)}, check=True,
    )  # fmt: skip


def _keep(database: Path, result: Path) -> None:
    with sqlite3.connect(database) as connection:
        search = connection.execute("SELECT id, objective, direction, space FROM tuning_search")
        pk, objective, direction, space = search.fetchone()
        trials = connection.execute(
            "SELECT id, `values`, status FROM tuning_trial WHERE search_id = ? ORDER BY number",
            (pk,),
        ).fetchall()
        lines = connection.execute(
            "SELECT trial_id, e.metrics FROM tuning_epoch e JOIN tuning_trial t ON t.id = trial_id "
            "AND t.attempt = e.attempt ORDER BY trial_id, execution, epoch"
        ).fetchall()
    curves: dict[int, list[float]] = {}
    for trial, metrics in lines:
        curves.setdefault(trial, []).append(_value(json.loads(metrics), objective))
    # A failed one (its loss was never a number) has no value in any epoch that it lacks.
    units = max(map(len, curves.values()))
    full = [(curves.get(pk, []) + [float("nan")] * units)[:units] for pk, _, _ in trials]
    failed = sum(status != "completed" for _, _, status in trials)
    about: dict[str, Any] = {
        "objective": objective, "direction": direction, "space": json.loads(space),
        "configurations": [json.loads(values) for _, values, _ in trials],
    }  # fmt: skip
    result.parent.mkdir(exist_ok=True)
    np.savez_compressed(
        result,
        about=np.frombuffer(json.dumps(about).encode(), np.uint8),
        curves=np.array(full, np.float32),
    )
    print(f"{result.stem}: {len(trials)} configurations, {failed} failed")


def _value(metrics: dict[str, Any], objective: str) -> float:
    """NaN if it was no number."""
    value = metrics.get(objective)
    return float("nan") if value is None else float(value)


if __name__ == "__main__":
    main()
