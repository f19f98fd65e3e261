"""Giving things other names."""

from typing import Any

from django.db import transaction

from tuning.models import HyperModel, Search


@transaction.atomic
def rename(row: Any, changed: list[str]) -> None:
    """Save the `changed` fields (name, description) of whatever has a name."""
    if not changed:
        return
    row.save(update_fields=changed)
    if isinstance(row, HyperModel):
        # A template is all of its versions.
        values = {field: getattr(row, field) for field in changed}
        HyperModel.objects.versions_of(row).update(**values)
    if isinstance(row, Search):
        Search.objects.touch(row.pk)
