"""Bytes on the disk of a project or a team: the one place that counts them.

Files are measured where they lie; of saved models, which are many and never change, the rows say
it. What belongs to no team is not counted: built-in datasets, downloads, uploads in parts (a
person's until they are whole) and what `supervisor/files.py` is about to remove.
"""

import os
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import QuerySet, Sum

from tuning.models import (
    Dataset,
    ModelEvaluation,
    Prediction,
    Project,
    SavedModel,
    Search,
    SearchImport,
    Team,
)

# Of the fields of DiskUse.
_CAPTIONS = {
    "datasets": "Datasets",
    "models": "Saved models",
    "checkpoints": "Checkpoints",
    "uploads": "Uploads",
}


@dataclass(frozen=True)
class DiskUse:
    """In bytes. `uploads`: files that wait to be read, and those given to models."""

    datasets: int
    models: int
    checkpoints: int
    uploads: int

    @property
    def total(self) -> int:
        return sum(size for _, size in self.parts)

    @property
    def parts(self) -> list[tuple[str, int]]:
        """Captions and bytes."""
        return [(_CAPTIONS[field.name], getattr(self, field.name)) for field in fields(self)]


NOTHING = DiskUse(0, 0, 0, 0)


def team_disk_use(team: Team) -> DiskUse:
    return teams_disk_use(Team.objects.filter(pk=team.pk)).get(team.pk, NOTHING)


def teams_disk_use(teams: QuerySet[Team]) -> dict[int, DiskUse]:
    """Of each that has something, in as many queries as for one."""
    datasets = [(row.team_id or 0, row) for row in Dataset.objects.filter(team__in=teams)]
    return _disk_uses(datasets, Project.objects.filter(team__in=teams), owner="team")


def project_disk_use(project: Project) -> DiskUse:
    """Its dataset counts if it is the team's, also if other projects use it, too."""
    rows = Dataset.objects.filter(pk=project.dataset_id, team__isnull=False)
    uses = _disk_uses([(project.pk, row) for row in rows], Project.objects.filter(pk=project.pk))
    return uses.get(project.pk, NOTHING)


def projects_disk_use(projects: QuerySet[Project]) -> dict[int, DiskUse]:
    """Of each that has something, without datasets, which are the team's."""
    return _disk_uses([], projects)


def _disk_uses(
    datasets: Iterable[tuple[int, Dataset]], projects: QuerySet[Project], owner: str = "pk"
) -> dict[int, DiskUse]:
    """Of owners of datasets and projects. `owner`: the field of a project that says whose it is."""
    owners: dict[int, int] = dict(projects.values_list("pk", owner))
    sizes: dict[tuple[int, str], int] = defaultdict(int)

    def add(of: int, part: str, root: Path, name: str) -> None:
        sizes[of, part] += bytes_of(root / name) if name else 0

    for of, dataset in datasets:
        add(of, "datasets", settings.DATASETS_ROOT, dataset.folder)
        add(of, "uploads", settings.UPLOADS_ROOT, dataset.key)
    models = SavedModel.objects.filter(project__in=projects)
    for project, size in models.order_by().values_list("project").annotate(Sum("size")):
        sizes[owners[project], "models"] += size or 0
    answers = "saved_model__project"
    for rows, path, part, root, field in (
        (ModelEvaluation.objects, answers, "models", settings.SAVED_MODELS_ROOT, "file"),
        (Search.objects, "project", "checkpoints", settings.CHECKPOINTS_ROOT, "pk"),
        (SearchImport.objects, "project", "uploads", settings.UPLOADS_ROOT, "key"),
        (Prediction.objects, answers, "uploads", settings.UPLOADS_ROOT, "key"),
        (Prediction.objects, answers, "uploads", settings.PREDICTIONS_ROOT, "file"),
    ):
        found: Any = rows.filter(**{f"{path}__in": projects}).order_by()  # type: ignore[attr-defined]
        for project, name in found.values_list(path, field):
            add(owners[project], part, root, str(name))
    return {
        of: DiskUse(**{field.name: sizes[of, field.name] for field in fields(DiskUse)})
        for of in {of for of, _ in sizes}
    }


def bytes_of(path: str | Path) -> int:
    """Of a file, or of all files in a folder; 0 if it is not there. What is removed meanwhile is
    left out, and no link is followed."""
    try:
        with os.scandir(path) as entries:
            return sum(
                bytes_of(entry.path)
                if entry.is_dir(follow_symlinks=False)
                else entry.stat(follow_symlinks=False).st_size
                for entry in entries
            )
    except NotADirectoryError:
        return os.lstat(path).st_size
    except FileNotFoundError:
        return 0
