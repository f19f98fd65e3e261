"""What administrators ask of workers."""

from typing import Any

from django.db import transaction

from tuning.models import Worker
from tuning.models.workers import Requested

from .audit import record

_ACTIONS = {Requested.NOTHING: "resumed", Requested.PAUSE: "paused", Requested.DRAIN: "drained"}


@transaction.atomic
def request_of(worker: Worker, requested: Requested, by: Any) -> None:
    """The worker sees it at its next heartbeat. Nothing that runs is interrupted."""
    worker.requested, worker.requested_by = requested, by if requested else None
    worker.save(update_fields=["requested", "requested_by"])
    record("worker.change", f"worker “{worker.name}”", by=by, action=_ACTIONS[requested])
