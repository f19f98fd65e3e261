"""Giving things other names."""

from typing import Any

from django.db import transaction

from tuning.models import Dataset, HyperModel, Project, SavedModel, Search

from .audit import record
from .saved_models import next_version


@transaction.atomic
def rename(row: Any, changed: list[str]) -> None:
    """Save the `changed` fields (name, description) of whatever has a name. A model with the name
    of others becomes their next version."""
    if not changed:
        return
    record("name.change", row, fields=" and ".join(changed))
    if isinstance(row, SavedModel) and "name" in changed:
        # Locked, so that two models do not become the same version.
        project = Project.objects.select_for_update().get(pk=row.project_id)
        row.version = next_version(project, row.name)
        changed = [*changed, "version"]
    row.save(update_fields=changed)
    if isinstance(row, HyperModel):
        # A template is all of its versions.
        values = {field: getattr(row, field) for field in changed}
        HyperModel.objects.versions_of(row).update(**values)
    if isinstance(row, Dataset) and "name" in changed:
        Dataset.objects.versions_of(row).update(name=row.name)
    if isinstance(row, Search):
        Search.objects.touch(row.pk)
