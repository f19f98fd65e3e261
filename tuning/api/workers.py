"""Workers, for scripts that watch machines or take them out of service."""

from typing import Any, Literal

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router, Schema

from tuning.actions.workers import request_of
from tuning.analysis.workers import WorkerRow, worker_row, worker_rows
from tuning.models import Worker
from tuning.models.workers import Requested

from . import rows
from .changes import check_manages
from .schemas import WorkerOut

router = Router(tags=["Workers"])


class WorkerChange(Schema):
    """`pause`: takes no new work; `drain`: and ends after its running work; empty: works."""

    requested: Literal["", "pause", "drain"]


@router.get("/workers", response=list[WorkerOut])
def list_workers(request: HttpRequest) -> Any:
    """All workers with what their slots run, those online first. Other teams' work has no name."""
    return [_as_json(row) for row in worker_rows(request.user)]


@router.patch("/workers/{int:worker}", response=WorkerOut)
def change_worker(request: HttpRequest, worker: int, body: WorkerChange) -> Any:
    """Pause or drain a worker, or have it take work again. It sees that at its next heartbeat;
    nothing that runs is interrupted. For administrators."""
    if not request.user.is_superuser:
        raise PermissionDenied("Only administrators can pause and drain workers.")
    check_manages(request)
    row = get_object_or_404(Worker, pk=worker)
    request_of(row, Requested(body.requested), request.user)
    return _as_json(worker_row(request.user, row.pk))


def _as_json(row: WorkerRow) -> dict[str, Any]:
    worker = row.worker
    names = "name", "host", "memory", "requested", "refusal", "versions", "clock_offset"
    more = "isolation_level", "gpu_slots", "started_at", "seen_at"
    return {
        **rows.fields(worker, *names, *more),
        "id": worker.pk,
        "online": row.online,
        "slots": [
            {"number": slot.number, "device": slot.device, "running": slot.text or None}
            for slot in row.slots
        ],
    }
