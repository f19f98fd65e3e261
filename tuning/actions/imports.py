"""Imports of searches: begin, choose studies or an objective, delete one that became nothing."""

import os
import shutil
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from tuning.analysis.quotas import storage_refusal
from tuning.models import Project, SearchImport
from tuning.protocol.names import one_line
from tuning.storage.configured import store

from .archived import locked_to_start
from .audit import record
from .dispatch import ring
from .quotas import refuse_over_quota
from .uploads import take_over


def create_import(
    user: Any, project: Project, file: Path, name: str, value_name: str = ""
) -> SearchImport:
    """Take over an uploaded file, which must lie in the uploads folder, and have it read. Raises
    OverQuota."""
    row = SearchImport(
        project=project,
        key=_new_key(),
        name=one_line(name)[:150],
        value_name=one_line(value_name)[:80],
        created_by=user,
    )
    size = file.stat().st_size
    take_over(file, row, lambda: _save_import(user, row, size))
    return row


@transaction.atomic
def _save_import(user: Any, row: SearchImport, size: int) -> None:
    refuse_over_quota(storage_refusal(locked_to_start(row.project_id).team, size))
    row.save()
    record("search.import", row, by=user)


def choose_studies(row: SearchImport, places: Sequence[int]) -> bool:
    """Go on with the first of these studies, and import each other one of the same file by itself;
    False if the import does not await that any more."""
    others = [
        SearchImport(
            project_id=row.project_id, key=_new_key(), name=row.name, study=place,
            value_name=row.value_name, created_by_id=row.created_by_id,
            upload_sha256=row.upload_sha256, upload_size=row.upload_size,
        )
        for place in places[1:]
    ]  # fmt: skip
    try:
        for other in others:
            _same_file(row, other)
        with transaction.atomic():
            values = {"study": places[0], "studies": [], "awaits_choice": False}
            if not _awaiting(row).update(**values, lost_attempts=0, progress_text=""):
                raise _Late
            SearchImport.objects.bulk_create(others)
    except BaseException as error:
        for other in others:
            other.uploaded.remove()
        if isinstance(error, _Late | FileNotFoundError):
            return False
        raise
    ring()
    return True


class _Late(Exception):
    """The choice was made meanwhile, or the import was deleted."""


def choose_objective(row: SearchImport, objective: str, direction: str) -> bool:
    """Go on with what a person chose; False if the import does not await that any more."""
    values = {"objective": objective, "direction": direction, "awaits_choice": False}
    if not _awaiting(row).update(**values, lost_attempts=0, progress_text=""):
        return False
    ring()
    return True


@transaction.atomic
def delete_import(row: SearchImport) -> None:
    """Delete an import that has become no search. One that is being read notices and ends."""
    held = SearchImport.objects.select_for_update().filter(pk=row.pk, search=None)
    if held.exists():
        record("import.delete", row)
        held.delete()
        transaction.on_commit(row.uploaded.remove)


def _new_key() -> str:
    return f"import-{uuid.uuid4().hex}"


def _awaiting(row: SearchImport) -> QuerySet[SearchImport]:
    return SearchImport.objects.queued().filter(pk=row.pk, awaits_choice=True)


def _same_file(row: SearchImport, other: SearchImport) -> None:
    """A second name costs no room; not every file system has them. The store has each content once
    for all rows."""
    if store() and row.upload_sha256:
        return
    try:
        os.link(row.original, other.original)
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copyfile(row.original, other.original)
