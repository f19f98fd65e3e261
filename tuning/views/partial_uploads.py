"""Uploads in parts: beginning one, adding a part, asking what has arrived, discarding it.

Answers are JSON; a refusal is a line of text. Scripts of the upload page ask here; the form itself
(`datasets.dataset_create`) takes the finished upload in place of a file.
"""

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_http_methods, require_POST

from tuning.actions import partial_uploads as actions
from tuning.forms.datasets import has_no_room, no_room_text
from tuning.forms.partial_uploads import BeginUploadForm
from tuning.models import PartialUpload

from .access import may_create, visible_or_404
from .uploads import refusal, takes_files


@require_POST
def upload_create(request: HttpRequest) -> HttpResponse:
    if not may_create(request):
        raise PermissionDenied("Only editors and owners of a team can upload files.")
    form = BeginUploadForm(request.POST, user=request.user)
    if not form.is_valid():
        return refusal(form.refusal(), 422)
    name, size = form.cleaned_data["name"], form.cleaned_data["size"]
    if has_no_room(str(size)):
        return refusal(no_room_text(), 507)
    upload = actions.begin_upload(request.user, name, size)
    if upload is None:
        return refusal(actions.TOO_MANY, 409)
    return JsonResponse(_facts(upload), status=201)


@require_http_methods(["GET", "DELETE"])
def upload_detail(request: HttpRequest, pk: int) -> HttpResponse:
    upload = _upload(request, pk)
    if request.method == "DELETE":
        actions.discard_upload(upload)
        return HttpResponse(status=204)
    return JsonResponse(_facts(upload))


@takes_files
@require_POST
def upload_part(request: HttpRequest, pk: int, part: int) -> HttpResponse:
    """The body is the part; `X-Part-SHA256` is its digest, if the browser could count it."""
    upload = _upload(request, pk)
    length = request.META.get("CONTENT_LENGTH") or "0"
    if has_no_room(length):
        return refusal(no_room_text(), 507)
    try:
        digest = actions.add_part(upload, part, request, request.headers.get("X-Part-SHA256", ""))
    except actions.BadPart as error:
        return refusal(str(error), 422)
    return JsonResponse({"part": part, "sha256": digest})


def _upload(request: HttpRequest, pk: int) -> PartialUpload:
    upload: PartialUpload = visible_or_404(request, PartialUpload.objects.kept(), pk)
    if not upload.folder.is_dir():
        raise Http404
    return upload


def _facts(upload: PartialUpload) -> dict[str, object]:
    return {
        "key": upload.pk,
        "name": upload.name,
        "size": upload.size,
        "part_size": upload.part_size,
        "parts": upload.parts,
        "arrived": upload.arrived,
    }
