"""Workers with what each of their slots runs, as far as the user may know."""

from dataclasses import dataclass
from typing import Any

from tuning.models import Project, Worker

from .tasks import KINDS, tasks


@dataclass(frozen=True)
class Slot:
    """`text` is what runs there: empty if nothing does, without a name if it is a secret."""

    number: int
    device: str
    text: str = ""
    url: str = ""


@dataclass(frozen=True)
class WorkerRow:
    worker: Worker
    online: bool
    slots: list[Slot]


def worker_rows(user: Any) -> list[WorkerRow]:
    """As many queries as there are kinds of work, however many workers and slots there are."""
    busy = _busy(user)
    online = set(Worker.objects.online().values_list("pk", flat=True))
    rows = []
    for worker in Worker.objects.order_by("stopped_at", "name"):
        slots = []
        for number in range(worker.slots):
            device = worker.devices[number] if number < len(worker.devices) else ""
            text, url = busy.get((worker.pk, number), ("", "")) if worker.pk in online else ("", "")
            slots.append(Slot(number, device, text, url))
        rows.append(WorkerRow(worker, worker.pk in online, slots))
    return sorted(rows, key=lambda row: not row.online)


def _busy(user: Any) -> dict[tuple[int, int], tuple[str, str]]:
    """(worker, slot): what runs there and where it is shown."""
    known = set(Project.objects.visible_to(user).values_list("pk", flat=True))
    busy: dict[tuple[int, int], tuple[str, str]] = {}
    for kind in KINDS:
        for task in tasks(kind, user, kind.objects.running()):  # type: ignore[attr-defined]
            seen = task.visible or task.project in known
            told = (task.text, task.url) if seen else ("Task of another team", "")
            busy[task.row.worker_id, task.row.slot] = told
    return busy
