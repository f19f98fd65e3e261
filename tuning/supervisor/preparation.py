"""Preparing the bundled datasets at set-up, before any worker runs."""

import os
import threading

from django.utils import timezone

from tuning.models import Dataset, Worker
from tuning.protocol.statuses import Status

from .assignments.preparation import PreparationAssignment
from .launch import Device
from .runners import RunnerProcess
from .slots import memory_limit
from .supervise import supervise


def prepare_bundled() -> None:
    """Prepare every bundled dataset that is not ready yet, here and now. Raises RuntimeError."""
    missing = Dataset.objects.filter(source=Dataset.Source.BUNDLED, folder="")
    if not missing:
        return
    now = timezone.now()
    worker = Worker.objects.create(
        name=f"setup-{os.getpid()}", slots=1, started_at=now, seen_at=now, stopped_at=now
    )
    try:
        for dataset in missing:
            _prepare(dataset, worker)
    finally:
        worker.delete()


def _prepare(dataset: Dataset, worker: Worker) -> None:
    Dataset.objects.filter(pk=dataset.pk).exclude(status=Status.RUNNING).update(
        status=Status.QUEUED, requested=True
    )
    if not Dataset.objects.claim(dataset.pk, worker, 0):
        return
    dataset.refresh_from_db()
    runner = RunnerProcess(Device(threads=1), needs_keras=False)
    try:
        supervise(PreparationAssignment(dataset), runner, memory_limit(), threading.Event())
    finally:
        runner.kill()
    dataset.refresh_from_db()
    if not dataset.is_ready:
        raise RuntimeError(f"{dataset.name} could not be prepared: {dataset.failure_message}")
