"""What a worker does, in this process and with a fake runner, so that it can be disturbed anywhere.

A job starts from a prepared data folder, runs, is disturbed, runs on as a worker that was started
again, and is checked from the rows and files alone.
"""

import hashlib
import json
import random
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from .forks import copy_folder, forked, told
from .ledger import QUERIES, audit
from .prepare import start_searches

WORKER = "chaos"
# What a runner finds in an upload.
PROFILE = {
    "kind": "image", "task": "classification", "rows": 8, "input_shape": [12, 12, 1],
    "class_counts": [4, 4], "class_names": ["dark", "light"],
}  # fmt: skip


@dataclass(frozen=True)
class Job:
    """`load` comes before anything forks. `prepare` is not disturbed, `run` is. `again` is what a
    service manager or a person does afterwards, and `check` says what is wrong then. Of the
    boundaries each `stride`-th is tried."""

    name: str
    prepare: Callable[[], None]
    run: Callable[[], None]
    again: Callable[[], None]
    check: Callable[[], list[str]]
    load: Callable[[], None] = lambda: None
    stride: int = 1

    def in_peace(self) -> list[str]:
        self.run()
        return history()

    def recover(self, expected: list[str]) -> list[str]:
        """What is wrong afterwards. `expected`: the history of an undisturbed run."""
        self.again()
        differs = history() != expected
        return [*self.check(), *(["the values or scores are others"] if differs else [])]


def history() -> list[str]:
    """Values, rounds and scores of all trials, one line each."""
    sql = (
        'SELECT number, "values", tuner_values, score FROM tuning_trial ORDER BY search_id, number'
    )
    return [json.dumps(row, sort_keys=True) for row in query(sql)]


@dataclass(frozen=True)
class Prepared:
    """A job that can be disturbed again and again, each time from the same data folder, a copy of
    which is in `scratch`. `expected` is the history of an undisturbed run."""

    job: Job
    scratch: Path
    expected: list[str]

    @property
    def log(self) -> Path:
        return self.scratch / "log"

    def disturb(self, run: Callable[[], None]) -> int:
        """The exit status of a child that runs this in place of the job."""
        start_from(self.scratch / "base")
        return forked(run, self.log)

    def wrong_afterwards(self) -> list[str]:
        return told(partial(self.job.recover, self.expected), self.scratch / "said")


def prepared(scratch: Path) -> Iterator[Prepared]:
    """Each job in turn. While it is the current one, the data folder is in its state."""
    from django.conf import settings

    load()
    data, calm, base = Path(settings.DATA_ROOT), scratch / "calm", scratch / "base"
    copy_folder(data, calm)
    for job in JOBS:
        job.load()
        start_from(calm)
        if forked(job.prepare, log := scratch / "log"):
            raise SystemExit(f"{job.name}:\n{log.read_text()}")
        copy_folder(data, base)
        yield Prepared(job, scratch, told(job.in_peace, scratch / "said"))


def load() -> None:
    """What all jobs need."""
    from tests.supervisor import fake_runner  # noqa: F401
    from tuning.management.commands import backup  # noqa: F401
    from tuning.strategies import optuna_samplers  # noqa: F401
    from tuning.supervisor import slot, worker  # noqa: F401


def _load_kerastuner() -> None:
    """It brings TensorFlow with it, so that forks take longer."""
    from tuning.strategies import kerastuner  # noqa: F401


def work() -> None:
    """As a worker that starts: what its last process had is lost, then it works on."""
    from tests.supervisor.fake_runner import FakeRunner
    from tuning.supervisor.assignments import training
    from tuning.supervisor.pool import RunnerPool
    from tuning.supervisor.runners import Device
    from tuning.supervisor.slot import SlotLoop
    from tuning.supervisor.worker import register

    # Each epoch is a write of its own.
    training.FLUSH_SECONDS = training.FIRST_FLUSH_SECONDS = 0.0
    pool = RunnerPool(lambda device: FakeRunner(device, _script, profile=PROFILE))
    worker = register(WORKER, 1, [])
    SlotLoop(worker, 0, Device(), pool, 1 << 40, threading.Event(), threading.Event()).run()


def sweep() -> None:
    """What is done every ten minutes, and an hour later for files that nobody refers to."""
    from tuning.supervisor import checkpoints, files, resume_folders

    for module in (files, checkpoints, resume_folders):
        module.SWEEP_AFTER = timedelta(0)
    files.sweep()
    checkpoints.sweep()
    resume_folders.sweep()


def _script(search: Any, order: Any) -> Iterator[Any]:
    """Three events an epoch; the rows show whose they are."""
    from tuning.protocol.events import Built, EpochEnd, TrialEnd

    from .fake_runner import metrics_of

    token = random.SystemRandom().random()
    first = int(order.values.get("tuner/initial_epoch", 0))
    last = int(order.values.get("tuner/epochs", search.epochs))
    yield Built(parameters=100)
    for epoch in range(first + 1, last + 1):
        metrics = metrics_of(search.objective, order, epoch, token)
        yield EpochEnd(0, epoch, 0.1, metrics)
    yield TrialEnd(metrics, best_step=last - first - 1)


# --- Trials ---------------------------------------------------------------------------------------


