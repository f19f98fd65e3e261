"""Model templates of a team: new ones, new versions, reading and deleting them."""

import secrets
from typing import Any

from django.db import transaction
from django.db.models import ProtectedError
from django.utils.text import slugify

from tuning.models import Dataset, HyperModel, Inspection, Project
from tuning.protocol.script_task import task_of_code
from tuning.protocol.statuses import Status

from .audit import record
from .datasets import want_dataset
from .dispatch import ring


class InUse(Exception):
    """Projects use the template; `projects` is how many."""

    def __init__(self, projects: int) -> None:
        super().__init__()
        self.projects = projects


class NewerVersion(Exception):
    """`version` was saved after a person began to edit an older one."""

    def __init__(self, version: HyperModel) -> None:
        super().__init__()
        self.version = version


@transaction.atomic
def create_hypermodel(user: Any, hypermodel: HyperModel) -> HyperModel:
    """Save a team's new template as its version 1."""
    # Teams know nothing of each other's names, so that the key needs something of its own.
    hypermodel.key = f"{slugify(hypermodel.name)[:30] or 'template'}-{secrets.token_hex(4)}"
    hypermodel.version = 1
    hypermodel.task = task_of_code(hypermodel.code)
    hypermodel.created_by = user
    hypermodel.save()
    record("template.create", hypermodel, by=user)
    return hypermodel


@transaction.atomic
def change_hypermodel(
    user: Any, hypermodel: HyperModel, values: dict[str, Any], based_on: int | None = None
) -> HyperModel:
    """Changed code or constants are a new version, which is returned: projects and searches keep
    theirs. What people read about it is corrected in place. Raises NewerVersion if the number
    `based_on` is given and no longer the newest."""
    versions = HyperModel.objects.select_for_update().versions_of(hypermodel)
    current = versions.first()
    if current is None:
        raise HyperModel.DoesNotExist
    if based_on is not None and based_on < current.version:
        raise NewerVersion(current)
    if (values["code"], values["constants"]) != (current.code, current.constants):
        current = HyperModel(
            key=current.key, team=current.team, version=current.version + 1, created_by=user
        )
    for name in ("name", "description", "kinds", "gpu", "code", "constants"):
        setattr(current, name, values[name])
    current.task = task_of_code(current.code)
    current.superseded = False
    current.save()
    versions.exclude(pk=current.pk).filter(superseded=False).update(superseded=True)
    record("template.change", current, by=user)
    return current


@transaction.atomic
def inspect(hypermodel: HyperModel, dataset: Dataset) -> Inspection:
    """Have the template read with a dataset for a person who waits; what failed runs once more."""
    want_dataset(dataset)
    inspection, _ = Inspection.objects.get_or_create(
        dataset=dataset, hypermodel=hypermodel, task=hypermodel.task_on(dataset)
    )
    rows = Inspection.objects.filter(pk=inspection.pk)
    rows.update(requested=True)
    rows.filter(status__in=(Status.FAILED, Status.STOPPED)).update(
        status=Status.QUEUED, lost_attempts=0, failure_code=""
    )
    ring()
    return inspection


@transaction.atomic
def delete_hypermodel(hypermodel: HyperModel) -> None:
    """Delete all versions of a template. Raises InUse."""
    versions = HyperModel.objects.select_for_update().versions_of(hypermodel)
    keys = list(versions.values_list("pk", flat=True))
    projects = projects_using(hypermodel)
    if projects:
        raise InUse(projects)
    record("template.delete", hypermodel)
    try:
        HyperModel.objects.filter(pk__in=keys).delete()
    except ProtectedError as error:
        # Created since they were counted.
        raise InUse(max(1, projects_using(hypermodel))) from error


def projects_using(hypermodel: HyperModel) -> int:
    """How many projects use any version of the template, everybody's counted."""
    versions = HyperModel.objects.versions_of(hypermodel)
    return Project.objects.filter(hypermodel__in=versions.order_by()).count()
