"""Workers with what each of their slots runs, as far as the user may know."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import DurationField, ExpressionWrapper, F
from django.db.models.functions import Now

from tuning.models import Project, Worker
from tuning.models.people import display_name
from tuning.models.workers import CLOCK_TOLERANCE, Requested

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
    # Since its last heartbeat.
    age: timedelta
    slots: list[Slot]

    @property
    def state(self) -> tuple[str, str]:
        """The class of its badge, and a word."""
        if not self.online:
            return "stopped", "Offline"
        if self.worker.refusal:
            return "failed", "Takes no work"
        return _STATES[Requested(self.worker.requested)]

    @property
    def busy(self) -> int:
        return sum(bool(slot.text) for slot in self.slots)

    @property
    def request_text(self) -> str:
        """What an administrator asked of it."""
        if not self.worker.requested:
            return ""
        by = self.worker.requested_by
        who = f" by {display_name(by)}" if by else ""
        if self.worker.requested == Requested.PAUSE:
            return f"Paused{who}: it takes no new work until it is resumed. Running work continues."
        return f"Drained{who}: it takes no new work and ends after its running work."

    @property
    def versions_text(self) -> str:
        return " · ".join(
            f"{_NAMES.get(name, name)} {version}" for name, version in self.worker.versions.items()
        )

    @property
    def clock_text(self) -> str:
        return clock_text(self.worker.clock_offset)


def clock_text(offset: float | None) -> str:
    """How far a clock is from the database's, if that is too far."""
    if offset is None or abs(offset) <= CLOCK_TOLERANCE:
        return ""
    direction = "ahead of" if offset > 0 else "behind"
    return f"{abs(offset):,.0f} s {direction} the database"


_NAMES = {
    "tuneroom": "Tuneroom", "python": "Python", "tensorflow": "TensorFlow", "keras": "Keras",
    "keras-tuner": "KerasTuner",
}  # fmt: skip
_STATES = {
    Requested.NOTHING: ("completed", "Online"),
    Requested.PAUSE: ("paused", "Paused"),
    Requested.DRAIN: ("queued", "Draining"),
}


def worker_row(user: Any, pk: int) -> WorkerRow:
    return next(row for row in worker_rows(user) if row.worker.pk == pk)


def worker_rows(user: Any) -> list[WorkerRow]:
    """As many queries as there are kinds of work, however many workers and slots there are."""
    busy = _busy(user)
    online = set(Worker.objects.online().values_list("pk", flat=True))
    rows = []
    age = ExpressionWrapper(Now() - F("seen_at"), output_field=DurationField())
    found = Worker.objects.select_related("requested_by__profile").annotate(age=age)
    for worker in found.order_by("stopped_at", "name"):
        slots = []
        for number in range(worker.slots):
            device = worker.devices[number] if number < len(worker.devices) else ""
            text, url = busy.get((worker.pk, number), ("", "")) if worker.pk in online else ("", "")
            slots.append(Slot(number, device, text, url))
        # A clock that was set back makes no negative times.
        since = max(worker.age, timedelta(0))
        rows.append(WorkerRow(worker, worker.pk in online, since, slots))
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
