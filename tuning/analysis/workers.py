"""Workers with what each of their slots runs, as far as the user may know."""

from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from tuning.models import (
    Dataset,
    DryRun,
    Execution,
    Inspection,
    ModelEvaluation,
    Prediction,
    Project,
    SavedModel,
    SearchImport,
    Trial,
    Worker,
)


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
    """Twelve queries, however many workers and slots there are."""
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

    def note(row: Any, visible: bool, text: str, url: str) -> None:
        busy[row.worker_id, row.slot] = (text, url) if visible else ("Task of another team", "")

    for trial in (
        Trial.objects.running()
        .select_related("search__project")
        .only(
            "worker_id",
            "slot",
            "number",
            "search__number",
            "search__project",
            "search__project__name",
        )
    ):
        text = f"Trial {trial.number} of {trial.search}"
        url = reverse("trial-detail", args=[trial])
        note(trial, trial.search.project_id in own, text, url)
    for row in (
        Execution.objects.running()
        .select_related("trial__search__project")
        .only(
            "worker_id",
            "slot",
            "number",
            "trial__number",
            "trial__search__number",
            "trial__search__model_kind",
            "trial__search__project",
            "trial__search__project__name",
        )
    ):
        trial, search = row.trial, row.trial.search
        part = "Execution" if search.kind.has_epochs else search.kind.unit.capitalize()
        text = f"{part} {row.number + 1} of trial {trial.number} of {search}"
        note(row, search.project_id in own, text, reverse("trial-detail", args=[trial]))
    for row in (
        SavedModel.objects.running()
        .select_related("project", "trial")
        .only("worker_id", "slot", "number", "trial__number", "project", "project__name")
    ):
        text = f"Retraining trial {row.trial.number} of {row.project}"
        note(row, row.project_id in own, text, reverse("saved-model-detail", args=[row]))
    saved = "saved_model__project__name", "saved_model__name", "saved_model__version"
    known = "worker_id", "slot", "saved_model__number", "saved_model__project", *saved
    for kind, doing in ((ModelEvaluation, "Evaluating"), (Prediction, "Predicting with")):
        rows: Any = kind.objects.running()  # type: ignore[attr-defined]
        for row in rows.select_related("saved_model__project").only(*known):
            model = row.saved_model
            url = reverse("saved-model-detail", args=[model])
            note(row, model.project_id in own, f"{doing} {model.title} of {model.project}", url)
    for row in SearchImport.objects.running().only("worker_id", "slot", "name", "project"):
        url = reverse("import-detail", args=[row.pk])
        note(row, row.project_id in own, f"Reading {row.name}", url)
    inspections = Inspection.objects.running()
    visible = set(inspections.visible_to(user).values_list("pk", flat=True))
    for row in inspections.select_related("dataset", "hypermodel").only(
        "worker_id", "slot", "dataset__name", "hypermodel__name"
    ):
        text = f"Validating {row.hypermodel} on {row.dataset}"
        url = reverse("hypermodel-detail", args=[row.hypermodel_id])
        note(row, row.pk in visible, text, url)
    dry_runs = DryRun.objects.running().select_related("inspection__hypermodel")
    for row in dry_runs.only("worker_id", "slot", "created_by", "inspection__hypermodel__name"):
        model = row.inspection.hypermodel
        url = reverse("hypermodel-detail", args=[model.pk])
        note(row, row.created_by_id == user.pk, f"Dry run of {model}", url)
    datasets = Dataset.objects.running()
    visible = set(datasets.visible_to(user).values_list("pk", flat=True))
    for row in datasets:
        note(
            row,
            row.pk in visible,
            f"Preparing {row.name}",
            reverse("dataset-detail", args=[row.pk]),
        )
    return busy
