"""Projects: creating, changing and deleting them, and reading their search space."""

from itertools import count
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from tuning.analysis.moving import newer_data, newer_template, parts_of
from tuning.analysis.quotas import moving_refusal
from tuning.analysis.splitting import moving_problem
from tuning.models import Dataset, Inspection, Invitation, Project, Team
from tuning.protocol.statuses import Status
from tuning.recording import announcing

from . import searches
from .archived import count_active, lock_searches, refuse_archived_team
from .audit import current_actor, record
from .datasets import want_dataset
from .dispatch import ring
from .names import rename
from .quotas import locked_team, refuse_over_quota
from .saved_models import delete_saved_model


class AlreadyMoved(Exception):
    """Another person was faster."""

    def __str__(self) -> str:
        return "The project was moved to another team a moment ago."


@transaction.atomic
def create_project(user: Any, project: Project) -> Project:
    """Save a new project and have its template inspected as soon as its dataset is there, unless
    the pair is known already. Two people who do this at once share one inspection."""
    project.created_by = user
    project.save()
    record("project.create", project, by=user)
    inspection, _ = Inspection.objects.get_or_create(
        dataset=project.dataset, hypermodel=project.hypermodel, task=project.task
    )
    if inspection.status != Status.COMPLETED:
        # Also one that failed when nobody waited for it: now a person does.
        inspect_again(project)
    return project


@transaction.atomic
def use_newest_version(project: Project) -> bool:
    """Go on with the newest version of the project's template; whether there was a newer one.
    Searches keep the version that they began with."""
    newest = newer_template(project)
    rows = Project.objects.filter(pk=project.pk, hypermodel=project.hypermodel_id)
    if newest is None or not rows.update(hypermodel=newest):
        return False
    project.hypermodel = newest
    # It was about the older version.
    project.__dict__.pop("inspection", None)
    Inspection.objects.get_or_create(dataset=project.dataset, hypermodel=newest, task=project.task)
    inspect_again(project)
    record("project.upgrade", project, to=f"version {newest.version} of {newest.name}")
    return True


@transaction.atomic
def use_newest_data(project: Project) -> str:
    """Go on with the newest version of the project's dataset; returns why not. A project with
    searches keeps its data, so that its scores stay comparable."""
    # A search that is started at this moment comes before this or after it.
    locked = Project.objects.select_for_update().get(pk=project.pk)
    newest = newer_data(locked)
    if newest is None or locked.searches.exists():
        return "The project keeps its version of the dataset."
    if problem := moving_problem(locked, newest):
        return problem
    locked.dataset = newest
    locked.save(update_fields=["dataset"])
    Inspection.objects.get_or_create(dataset=newest, hypermodel=locked.hypermodel, task=locked.task)
    inspect_again(locked)
    record("project.upgrade", locked, to=newest.title)
    return ""


@transaction.atomic
def move_project(project: Project, team: Team) -> str:
    """Give a project to another team, with the dataset and the template that no other project of
    its team uses. Searches, trainings and uploads that run go on. Returns what people should know
    of it, if there is anything. Raises AlreadyMoved, OverQuota, and PermissionDenied if the team is
    archived."""
    team = locked_team(team.pk)
    refuse_archived_team(team)
    # Whoever creates a project with its dataset at this moment keeps using it: nothing is lost.
    locked = Project.objects.select_for_update().get(pk=project.pk)
    if locked.team_id != project.team_id:
        raise AlreadyMoved
    refuse_over_quota(moving_refusal(locked, team))
    moving = [part for part in parts_of(locked) if part.moves]
    for part in moving:
        part.versions.update(team=team)
    # Links of the old team would name it.
    Invitation.objects.filter(project=locked).update(project=None)
    # They would go on telling it what happens in the project.
    locked.webhooks.all().delete()
    before = locked.team
    record("project.move", locked, to=team.name)
    Project.objects.filter(pk=locked.pk).update(team=team)
    project.team = locked.team = team
    record("project.receive", locked, before=before.name)
    announcing.project_moved(locked, before, by=current_actor().person)
    datasets = [part.row for part in moving if isinstance(part.row, Dataset)]
    return " ".join(_kept_apart(row, team) for row in datasets)


def _kept_apart(dataset: Dataset, team: Team) -> str:
    """Give a dataset that has come to a team another name if one of the team's has it: files that
    are uploaded under a name are versions of one dataset. What people read then."""
    former = dataset.name
    others = Dataset.objects.namesakes_of
    if not others(dataset, team, former).exists():
        return ""
    numbered = (f"{former[:70]} ({number})" for number in count(2))
    dataset.team, dataset.name = (
        team,
        next(name for name in numbered if not others(dataset, team, name).exists()),
    )
    rename(dataset, ["name"])
    return f"Its dataset is called “{dataset.name}” there: the team has another “{former}”."


def inspect_again(project: Project) -> None:
    """Have the dataset prepared and the template inspected; what failed runs once more."""
    want_dataset(project.dataset)
    Inspection.objects.filter(
        dataset=project.dataset_id,
        hypermodel=project.hypermodel_id,
        task=project.task,
        status__in=(Status.FAILED, Status.STOPPED),
    ).update(status=Status.QUEUED, lost_attempts=0, failure_code="")
    ring()


@transaction.atomic
def archive_project(project: Project) -> str:
    """Leave it out of the lists and let nobody change it; returns why not while a search is
    active."""
    Project.objects.select_for_update().get(pk=project.pk)
    lock_searches(project.searches)
    if active := count_active(project.searches):
        said, them = ("search is", "it") if active == 1 else ("searches are", "them")
        return f"{active} {said} still active. Stop {them} before you archive the project."
    if Project.objects.filter(pk=project.pk, archived_at=None).update(archived_at=Now()):
        record("project.archive", project)
    return ""


@transaction.atomic
def restore_project(project: Project) -> None:
    archived = Project.objects.filter(pk=project.pk, archived_at__isnull=False)
    if archived.update(archived_at=None):
        record("project.restore", project)


def delete_project(project: Project) -> None:
    """Delete a project with everything in it. Running trials notice and end. What was learned
    about its dataset and template stays: it is not the project's."""
    for search in project.searches.all():
        searches.delete_search(search)
    for saved_model in project.saved_models.all():
        delete_saved_model(saved_model)
    with transaction.atomic():
        record("project.delete", project)
        project.delete()
