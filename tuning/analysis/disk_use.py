"""Bytes on the disk of a project or a team: the one place that counts them.

Files are measured where they lie; of saved models, which are many and never change, the rows say
it. What belongs to no team is not counted: built-in datasets, downloads, uploads in parts (a
person's until they are whole) and what `supervisor/files.py` is about to remove.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path

from django.conf import settings
from django.db.models import Sum

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


def team_disk_use(team: Team) -> DiskUse:
    return _disk_use(Dataset.objects.filter(team=team), Project.objects.filter(team=team))


def project_disk_use(project: Project) -> DiskUse:
    """Its dataset counts if it is the team's, also if other projects use it, too."""
    datasets = Dataset.objects.filter(pk=project.dataset_id, team__isnull=False)
    return _disk_use(datasets, Project.objects.filter(pk=project.pk))


def _disk_use(datasets: Iterable[Dataset], projects: Iterable[Project]) -> DiskUse:
    models = SavedModel.objects.filter(project__in=projects)
    evaluations = ModelEvaluation.objects.filter(saved_model__in=models).exclude(file="")
    searches = Search.objects.filter(project__in=projects).values_list("pk", flat=True)
    asked = Prediction.objects.filter(saved_model__in=models)
    keys = [
        *(dataset.key for dataset in datasets),
        *SearchImport.objects.filter(project__in=projects).values_list("key", flat=True),
        *asked.values_list("key", flat=True),
    ]
    return DiskUse(
        datasets=_below(settings.DATASETS_ROOT, (each.folder for each in datasets)),
        models=(models.aggregate(total=Sum("size"))["total"] or 0)
        + _below(settings.SAVED_MODELS_ROOT, evaluations.values_list("file", flat=True)),
        checkpoints=_below(settings.CHECKPOINTS_ROOT, map(str, searches)),
        uploads=_below(settings.UPLOADS_ROOT, keys)
        + _below(settings.PREDICTIONS_ROOT, asked.exclude(file="").values_list("file", flat=True)),
    )


def _below(root: Path, names: Iterable[str]) -> int:
    """Of files and folders of these names."""
    return sum(bytes_of(Path(root) / name) for name in names if name)


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
