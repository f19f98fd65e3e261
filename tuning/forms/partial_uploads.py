"""Files that arrive in parts: the checks before the first one, and the whole as a form takes it."""

import io
from enum import StrEnum
from typing import Any, BinaryIO

from django import forms
from django.core.files.uploadedfile import UploadedFile

from tuning.analysis.quotas import file_refusal, storage_refusal
from tuning.models import PartialUpload, Team
from tuning.protocol.uploads import kind_of

from .datasets import EMPTY_TEXT, largest_upload, too_large_text, unsupported_text

MAX_NAME = 150


class Purpose(StrEnum):
    """What becomes of a file."""

    DATASET = "dataset"
    # Only its content tells of which program it is.
    IMPORT = "import"


class BeginUploadForm(forms.Form):
    """A file that is about to be sent: what can be refused by its name and size is refused."""

    purpose = forms.ChoiceField(choices=[(one, one) for one in Purpose], required=False)
    name = forms.CharField(max_length=MAX_NAME, strip=False)
    size = forms.IntegerField()

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._teams = Team.objects.editable_by(user)

    @property
    def _is_import(self) -> bool:
        return self.cleaned_data.get("purpose") == Purpose.IMPORT

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if not self._is_import and not kind_of(name):
            raise forms.ValidationError(unsupported_text(name))
        return name

    def clean_size(self) -> int:
        size: int = self.cleaned_data["size"]
        if size < 1:
            raise forms.ValidationError(EMPTY_TEXT)
        if size > largest_upload():
            raise forms.ValidationError(too_large_text())
        refusal = storage_refusal if self._is_import else file_refusal
        refusals = [refusal(team, size) for team in self._teams]
        if refusals and all(refusals):
            raise forms.ValidationError(refusals[0])
        return size

    def refusal(self) -> str:
        """The first error as a sentence."""
        return str(next(iter(self.errors.values()))[0])


class ArrivedFile(UploadedFile):
    """A file whose parts are all here, as if it had come with its form."""

    def __init__(self, upload: PartialUpload) -> None:
        super().__init__(_opened(upload), upload.name, size=upload.size)
        self._path = str(upload.file)

    def temporary_file_path(self) -> Any:
        return self._path


def _opened(upload: PartialUpload) -> BinaryIO:
    """Of what is in the store, its beginning: the form reads no more. Raises StorageError."""
    if not upload.is_direct:
        return upload.file.open("rb")
    pieces = upload.stored.pieces()
    return io.BytesIO(next(pieces) if pieces else b"")
