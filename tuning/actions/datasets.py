"""Datasets: uploading one, asking a worker to prepare one, deleting one."""

import uuid
from pathlib import Path
from typing import Any

from django.db import transaction

from tuning.analysis.quotas import file_refusal
from tuning.models import Dataset, PartialUpload
from tuning.protocol.statuses import Status

from .audit import record
from .dispatch import ring
from .quotas import locked_team, refuse_over_quota
from .uploads import take_over, take_over_stored

# What a row gets when a worker shall try its file.
_ANEW = {"requested": True, "lost_attempts": 0, "failure_code": "", "failure_message": "",
         "failure_traceback": "", "progress_text": ""}  # fmt: skip


class InUse(Exception):
    """The dataset cannot be deleted: projects were made with it."""

    def __init__(self, dataset: Dataset, projects: int, foreign: int) -> None:
        noun = "project uses" if projects == 1 else "projects use"
        them = "it" if projects == 1 else "them"
        advice = f"{foreign:,} of them in other teams." if foreign else f"Delete {them} first."
        super().__init__(f"{projects:,} {noun} “{dataset}”{', ' if foreign else '. '}{advice}")


def want_dataset(dataset: Dataset) -> None:
    """Have the dataset prepared, unless it is or is on its way. Also the way to try again, but not
    for uploads: nothing is kept of a file that could not be prepared."""
    if dataset.is_ready or dataset.is_upload:
        return
    Dataset.objects.filter(pk=dataset.pk, requested=False).update(requested=True)
    Dataset.objects.filter(pk=dataset.pk, status__in=(Status.FAILED, Status.STOPPED)).update(
        status=Status.QUEUED,
        lost_attempts=0,
        failure_code="",
        failure_message="",
        failure_traceback="",
    )
    ring()


def create_upload(dataset: Dataset, file: Path | PartialUpload, upload: dict[str, Any]) -> Dataset:
    """Take over an uploaded file, in the uploads folder or sent straight to the store, and have it
    prepared. It is the next version of the team's dataset of this name, if there is one. Raises
    OverQuota."""
    dataset.key = f"own-{uuid.uuid4().hex}"
    dataset.source = Dataset.Source.UPLOAD
    dataset.upload = upload
    dataset.size_text = f"Uploaded as {upload['name']}"[:120]
    dataset.requested = True
    if isinstance(file, PartialUpload):
        stored = file
        take_over_stored(stored, dataset, lambda: _save_version(dataset, stored.size))
    else:
        size = file.stat().st_size
        take_over(file, dataset, lambda: _save_version(dataset, size))
    return dataset


@transaction.atomic
def _save_version(dataset: Dataset, size: int) -> None:
    if dataset.team is not None:
        # Two at once shall not be the same version.
        team = locked_team(dataset.team.pk)
        refuse_over_quota(file_refusal(team, size))
        if before := Dataset.objects.named(team, dataset.name).first():
            dataset.series, dataset.version = before.series or before.key, before.version + 1
    dataset.save()
    record("dataset.create", dataset)


def keep_choices(dataset: Dataset, choices: dict[str, Any]) -> bool:
    """Keep what a person chose for an upload that awaits it; False if it does not any more."""
    return _choose(dataset, choices)


@transaction.atomic
def prepare_chosen(dataset: Dataset, choices: dict[str, Any]) -> bool:
    """Have a table or arrays prepared as a person chose; False if they do not await that any
    more."""
    chosen = _choose(dataset, choices, **_ANEW)
    if chosen:
        record("dataset.prepare", dataset)
    return chosen


def look_again(dataset: Dataset, choices: dict[str, Any]) -> bool:
    """Have a table looked at once more, in another encoding or with another delimiter; False if it
    does not await that any more."""
    return _choose(dataset, {**choices, "target": "", "task": ""}, **_ANEW)


def delete_dataset(dataset: Dataset) -> None:
    """Delete an uploaded dataset with its files. A preparation that runs notices and ends. Raises
    InUse."""
    with transaction.atomic():
        row = Dataset.objects.select_for_update().get(pk=dataset.pk)
        projects = row.projects.count()
        if projects:
            raise InUse(row, projects, row.projects.exclude(team=row.team_id).count())
        record("dataset.delete", row)
        row.delete()
    row.uploaded.remove()
    if row.folder:
        row.stored.remove()


def _choose(dataset: Dataset, choices: dict[str, Any], **values: Any) -> bool:
    upload = {**dataset.upload, **choices}
    awaiting = Dataset.objects.queued().filter(pk=dataset.pk, requested=False, folder="")
    if not awaiting.exclude(detected_schema={}).update(upload=upload, **values):
        return False
    dataset.upload = upload
    if values:
        ring()
    return True
