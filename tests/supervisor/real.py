"""Real runners for tests: a slot that starts them, one that prepares a dataset."""

import threading
from collections.abc import Callable
from pathlib import Path

from django.conf import settings

from tests.runner.warm import fork_runner
from tuning.models import Dataset, Worker
from tuning.supervisor.assignments.preparation import PreparationAssignment
from tuning.supervisor.folders import runners_folder
from tuning.supervisor.launch import Device, RunnerStart
from tuning.supervisor.pool import RunnerPool
from tuning.supervisor.runners import RunnerProcess
from tuning.supervisor.slot import SlotLoop
from tuning.supervisor.starting import Process
from tuning.supervisor.supervise import supervise

MB = 1024 * 1024


class WarmRunner(RunnerProcess):
    """A fork of the process of these tests that has imported Keras."""

    @staticmethod
    def start_process(start: RunnerStart) -> Process:
        return fork_runner(
            start.folder, start.environment, start.flags, start.orders, start.log, start.events
        )


def real_slot(
    worker: Worker, megabytes: int, start: Callable[[Device], RunnerProcess] = WarmRunner
) -> SlotLoop:
    """Its runners, as `start` makes them, may use so much memory."""
    return SlotLoop(
        worker=worker,
        number=0,
        device=Device(threads=1),
        pool=RunnerPool(start),
        memory_limit=megabytes * MB,
        stopping=threading.Event(),
        closed=threading.Event(),
    )


def prepare(claimed: Dataset) -> RunnerProcess:
    """What a slot does with a dataset that it has claimed. The runner has ended."""
    runner = RunnerProcess(Device(threads=1), needs_keras=False)
    try:
        supervise(PreparationAssignment(claimed), runner, 1000 * MB, threading.Event())
    finally:
        runner.kill()
    claimed.refresh_from_db()
    return runner


def leftovers(row: Dataset) -> list[Path]:
    """Files of a dataset and folders of runners that are there."""
    prepared = Path(settings.DATASETS_ROOT).glob(f"*{row.key}*")
    uploaded = Path(settings.UPLOADS_ROOT).glob(f"*{row.key}*")
    return [*prepared, *uploaded, *runners_folder().iterdir()]
