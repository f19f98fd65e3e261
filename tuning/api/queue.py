"""The queue."""

from typing import Any

from django.http import HttpRequest
from ninja import Router

from tuning.analysis.queue import queue

from . import rows
from .schemas import QueueOut

router = Router(tags=["Workers"])


@router.get("/queue", response=QueueOut)
def show_queue(request: HttpRequest) -> dict[str, Any]:
    """What waits for a slot, and why: your teams' work; for administrators all."""
    found = queue(request.user)
    entries = [
        rows.fields(row, "text", "position", "starts_in", "since")
        | {"reason": row.reason.value, "url": request.build_absolute_uri(row.url)}
        for row in found.rows
    ]
    return {
        "entries": entries,
        "hidden": found.hidden,
        "slots": found.slots.total,
        "free_slots": found.slots.free,
        "gpu_slots": found.slots.gpus,
        "free_gpu_slots": found.slots.free_gpus,
    }
