"""What rows with an uploaded file have in common."""

from pathlib import Path

from django.conf import settings
from django.db import models

from tuning.storage.stored import StoredFile


class Uploaded(models.Model):
    """`key`, a field of each of them, is the file's name."""

    key: str | models.SlugField
    upload_sha256 = models.CharField(
        max_length=64, blank=True, default="", db_default="",
        help_text="Of the uploaded file, where it was counted.",
    )  # fmt: skip

    upload_size = models.PositiveBigIntegerField(null=True, blank=True, help_text="In bytes.")

    class Meta:
        abstract = True

    @property
    def original(self) -> Path:
        """The uploaded file's place, from the upload until it is read or of no use."""
        return Path(settings.UPLOADS_ROOT) / str(self.key)

    @property
    def uploaded(self) -> StoredFile:
        return StoredFile(self.original, self.upload_sha256, self.upload_size)
