"""Freeing disk space for administrators: what Tuneroom makes again by itself, or a person sends
again. What a team made stays until the team deletes it.

A table: each row says what it frees and what that costs. Files of rows that are gone are removed by
the workers, within the hour (`supervisor/files.py`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from tuning.models import Dataset, PartialUpload
from tuning.protocol.statuses import ACTIVE, Status
from tuning.storage.stored import bytes_of

from .audit import record
from .partial_uploads import discard_upload

# Unfinished uploads that got no part for so long.
IDLE_UPLOAD = timedelta(hours=1)


@dataclass(frozen=True)
class Freeable:
    """`name` is in addresses. `rows` finds what can be freed, `size` is that of one."""

    name: str
    caption: str
    cost: str
    rows: Callable[[], Any]
    size: Callable[[Any], int]
    free_one: Callable[[Any], None]

    def free(self) -> int:
        """Returns how many bytes were in use."""
        found = [(row, self.size(row)) for row in self.rows()]
        for row, _ in found:
            self.free_one(row)
        freed = sum(size for _, size in found)
        record("disk.free", self.caption, size=filesizeformat(freed))
        return freed


def _idle_uploads() -> Any:
    return PartialUpload.objects.filter(used_at__lt=timezone.now() - IDLE_UPLOAD)


def _unused_built_in_data() -> Any:
    """No project has them, and no worker reads them."""
    rows = Dataset.objects.filter(team=None, projects=None).exclude(folder="")
    rows = rows.exclude(inspections__status__in=ACTIVE)
    return rows.exclude(inspections__dry_runs__status__in=ACTIVE)


def _unprepare(dataset: Dataset) -> None:
    """As it was before a project used it. Not if a project has been made with it meanwhile."""
    _unused_built_in_data().filter(pk=dataset.pk).update(
        folder="", sha256="", size=None, status=Status.QUEUED, requested=False, lost_attempts=0
    )


FREEABLE = {
    freeable.name: freeable
    for freeable in (
        Freeable(
            "uploads", "Unfinished uploads that were not continued for an hour",
            "The people who began them have to send the files again.",
            _idle_uploads, lambda upload: bytes_of(upload.folder), discard_upload,
        ),
        Freeable(
            "built-in-datasets", "Built-in datasets that no project uses",
            "They are prepared again when a project needs them; some are downloaded for that.",
            _unused_built_in_data,
            lambda dataset: dataset.stored.disk_use(), _unprepare,
        ),
    )
}  # fmt: skip
