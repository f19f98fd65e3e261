"""Uploads in parts: beginning one, adding a part, asking what has arrived, discarding it.

Answers are JSON; a refusal is a line of text. Scripts of the upload page ask here; the form itself
(`datasets.dataset_create`) takes the finished upload in place of a file.
"""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_http_methods, require_POST

from tuning.actions import direct_uploads as direct
from tuning.actions import partial_uploads as actions
from tuning.forms.datasets import has_no_room, no_room_text
from tuning.forms.partial_uploads import BeginUploadForm, Purpose
from tuning.models import PartialUpload
from tuning.storage.configured import direct_store
from tuning.storage.contract import Missing

from .access import may_create, visible_or_404
from .uploads import refusal, takes_files

TROUBLE = (
    "The server's storage is not accepting the file. The page keeps trying; contact your "
    "administrator if this continues."
)


@require_POST
def upload_create(request: HttpRequest) -> HttpResponse:
    """`direct`: the browser can send parts to the store itself, if the site uses one for that."""
    if not may_create(request):
        raise PermissionDenied("Only editors and owners of a team can upload files.")
    form = BeginUploadForm(request.POST, user=request.user)
    if not form.is_valid():
        return refusal(form.refusal(), 422)
    name, size = form.cleaned_data["name"], form.cleaned_data["size"]
    is_import = form.cleaned_data["purpose"] == Purpose.IMPORT
    to_store = "direct" in request.POST and not is_import and direct_store() is not None
    if not to_store and has_no_room(str(size)):
        return refusal(no_room_text(), 507)
    upload = (direct if to_store else actions).begin_upload(request.user, name, size)
    if upload is None:
        return refusal(actions.TOO_MANY, 409)
    return JsonResponse(_facts(upload), status=201)


@require_http_methods(["GET", "DELETE"])
def upload_detail(request: HttpRequest, pk: int) -> HttpResponse:
    upload = _upload(request, pk)
    if request.method == "DELETE":
        actions.discard_upload(upload)
        return HttpResponse(status=204)
    try:
        return JsonResponse(_facts(upload))
    except Missing:
        raise Http404 from None


@takes_files
@require_POST
def upload_part(request: HttpRequest, pk: int, part: int) -> HttpResponse:
    """The body is the part; `X-Part-SHA256` is its digest, if the browser could count it."""
    upload = _upload(request, pk)
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not upload.is_direct and has_no_room(length):
        return refusal(no_room_text(), 507)
    add = direct.relay_part if upload.is_direct else actions.add_part
    return _answer(lambda: {"part": part, "sha256": add(upload, part, request, _digest(request))})


@require_POST
def upload_address(request: HttpRequest, pk: int, part: int) -> HttpResponse:
    """Where a browser sends this part itself. `X-Part-SHA256` is its digest."""
    upload = _upload(request, pk)
    if not upload.is_direct:
        raise Http404
    return _answer(lambda: {"address": direct.sign_part(upload, part, _digest(request))})


@require_POST
def upload_finish(request: HttpRequest, pk: int) -> HttpResponse:
    """Once all parts are in the store. It is to be asked again until the file is `stored`;
    `trouble`: why that takes long."""
    upload = _upload(request, pk)
    return _answer(lambda: _progress(upload))


def _progress(upload: PartialUpload) -> dict[str, Any]:
    stored = not upload.is_direct or direct.finish_upload(upload)
    trouble = TROUBLE if not stored and direct.has_trouble(upload) else ""
    return {"stored": stored, "trouble": trouble}


def _answer(facts: Callable[[], dict[str, Any]]) -> HttpResponse:
    try:
        return JsonResponse(facts())
    except actions.BadPart as error:
        return refusal(str(error), 422)
    except Missing:
        # It was removed from the store.
        raise Http404 from None


def _digest(request: HttpRequest) -> str:
    return request.headers.get("X-Part-SHA256", "")


def _upload(request: HttpRequest, pk: int) -> PartialUpload:
    upload: PartialUpload = visible_or_404(request, PartialUpload.objects.kept(), pk)
    if not upload.folder.is_dir():
        raise Http404
    return upload


def _facts(upload: PartialUpload) -> dict[str, object]:
    """Raises Missing if the store has removed what had come."""
    return {
        "key": upload.pk,
        "name": upload.name,
        "size": upload.size,
        "part_size": upload.part_size,
        "parts": upload.parts,
        "direct": upload.is_direct,
        "arrived": direct.arrived_parts(upload) if upload.is_direct else upload.arrived,
    }
