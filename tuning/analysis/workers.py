"""Workers with what each of their slots runs, as far as the user may know."""

from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from tuning.models import Dataset, Inspection, Project, SavedModel, Trial, Worker


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
    """Seven queries, however many workers and slots there are."""
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
    own = set(Project.objects.visible_to(user).values_list("pk", flat=True))
    busy: dict[tuple[int, int], tuple[str, str]] = {}

    def note(row: Any, project: int | None, text: str, url: str) -> None:
        secret = project is not None and project not in own
        busy[row.worker_id, row.slot] = ("Work of another team", "") if secret else (text, url)

    for trial in (
        Trial.objects.running()
        .select_related("search__project")
        .only("worker_id", "slot", "number", "search__number", "search__project__name")
    ):
        text = f"Trial {trial.number} of {trial.search}"
        note(trial, trial.search.project_id, text, reverse("trial-detail", args=[trial.pk]))
    for row in (
        SavedModel.objects.running()
        .select_related("project", "trial")
        .only("worker_id", "slot", "trial__number", "project__name")
    ):
        text = f"Retraining trial {row.trial.number} of {row.project}"
        note(row, row.project_id, text, reverse("saved-model-detail", args=[row.pk]))
    for row in Inspection.objects.running().select_related("project"):
        text = f"Reading the search space of {row.project}"
        note(row, row.project_id, text, reverse("project-detail", args=[row.project_id]))
    for row in Dataset.objects.running():
        note(row, None, f"Preparing {row.name}", reverse("dataset-detail", args=[row.pk]))
    return busy
