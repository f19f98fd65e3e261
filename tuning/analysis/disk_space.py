"""The disk for administrators: how full it is, who uses it, and what nobody uses."""

import shutil
from dataclasses import dataclass, replace

from django.conf import settings

from tuning.models import Dataset, PartialUpload, Project, Team
from tuning.storage.stored import bytes_of

from .disk_use import NOTHING, DiskUse, projects_disk_use, teams_disk_use

# Of projects, and of datasets without one: the largest.
MAX_LISTED = 20


@dataclass(frozen=True)
class Disk:
    """Of the file system with the data folder, in bytes. Work stops below `floor`."""

    total: int
    free: int
    floor: int

    @property
    def used(self) -> int:
        return self.total - self.free


@dataclass(frozen=True)
class TeamRow:
    team: Team
    use: DiskUse
    limit: int | None


@dataclass(frozen=True)
class Sized:
    """A project or a dataset, with what it takes."""

    name: str
    team: str
    use: DiskUse


def disk() -> Disk:
    found = shutil.disk_usage(settings.DATA_ROOT)
    return Disk(found.total, found.free, settings.DISK_FLOOR_MB << 20)


def team_rows() -> list[TeamRow]:
    """All teams, the largest first."""
    uses = teams_disk_use(Team.objects.all())
    rows = [
        TeamRow(team, uses.get(team.pk, NOTHING), team.quota("max_storage"))
        for team in Team.objects.all()
    ]
    return sorted(rows, key=lambda row: -row.use.total)


def largest_projects() -> list[Sized]:
    """Without their datasets, which are the teams'."""
    uses = projects_disk_use(Project.objects.all())
    most = sorted(uses, key=lambda pk: -uses[pk].total)[:MAX_LISTED]
    names = Project.objects.select_related("team").in_bulk(most)
    rows = [Sized(names[pk].name, names[pk].team.name, uses[pk]) for pk in most if pk in names]
    return [row for row in rows if row.use.total]


def unused_datasets() -> list[Sized]:
    """Teams' datasets that no project uses."""
    rows = Dataset.objects.filter(team__isnull=False, projects=None).exclude(folder="")
    sized = []
    for row in rows.select_related("team"):
        size = row.stored.disk_use()
        sized.append(Sized(row.title, row.team.name, replace(NOTHING, datasets=size)))
    return sorted(sized, key=lambda row: -row.use.total)[:MAX_LISTED]


def unfinished_uploads() -> tuple[int, int]:
    """How many, and their bytes."""
    rows = list(PartialUpload.objects.all())
    return len(rows), sum(bytes_of(row.folder) for row in rows)
