"""Quotas of teams: what they may have, what they have, and what people read at the limit.

An administrator sets them for a team, and the settings for all others. They are checked when a
person begins something, by the forms of pages and API, so both refuse with the same sentence and
nothing that was entered is lost. Nothing that runs is ended: the trials of a search go on to its
planned end when its team runs out of storage, because what they learned is worth more than the few
megabytes of its checkpoints; retraining, which makes files that stay, has to be asked for. Slots
are not refused: what exceeds that quota waits (`sharing.py`).
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib.auth import get_user_model
from django.template.defaultfilters import filesizeformat

from tuning.figures import counted, in_words
from tuning.models import Dataset, Project, SavedModel, Team
from tuning.models.people import display_name

from .disk_use import NOTHING, DiskUse, project_disk_use, teams_disk_use
from .moving import parts_of
from .roles import MAX_NAMES
from .sharing import slots_in_use


def _number(value: int) -> str:
    return f"{value:,}"


def size(value: int) -> str:
    """As pages show it, in a plain sentence."""
    return str(filesizeformat(value)).replace("\xa0", " ")


@dataclass(frozen=True)
class Quota:
    """A field of a team. `shared`: what all of the team's work has together, not one search."""

    name: str
    caption: str
    help: str
    text: Callable[[int], str] = _number
    shared: bool = True


QUOTAS = {
    quota.name: quota
    for quota in (
        Quota("max_storage", "Storage", "Datasets, checkpoints, models and uploads.", size),
        Quota("max_files", "Files", "Uploaded datasets and saved models."),
        Quota(
            "max_slots", "Parallel slots", "Trials, executions and retrainings at a time. Others "
            "wait.",
        ),
        Quota("max_trials", "Trials per search", "Maximum for each search.", shared=False),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Meter:
    """How much of a quota a team has used. `limit` is None where there is none."""

    quota: Quota
    used: int
    limit: int | None

    @property
    def text(self) -> str:
        if self.limit is None:
            return f"{self.quota.text(self.used)}, no quota" if self.quota.shared else "No quota"
        limit = self.quota.text(self.limit)
        return f"{self.quota.text(self.used)} of {limit}" if self.quota.shared else limit

    @property
    def has_bar(self) -> bool:
        return self.limit is not None and self.quota.shared

    @property
    def is_full(self) -> bool:
        return self.limit is not None and self.quota.shared and self.used >= self.limit


@dataclass(frozen=True)
class TeamMeters:
    team: Team
    disk_use: DiskUse
    meters: list[Meter]

    @property
    def has_quotas(self) -> bool:
        return any(meter.limit is not None for meter in self.meters)


def meters_of(teams: list[Team]) -> list[TeamMeters]:
    """Of all these teams, in as many queries as for one."""
    rows = Team.objects.filter(pk__in=[team.pk for team in teams])
    disk, files, slots = teams_disk_use(rows), _files_of(teams), slots_in_use()
    found = []
    for team in teams:
        use = disk.get(team.pk, NOTHING)
        used = {"max_storage": use.total, "max_files": files[team.pk], "max_slots": slots[team.pk]}
        meters = [Meter(q, used.get(q.name, 0), team.quota(q.name)) for q in QUOTAS.values()]
        found.append(TeamMeters(team, use, meters))
    return found


def _files_of(teams: list[Team]) -> dict[int, int]:
    """Uploaded datasets, and saved models, those that are being made included."""
    found = dict.fromkeys((team.pk for team in teams), 0)
    models = SavedModel.objects.filter(project__team__in=teams)
    # A retraining that waits will leave a file; one that failed left none.
    kept = models.exclude(file="") | models.active()
    for team in Dataset.objects.filter(team__in=teams).values_list("team", flat=True):
        found[team] += 1
    for team in kept.values_list("project__team", flat=True):
        found[team] += 1
    return found


def storage_refusal(team: Team, adding: int = 0) -> str:
    """Why the team can begin nothing that needs storage, or add so many bytes; empty if it can."""
    limit = team.quota("max_storage")
    if limit is None or team.pk is None:
        return ""
    used = teams_disk_use(Team.objects.filter(pk=team.pk)).get(team.pk, NOTHING).total
    if used >= limit:
        return (
            f"Team {team} has used {size(used)} of its {size(limit)} of storage. Delete datasets, "
            f"searches or models, or {_whom_to_ask()} to raise the quota."
        )
    if used + adding > limit:
        return (
            f"The file has {size(adding)}, but team {team} has {size(limit - used)} of its "
            f"{size(limit)} of storage left. Delete datasets, searches or models, or "
            f"{_whom_to_ask()} to raise the quota."
        )
    return ""


def file_refusal(team: Team, adding: int = 0) -> str:
    """Why the team can have no further file, of so many bytes if that is known; empty if it can."""
    limit = team.quota("max_files")
    if limit is not None and team.pk is not None and _files_of([team])[team.pk] >= limit:
        return (
            f"Team {team} may have {counted(limit, 'file')} and has no room for another one. "
            f"Delete a dataset or model, or {_whom_to_ask()} to raise the quota."
        )
    return storage_refusal(team, adding)


def moving_refusal(project: Project, team: Team) -> str:
    """Why the team has no room for the project and what moves with it; empty if it has."""
    parts = [part for part in parts_of(project) if part.moves]
    datasets = sum(part.versions.count() for part in parts if isinstance(part.row, Dataset))
    files, most = datasets + project.saved_models.exclude(file="").count(), team.quota("max_files")
    if most is not None and files and _files_of([team])[team.pk] + files > most:
        return (
            f"Team {team} may have {counted(most, 'file')} and has no room for the project’s "
            f"{files:,}. Delete some, or {_whom_to_ask()} to raise the quota."
        )
    limit = team.quota("max_storage")
    if limit is None:
        return ""
    use = project_disk_use(project)
    needed = use.total if datasets else use.total - use.datasets
    used = teams_disk_use(Team.objects.filter(pk=team.pk)).get(team.pk, NOTHING).total
    if needed == 0 or used + needed <= limit:
        return ""
    return (
        f"The project needs {size(needed)}, but team {team} has {size(max(limit - used, 0))} of "
        f"its {size(limit)} of storage left. Delete some, or {_whom_to_ask()} to raise the quota."
    )


def trials_refusal(team: Team, trials: int) -> str:
    """Why a search of the team cannot have so many trials; empty if it can."""
    limit = team.quota("max_trials")
    if limit is None or trials <= limit:
        return ""
    return (
        f"A search of team {team} may have {counted(limit, 'trial')}, not {trials:,}. Enter fewer, "
        f"or {_whom_to_ask()} to raise the quota."
    )


def _whom_to_ask() -> str:
    administrators = get_user_model().objects.filter(is_superuser=True, is_active=True)
    people = administrators.order_by("username")[:MAX_NAMES]
    names = [f"{display_name(person)} (administrator)" for person in people]
    return f"ask {in_words(names).replace(' and ', ' or ')}" if names else "ask an administrator"
