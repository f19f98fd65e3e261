"""Projects: creating, changing and deleting them, and reading their search space."""

from typing import Any

from django.db import transaction

from tuning.models import Inspection, Project
from tuning.protocol.statuses import Status

from . import searches
from .datasets import want_dataset
from .dispatch import ring


@transaction.atomic
def create_project(user: Any, project: Project) -> Project:
    """Save a new project and have its template inspected as soon as its dataset is there."""
    project.created_by = user
    project.save()
    known = (
        Inspection.objects.completed()
        .filter(
            project__dataset=project.dataset,
            project__hypermodel=project.hypermodel,
        )
        .first()
    )
    if known:
        # The same code on the same data has the same space: no need to ask a worker again.
        Inspection.objects.create(
            project=project,
            status=Status.COMPLETED,
            space=known.space,
            metrics=known.metrics,
            parameters=known.parameters,
            summary=known.summary,
        )
        return project
    Inspection.objects.create(project=project)
    want_dataset(project.dataset)
    ring()
    return project


def inspect_again(project: Project) -> None:
    """Queue a failed inspection once more."""
    want_dataset(project.dataset)
    Inspection.objects.filter(project=project, status__in=(Status.FAILED, Status.STOPPED)).update(
        status=Status.QUEUED, losses=0, failure_code=""
    )
    ring()


def delete_project(project: Project) -> None:
    """Delete a project with everything in it. Running trials notice and end."""
    for search in project.searches.all():
        searches.delete_search(search)
    for saved_model in project.saved_models.all():
        saved_model.delete()
    project.delete()
