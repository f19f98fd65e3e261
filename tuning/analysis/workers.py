"""Workers with what each of their slots runs, as far as the user may know."""

from collections.abc import Callable, Iterator
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


@dataclass(frozen=True)
class _Task:
    """What a slot works on; `project` is the one whose members may know, or `visible` says it."""

    row: Any
    text: str
    url: str
    project: int | None = None
    visible: bool = False


def _busy(user: Any) -> dict[tuple[int, int], tuple[str, str]]:
    """(worker, slot): what runs there and where it is shown."""
    known = set(Project.objects.visible_to(user).values_list("pk", flat=True))
    busy: dict[tuple[int, int], tuple[str, str]] = {}
    for tasks in _KINDS:
        for task in tasks(user):
            seen = task.visible or task.project in known
            told = (task.text, task.url) if seen else ("Task of another team", "")
            busy[task.row.worker_id, task.row.slot] = told
    return busy


def _trials(_: Any) -> Iterator[_Task]:
    rows = Trial.objects.running().select_related("search__project")
    for trial in rows.only(*_SLOT, "number", *_fields("search", "number", *_PROJECT)):
        text = f"Trial {trial.number} of {trial.search}"
        yield _Task(trial, text, reverse("trial-detail", args=[trial]), trial.search.project_id)


def _executions(_: Any) -> Iterator[_Task]:
    rows = Execution.objects.running().select_related("trial__search__project")
    search_fields = _fields("trial__search", "number", "model_kind", "cross_validated", *_PROJECT)
    for row in rows.only(*_SLOT, "number", "trial__number", *search_fields):
        trial, search = row.trial, row.trial.search
        text = f"{search.part.capitalize()} {row.number + 1} of trial {trial.number} of {search}"
        yield _Task(row, text, reverse("trial-detail", args=[trial]), search.project_id)


def _retrainings(_: Any) -> Iterator[_Task]:
    rows = SavedModel.objects.running().select_related("project", "trial")
    for row in rows.only(*_SLOT, "number", "trial__number", *_PROJECT):
        text = f"Retraining trial {row.trial.number} of {row.project}"
        yield _Task(row, text, reverse("saved-model-detail", args=[row]), row.project_id)


def _uses_of_models(_: Any) -> Iterator[_Task]:
    fields = _fields("saved_model", "number", "name", "version", *_PROJECT)
    for kind, doing in ((ModelEvaluation, "Evaluating"), (Prediction, "Predicting with")):
        rows: Any = kind.objects.running()  # type: ignore[attr-defined]
        for row in rows.select_related("saved_model__project").only(*_SLOT, *fields):
            model = row.saved_model
            url = reverse("saved-model-detail", args=[model])
            yield _Task(row, f"{doing} {model.title} of {model.project}", url, model.project_id)


def _imports(_: Any) -> Iterator[_Task]:
    for row in SearchImport.objects.running().only(*_SLOT, "name", "project"):
        url = reverse("import-detail", args=[row.pk])
        yield _Task(row, f"Reading {row.name}", url, row.project_id)


def _inspections(user: Any) -> Iterator[_Task]:
    rows = Inspection.objects.running()
    visible = set(rows.visible_to(user).values_list("pk", flat=True))
    rows = rows.select_related("dataset", "hypermodel")
    for row in rows.only(*_SLOT, "dataset__name", "hypermodel__name"):
        text = f"Validating {row.hypermodel} on {row.dataset}"
        url = reverse("hypermodel-detail", args=[row.hypermodel_id])
        yield _Task(row, text, url, visible=row.pk in visible)


def _dry_runs(user: Any) -> Iterator[_Task]:
    rows = DryRun.objects.running().select_related("inspection__hypermodel")
    for row in rows.only(*_SLOT, "created_by", "inspection__hypermodel__name"):
        template = row.inspection.hypermodel
        url = reverse("hypermodel-detail", args=[template.pk])
        yield _Task(row, f"Dry run of {template}", url, visible=row.created_by_id == user.pk)


def _preparations(user: Any) -> Iterator[_Task]:
    rows = Dataset.objects.running()
    visible = set(rows.visible_to(user).values_list("pk", flat=True))
    for row in rows:
        url = reverse("dataset-detail", args=[row.pk])
        yield _Task(row, f"Preparing {row.name}", url, visible=row.pk in visible)


_KINDS: tuple[Callable[[Any], Iterator[_Task]], ...] = (
    _trials, _executions, _retrainings, _uses_of_models, _imports, _inspections, _dry_runs,
    _preparations,
)  # fmt: skip
_SLOT = ("worker_id", "slot")
_PROJECT = ("project", "project__name")


def _fields(relation: str, *names: str) -> list[str]:
    return [f"{relation}__{name}" for name in names]
