"""Imports of searches: begin one, choose its objective, delete one that became nothing."""

import uuid
from pathlib import Path
from typing import Any

from django.db import transaction

from tuning.models import Project, SearchImport
from tuning.protocol.names import one_line

from .dispatch import ring
from .uploads import take_over


def create_import(user: Any, project: Project, file: Path, name: str) -> SearchImport:
    """Take over an uploaded file, which must lie in the uploads folder, and have it read."""
    row = SearchImport(
        project=project,
        key=f"import-{uuid.uuid4().hex}",
        name=one_line(name)[:150],
        created_by=user,
    )
    take_over(file, row)
    return row


def choose_objective(row: SearchImport, objective: str, direction: str) -> bool:
    """Go on with what a person chose; False if the import does not await that any more."""
    awaiting = SearchImport.objects.queued().filter(pk=row.pk, awaits_choice=True)
    values = {"objective": objective, "direction": direction, "awaits_choice": False}
    if not awaiting.update(**values, lost_attempts=0, progress_text=""):
        return False
    ring()
    return True


@transaction.atomic
def delete_import(row: SearchImport) -> None:
    """Delete an import that has become no search. One that is being read notices and ends."""
    held = SearchImport.objects.select_for_update().filter(pk=row.pk, search=None)
    if held.exists():
        held.delete()
        transaction.on_commit(lambda: row.original.unlink(missing_ok=True))
