"""Pieces of work as pages name them, and who may know of them. One query for each kind."""

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
    SavedModel,
    SearchImport,
    Trial,
    Work,
)


@dataclass(frozen=True)
class Task:
    """A piece of work; `project` is the one whose members may know, or `visible` says it."""

    row: Any
    text: str
    url: str
    project: int | None = None
    visible: bool = False


def tasks(kind: type[Work], user: Any, rows: Any) -> Iterator[Task]:
    """These rows of the kind. Those that a person may not know of have their text all the same:
    callers look at `project` and `visible`."""
    return _KINDS[kind](user, rows)


def _trials(_: Any, rows: Any) -> Iterator[Task]:
    rows = rows.select_related("search__project")
    for trial in rows.only(*_SLOT, "number", *_fields("search", "number", *_PROJECT)):
        text = f"Trial {trial.number} of {trial.search}"
        yield Task(trial, text, reverse("trial-detail", args=[trial]), trial.search.project_id)


def _executions(_: Any, rows: Any) -> Iterator[Task]:
    rows = rows.select_related("trial__search__project")
    search_fields = _fields("trial__search", "number", "model_kind", "cross_validated", *_PROJECT)
    for row in rows.only(*_SLOT, "number", "trial__number", *search_fields):
        trial, search = row.trial, row.trial.search
        text = f"{search.part.capitalize()} {row.number + 1} of trial {trial.number} of {search}"
        yield Task(row, text, reverse("trial-detail", args=[trial]), search.project_id)


def _retrainings(_: Any, rows: Any) -> Iterator[Task]:
    rows = rows.select_related("project", "trial")
    for row in rows.only(*_SLOT, "number", "trial__number", *_PROJECT):
        text = f"Retraining trial {row.trial.number} of {row.project}"
        yield Task(row, text, reverse("saved-model-detail", args=[row]), row.project_id)


def _uses_of_models(doing: str) -> Callable[[Any, Any], Iterator[Task]]:
    def named(_: Any, rows: Any) -> Iterator[Task]:
        fields = _fields("saved_model", "number", "name", "version", *_PROJECT)
        for row in rows.select_related("saved_model__project").only(*_SLOT, *fields):
            model = row.saved_model
            url = reverse("saved-model-detail", args=[model])
            yield Task(row, f"{doing} {model.title} of {model.project}", url, model.project_id)

    return named


def _imports(_: Any, rows: Any) -> Iterator[Task]:
    for row in rows.only(*_SLOT, "name", "project"):
        url = reverse("import-detail", args=[row.pk])
        yield Task(row, f"Reading {row.name}", url, row.project_id)


def _inspections(user: Any, rows: Any) -> Iterator[Task]:
    visible = set(rows.visible_to(user).values_list("pk", flat=True))
    rows = rows.select_related("dataset", "hypermodel")
    for row in rows.only(*_SLOT, "dataset__name", "hypermodel__name"):
        text = f"Validating {row.hypermodel} on {row.dataset}"
        url = reverse("hypermodel-detail", args=[row.hypermodel_id])
        yield Task(row, text, url, visible=row.pk in visible)


def _dry_runs(user: Any, rows: Any) -> Iterator[Task]:
    rows = rows.select_related("inspection__hypermodel")
    for row in rows.only(*_SLOT, "created_by", "inspection__hypermodel__name"):
        template = row.inspection.hypermodel
        url = reverse("hypermodel-detail", args=[template.pk])
        yield Task(row, f"Dry run of {template}", url, visible=row.created_by_id == user.pk)


def _preparations(user: Any, rows: Any) -> Iterator[Task]:
    visible = set(rows.visible_to(user).values_list("pk", flat=True))
    for row in rows:
        url = reverse("dataset-detail", args=[row.pk])
        yield Task(row, f"Preparing {row.name}", url, visible=row.pk in visible)


_KINDS: dict[type[Work], Callable[[Any, Any], Iterator[Task]]] = {
    Trial: _trials,
    Execution: _executions,
    SavedModel: _retrainings,
    ModelEvaluation: _uses_of_models("Evaluating"),
    Prediction: _uses_of_models("Predicting with"),
    SearchImport: _imports,
    Inspection: _inspections,
    DryRun: _dry_runs,
    Dataset: _preparations,
}
KINDS = tuple(_KINDS)
_SLOT = ("worker_id", "slot", "created_at")
_PROJECT = ("project", "project__name")


def _fields(relation: str, *names: str) -> list[str]:
    return [f"{relation}__{name}" for name in names]
