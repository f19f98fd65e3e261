"""Forms with one large file, which comes with the form or has arrived in parts before it.

`refused_early` looks at a request before any of it is read. `limited_handler` is given to the
request, and `sent_file` reads it; then the view makes something of the file or shows its form
again, with what `upload_context` says and the upload that need not be sent again.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.forms import BaseForm
from django.http import HttpRequest
from django.utils.datastructures import MultiValueDict

from tuning.actions.partial_uploads import discard_upload
from tuning.forms.datasets import (
    EMPTY_TEXT,
    LimitedUploadHandler,
    has_no_room,
    is_too_large,
    largest_upload,
    no_room_text,
    too_large_text,
)
from tuning.forms.partial_uploads import ArrivedFile, Purpose
from tuning.models import PartialUpload

_INCOMPLETE = "The upload is not complete. Select the file again."


@dataclass
class SentFile:
    """`files` as a form takes them; `no_file`: why there is none, if a person did send one."""

    files: MultiValueDict[str, Any] = field(default_factory=MultiValueDict)
    no_file: str = ""
    upload: PartialUpload | None = None

    @property
    def status(self) -> int:
        """Of the answer to a form that was refused."""
        return 413 if self.no_file == too_large_text() else 422

    @property
    def direct(self) -> PartialUpload | None:
        """The upload if it went straight to the store: then there is no file here."""
        return self.upload if self.upload and self.upload.is_direct else None

    def kept(self, form: BaseForm) -> PartialUpload | None:
        """The upload that stays where it may be used once the other fields are right."""
        if self.upload and "file" in form.errors:
            self.done()
            return None
        return self.upload

    def done(self) -> None:
        if self.upload:
            discard_upload(self.upload)


def refused_early(request: HttpRequest) -> tuple[int, str] | None:
    """Why a request is refused by its size alone: a status and a sentence."""
    length = request.META.get("CONTENT_LENGTH", "")
    if request.method == "POST" and is_too_large(length):
        return 413, too_large_text()
    if request.method == "POST" and has_no_room(length):
        return 507, no_room_text()
    return None


def limited_handler(request: HttpRequest) -> LimitedUploadHandler:
    handler = LimitedUploadHandler(request)
    request.upload_handlers = [handler]
    return handler


@contextmanager
def sent_file(
    request: HttpRequest, handler: LimitedUploadHandler, *, direct: bool = False
) -> Iterator[SentFile]:
    """`direct`: the view takes files that went straight to the store, too."""
    # The form is read before anything asks whether the file was too large.
    key = request.POST.get("arrived", "")
    if not key:
        yield SentFile(request.FILES, too_large_text() if handler.too_large else "")
    elif (upload := arrived_upload(request, key, direct=direct)) is None:
        yield SentFile(no_file=_INCOMPLETE)
    else:
        with ArrivedFile(upload) as file:
            yield SentFile(MultiValueDict({"file": [file]}), upload=upload)


def upload_context(
    request: HttpRequest, purpose: Purpose, endings: Iterable[str], **limits: Any
) -> dict[str, Any]:
    """What `includes/file_upload.html` shows: unfinished uploads of files with these endings, and
    what the page's script refuses before anything is sent, in the server's words."""
    uploads = PartialUpload.objects.visible_to(request.user).kept()
    known = tuple(endings)
    texts = {"mostBytes": largest_upload(), "tooLarge": too_large_text(), "empty": EMPTY_TEXT}
    return {
        "unfinished": [
            upload
            for upload in uploads
            if upload.name.lower().endswith(known)
            and (purpose == Purpose.DATASET or not upload.is_direct)
        ],
        "limits": json.dumps({"purpose": purpose, **texts, **limits}),
        "most_mb": largest_upload() >> 20,
    }


def arrived_upload(request: HttpRequest, key: str, *, direct: bool = False) -> PartialUpload | None:
    """An upload of the person whose parts are all here, or with `direct` in the store."""
    known = key.isascii() and key.isdecimal() and len(key) < 19
    rows = PartialUpload.objects.visible_to(request.user).kept()
    upload = rows.filter(pk=int(key)).first() if known else None
    if upload is None or (upload.is_direct and not direct):
        return None
    return upload if upload.is_complete else None
