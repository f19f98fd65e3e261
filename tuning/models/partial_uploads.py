"""Uploads that arrive in parts, and go on where they were after a lost connection or a reload.

A folder below UPLOADS_ROOT, named after the row's key, holds the file, into which parts are
written where they belong, and an empty file for each part that has arrived, whose name has its
number and SHA-256. What was not used for a day is removed (`supervisor/files.py`).

Where browsers reach the store, parts go straight there, and the folder has the hashes that the
browser says they have. Once all are there, they are read (`actions/direct_uploads.py`).
"""

import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from tuning.storage.stored import StoredFile

# How long an upload waits for its next part.
KEPT_FOR = timedelta(days=1)


def new_key() -> str:
    return uuid.uuid4().hex


class PartialUploadQuerySet(models.QuerySet["PartialUpload"]):
    def visible_to(self, user: Any) -> Self:
        """Those that the user began: nobody else adds to them or sees them."""
        return self.filter(owner=user.pk)

    def abandoned(self) -> Self:
        return self.filter(used_at__lt=timezone.now() - KEPT_FOR)

    def kept(self) -> Self:
        return self.filter(used_at__gte=timezone.now() - KEPT_FOR)


class PartialUpload(models.Model):
    key = models.CharField(max_length=32, unique=True, default=new_key, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="partial_uploads"
    )
    name = models.CharField(max_length=255)
    size = models.BigIntegerField(help_text="Of the whole file, in bytes.")
    part_size = models.PositiveIntegerField(help_text="Of each part but the last, in bytes.")
    used_at = models.DateTimeField(default=timezone.now)
    multipart_id = models.TextField(
        blank=True, default="", db_default="",
        help_text="The store's name for an upload that goes straight there.",
    )  # fmt: skip
    read_until = models.DateTimeField(
        null=True, blank=True, help_text="A process of the site reads what came, at least so long."
    )
    sha256 = models.CharField(
        max_length=64, blank=True, default="", db_default="",
        help_text="Of the whole file, once it was read and is in the store.",
    )  # fmt: skip
    damage = models.CharField(
        max_length=200, blank=True, default="", db_default="", help_text="As a sentence."
    )

    objects = PartialUploadQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name

    @property
    def parts(self) -> int:
        """How many there are."""
        return -(-self.size // self.part_size)

    def size_of(self, part: int) -> int:
        return min(self.part_size, self.size - part * self.part_size)

    @property
    def folder(self) -> Path:
        return Path(settings.UPLOADS_ROOT) / self.key

    @property
    def file(self) -> Path:
        return self.folder / "file"

    @property
    def is_direct(self) -> bool:
        return bool(self.multipart_id)

    @property
    def stored(self) -> StoredFile:
        """What went straight to the store."""
        return StoredFile(self.file, self.sha256, self.size)

    @property
    def arrived(self) -> dict[int, str]:
        """The parts that are here, with their SHA-256; of those that go to the store, the ones that
        the browser has sent or is sending."""
        names = (path.name.split(".") for path in self.folder.glob("*.arrived"))
        return {int(number): digest for number, digest, _ in sorted(names)}

    @property
    def is_complete(self) -> bool:
        return bool(self.sha256) if self.is_direct else len(self.arrived) == self.parts

    @property
    def share_text(self) -> str:
        """How much of it is here. Of what goes to the store, only that knows."""
        if self.is_direct:
            return "partly"
        return f"{round(100 * sum(map(self.size_of, self.arrived)) / self.size)} %"
