"""Bytes on the disk of a project or a team: the one place that counts them.

Files are measured where they lie. Of those in the storage, and of saved models, which are many and
never change, the rows say it. What belongs to no team is not counted: built-in datasets, downloads,
uploads in parts (a person's until they are whole) and what `supervisor/files.py` is about to
remove. Of checkpoints, those on this machine are counted.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, fields

from django.conf import settings
from django.db.models import F, QuerySet, Sum

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
from tuning.storage.stored import StoredFile, bytes_of

# Of the fields of DiskUse.
_CAPTIONS = {
    "datasets": "Datasets",
    "models": "Saved models",
    "checkpoints": "Checkpoints",
    "uploads": "Uploads",
}
_OF_PREDICTIONS = ("status", "key", "upload_sha256", "upload_size", "file", "sha256", "size")


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

    def add(of: int, part: str, *files: StoredFile) -> None:
        sizes[of, part] += sum(file.disk_use() for file in files)

    for of, dataset in datasets:
        if dataset.folder:
            add(of, "datasets", dataset.stored)
        # An upload that was read is of no use, and the storage need not be asked for it.
        if dataset.is_active:
            add(of, "uploads", dataset.uploaded)
    models = SavedModel.objects.filter(project__in=projects)
    for project, size in models.order_by().values_list("project").annotate(Sum("size")):
        sizes[owners[project], "models"] += size or 0
    of_model, project_of_it = {"saved_model__in": models}, F("saved_model__project")
    evaluations = ModelEvaluation.objects.filter(**of_model).exclude(file="")
    for row in evaluations.annotate(owned_by=project_of_it).only("file", "sha256", "size"):
        add(owners[row.owned_by], "models", row.stored)
    imports = SearchImport.objects.active().filter(project__in=projects)
    for found in imports.defer("metrics", "studies"):
        add(owners[found.project_id], "uploads", found.uploaded)
    asked = Prediction.objects.filter(**of_model).annotate(owned_by=project_of_it)
    for each in asked.only(*_OF_PREDICTIONS):
        waits = [each.uploaded] if each.is_active else []
        add(owners[each.owned_by], "uploads", *waits, each.stored)
    for pk, project in Search.objects.filter(project__in=projects).values_list("pk", "project"):
        for root in (settings.CHECKPOINTS_ROOT, settings.RESUME_ROOT):
            sizes[owners[project], "checkpoints"] += bytes_of(root / str(pk))
    return {
        of: DiskUse(**{field.name: sizes[of, field.name] for field in fields(DiskUse)})
        for of in {of for of, _ in sizes}
    }