def _start_trials() -> None:
    start_searches([{"tuner": "sobol", "max_trials": 3, "epochs": 2}], seconds=0.0)


def _start_rounds() -> None:
    settings = {"tuner": "hyperband", "epochs": 3, "parallel_trials": 1, "seed": 7}
    start_searches([settings], seconds=0.0)


def rows() -> dict[str, list[dict[str, Any]]]:
    return {name: query(sql) for name, sql in QUERIES.items()}


def query(sql: str) -> list[dict[str, Any]]:
    from django.conf import settings

    with closing(sqlite3.connect(settings.DATA_ROOT / "db.sqlite3")) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(sql).fetchall()]


def _check_trials() -> list[str]:
    ledger = audit(rows())
    again = [
        f"{row['number']} was lost twice" for row in rows()["trial"] if row["lost_attempts"] > 1
    ]
    return [*ledger.lost, *ledger.doubled, *again, *_leftovers()]


def _leftovers() -> list[str]:
    """Files below a data folder that no row refers to."""
    from django.conf import settings

    sweep()
    known = {row["file"] for row in query("SELECT file FROM tuning_savedmodel")}
    known |= {row["folder"] for row in query("SELECT folder FROM tuning_dataset")}
    known |= {row["key"] for row in query("SELECT key FROM tuning_dataset WHERE status = 'queued'")}
    roots = (settings.SAVED_MODELS_ROOT, settings.DATASETS_ROOT, settings.UPLOADS_ROOT)
    return [
        f"{path} is left" for root in roots for path in root.iterdir() if path.name not in known
    ]


# --- A retraining ---------------------------------------------------------------------------------


def _start_retraining() -> None:
    from tuning.actions.saved_models import retrain
    from tuning.models import Trial

    start_searches([{"tuner": "sobol", "max_trials": 1, "epochs": 1}], seconds=0.0)
    work()
    retrain(None, Trial.objects.get(), epochs=2)


def _check_retraining() -> list[str]:
    from django.conf import settings

    [row] = query("SELECT status, file, sha256 FROM tuning_savedmodel")
    if row["status"] != "completed":
        return [f"the model is {row['status']}"]
    content = (settings.SAVED_MODELS_ROOT / row["file"]).read_bytes()
    wrong = [] if hashlib.sha256(content).hexdigest() == row["sha256"] else ["its file differs"]
    return [*wrong, *_leftovers()]


# --- An upload ------------------------------------------------------------------------------------


def _start_upload() -> None:
    pass


def _upload() -> None:
    from django.conf import settings

    from tuning.actions.datasets import create_upload
    from tuning.models import Dataset, Team

    team, _ = Team.objects.get_or_create(name="Chaos")
    file = settings.UPLOADS_ROOT / "arrived"
    file.write_bytes(b"rows")
    create_upload(Dataset(name="Rows", team=team), file, {"kind": "images", "name": "p.zip"})
    work()


def _check_upload() -> list[str]:
    from django.conf import settings

    found = query("SELECT status, folder FROM tuning_dataset WHERE source = 'upload'")
    # Without a row the person saw an error, and uploads it again.
    if [row for row in found if row["status"] != "completed"] or len(found) > 1:
        return [f"the datasets are {found}"]
    missing = [
        row for row in found if not (settings.DATASETS_ROOT / row["folder"] / "x.npy").exists()
    ]
    return [f"{row['folder']} is not there" for row in missing] + _leftovers()


def start_from(folder: Path) -> None:
    """The data folder becomes a copy of this one, and there is no backup."""
    from django.conf import settings

    shutil.rmtree(_backup_folder(), ignore_errors=True)
    copy_folder(folder, Path(settings.DATA_ROOT))


# --- A backup -------------------------------------------------------------------------------------


def _backup_folder() -> Path:
    from django.conf import settings

    return Path(settings.DATA_ROOT).parent / "backup"


def _start_backup() -> None:
    _start_retraining()
    work()


def _back_up() -> None:
    from django.core.management import call_command

    with Path("/dev/null").open("w") as nowhere:
        call_command("backup", str(_backup_folder()), stdout=nowhere)


def _check_backup() -> list[str]:
    """Whatever has a manifest is whole, and there is a newest one."""
    root = _backup_folder()
    manifests = sorted(root.glob("*.json"))
    wrong = [] if manifests else ["there is no backup"]
    for manifest in manifests:
        told = json.loads(manifest.read_text())
        for sha256 in [told["database"], *(file["sha256"] for file in told["files"].values())]:
            [content] = [path for path in (root / "objects").rglob(sha256) if path.is_file()] or [
                None
            ]
            if content is None or hashlib.sha256(content.read_bytes()).hexdigest() != sha256:
                wrong.append(f"{manifest.name}: {sha256} is missing or different")
    return wrong


JOBS = (
    Job("claims, epochs and ends of trials", _start_trials, work, work, _check_trials),
    Job("retraining", _start_retraining, work, work, _check_retraining),
    Job("upload and preparation", _start_upload, _upload, work, _check_upload),
    Job("backup", _start_backup, _back_up, _back_up, _check_backup),
    Job(
        "Hyperband with its brackets",
        _start_rounds,
        work,
        work,
        _check_trials,
        load=_load_kerastuner,
        stride=5,
    ),
)
