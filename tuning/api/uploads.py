"""Uploads in parts: of large files, and over connections that break."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest
from django.utils.datastructures import MultiValueDict
from ninja import Router, Status

from tuning.actions import partial_uploads as actions
from tuning.forms.datasets import has_no_room, no_room_text
from tuning.forms.partial_uploads import ArrivedFile, BeginUploadForm
from tuning.models import PartialUpload
from tuning.views.access import may_create, visible_or_404
from tuning.views.sent_files import arrived_upload

from . import rows
from .bodies import body_of, checked
from .problems import FieldError, Problem, invalid
from .schemas import PartOut, UploadOut

router = Router(tags=["Datasets"])

UploadIn = body_of("UploadIn", BeginUploadForm.base_fields)
_UPLOAD = "/uploads/{number:upload}"
_BYTES = {"schema": {"type": "string", "format": "binary"}}
_PART = {"requestBody": {"required": True, "content": {"application/octet-stream": _BYTES}}}


@contextmanager
def sent_files(request: HttpRequest, given: dict[str, Any]) -> Iterator[Any]:
    """The files of a request, or the one that has arrived in parts before it, as `given` says.
    That is gone once something was made of it. Raises Problem."""
    key = given.pop("upload", "")
    if not key:
        yield request.FILES
        return
    upload = arrived_upload(request, key)
    if upload is None:
        raise invalid([FieldError("upload", "The upload is not complete.")])
    with ArrivedFile(upload) as file:
        yield MultiValueDict({"file": [file]})
    transaction.on_commit(lambda: actions.discard_upload(upload))


@router.post("/uploads", response={201: UploadOut})
def begin_upload(request: HttpRequest, body: UploadIn) -> Any:
    """Begin to upload a file in parts of `part_size` bytes (the last one may be smaller). Once all
    have arrived, create the dataset with `upload` in place of a file; or, with the `purpose`
    import, the import."""
    if not may_create(request):
        raise PermissionDenied("Only editors and owners of a team can upload files.")
    form = checked(lambda data, _: BeginUploadForm(data, user=request.user), body.given)
    name, size = form.cleaned_data["name"], form.cleaned_data["size"]
    if has_no_room(str(size)):
        raise Problem(507, no_room_text())
    made = actions.begin_upload(request.user, name, size)
    if made is None:
        raise Problem(409, actions.TOO_MANY)
    return Status(201, _facts(made))


@router.get(_UPLOAD, response=UploadOut)
def show_upload(request: HttpRequest, upload: int) -> dict[str, Any]:
    """An upload of yours, with the parts that have arrived."""
    return _facts(_upload(request, upload))


@router.put(
    _UPLOAD + "/parts/{number:part}",
    response=PartOut,
    openapi_extra=_PART,
)
def send_part(request: HttpRequest, upload: int, part: int) -> dict[str, Any]:
    """Send a part, counted from 0, as the body. Parts may come in any order, and again. With its
    SHA-256 in the header `X-Part-SHA256`, a part that was damaged on the way is refused."""
    row = _upload(request, upload)
    if has_no_room(request.META.get("CONTENT_LENGTH") or "0"):
        raise Problem(507, no_room_text())
    try:
        digest = actions.add_part(row, part, request, request.headers.get("X-Part-SHA256", ""))
    except actions.BadPart as error:
        raise Problem(422, str(error)) from error
    return {"part": part, "sha256": digest}


@router.delete(_UPLOAD, response={204: None})
def discard_upload(request: HttpRequest, upload: int) -> Any:
    """Discard an upload with what has arrived."""
    actions.discard_upload(_upload(request, upload))
    return Status(204, None)


def _upload(request: HttpRequest, upload: int) -> PartialUpload:
    rows = PartialUpload.objects.kept().filter(multipart_id="")
    row: PartialUpload = visible_or_404(request, rows, upload)
    if not row.folder.is_dir():
        raise Http404
    return row


def _facts(row: PartialUpload) -> dict[str, Any]:
    return {
        **rows.fields(row, "name", "size", "part_size", "parts"),
        "id": row.pk,
        "arrived": sorted(row.arrived),
    }
