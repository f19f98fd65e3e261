"""Questions to a saved model. Viewers may ask: nothing changes. Each person sees their own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    StreamingHttpResponse,
)
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_GET, require_http_methods

from tuning.actions import predictions as actions
from tuning.analysis.exports import file_name, file_stem
from tuning.analysis.predictions.about import caution_of, sources_of
from tuning.analysis.predictions.answers import answer_of
from tuning.analysis.snippets import predict_snippet
from tuning.forms.datasets import LimitedUploadHandler, has_no_room, no_room_text
from tuning.forms.predictions import FileForm, RowForm, file_form_of, row_form_of
from tuning.models import Prediction, SavedModel
from tuning.models.addresses import ModelNumbers, is_number
from tuning.protocol.predictions import MAX_FILE_MB

from .access import visible_or_404
from .shared import online_workers
from .uploads import takes_files

# What the multipart format adds to a file.
_AROUND = 64 * 1024


@require_http_methods(["GET", "POST"])
def saved_model_predict(request: HttpRequest, at: ModelNumbers) -> HttpResponse:
    """POST asks about the row of the form. htmx gets the section, with what was typed."""
    saved_model = _with_file(request, at)
    form = row_form_of(saved_model, request.POST) if request.method == "POST" else None
    if form is None:
        return _section(request, saved_model)
    if not form.is_valid():
        return _section(request, saved_model, row_form=form, status=422)
    prediction = actions.ask(request.user, saved_model, form.row)
    return _section(request, saved_model, prediction, row_form=form)


@takes_files
@csrf_exempt  # Checked in _predict_file: the check reads the form, and with it the file.
@require_http_methods(["GET", "POST"])
def saved_model_predict_file(request: HttpRequest, at: ModelNumbers) -> HttpResponse:
    """POST asks about the rows of a file. htmx gets the answer alone: a chosen file would be lost
    with its form."""
    saved_model = _with_file(request, at)
    length = request.META.get("CONTENT_LENGTH") or "0"
    if request.method == "POST" and int(length) > (MAX_FILE_MB << 20) + _AROUND:
        return _refused(request, saved_model, f"The file is larger than {MAX_FILE_MB} MB.")
    if request.method == "POST" and has_no_room(length):
        return _refused(request, saved_model, no_room_text())
    request.upload_handlers = [LimitedUploadHandler(request)]
    return _predict_file(request, saved_model)


@csrf_protect
def _predict_file(request: HttpRequest, saved_model: SavedModel) -> HttpResponse:
    if request.method != "POST":
        return redirect("saved-model-predict", saved_model)
    form = file_form_of(saved_model, request.POST, request.FILES)
    if not form.is_valid():
        said = [str(error) for errors in form.errors.values() for error in errors]
        return _refused(request, saved_model, " ".join(said), form)
    with form.cleaned_data["rows"] as file:
        path = Path(file.temporary_file_path())
        prediction = actions.ask_file(request.user, saved_model, form.source, path, file.name)
    if not request.htmx:  # type: ignore[attr-defined]
        return _to_answer(prediction)
    return render(request, "predictions/_answer.html", _answer_context(prediction))


@require_GET
@never_cache
def prediction_live(request: HttpRequest, pk: int) -> HttpResponse:
    """The answer; 204 until there is one."""
    prediction = visible_or_404(request, Prediction.objects.with_model(), pk)
    if prediction.is_active and request.GET.get("since") == prediction.status:
        return HttpResponse(status=204)
    return render(request, "predictions/_answer.html", _answer_context(prediction))


@require_GET
def prediction_rows(request: HttpRequest, pk: int) -> StreamingHttpResponse | FileResponse:
    """All rows with their predictions, as CSV."""
    prediction = visible_or_404(request, Prediction.objects.with_model(), pk)
    name = f"{file_stem(prediction.saved_model)}-predictions.csv"
    try:
        # No copy stays on this machine: answers are deleted after an hour.
        response = _attachment(prediction.stored.pieces(), name) or FileResponse(
            prediction.stored.place.open("rb"), as_attachment=True, filename=name,
            content_type="application/octet-stream",
        )  # fmt: skip
    except FileNotFoundError:
        raise Http404 from None
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


def _attachment(pieces: Iterator[bytes] | None, name: str) -> StreamingHttpResponse | None:
    if pieces is None:
        return None
    response = StreamingHttpResponse(pieces, content_type="application/octet-stream")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def question_context(
    request: HttpRequest, saved_model: SavedModel, prediction: Prediction | None = None,
    row_form: RowForm | None = None,
) -> dict[str, Any]:  # fmt: skip
    """What the section shows: the forms, and the answer to the question in the address."""
    if prediction is None and is_number(request.GET.get("asked", "")):
        asked = Prediction.objects.with_model().visible_to(request.user)
        prediction = asked.filter(saved_model=saved_model, pk=int(request.GET["asked"])).first()
    sources = sources_of(saved_model.project.dataset)
    return {
        "sources": [source.value for source in sources],
        "caution": caution_of(saved_model),
        "row_form": row_form or row_form_of(saved_model, None, prediction),
        "file_form": file_form_of(saved_model),
        **_answer_context(prediction),
    }


def _with_file(request: HttpRequest, at: ModelNumbers) -> SavedModel:
    rows: Any = SavedModel.objects.select_related("project__dataset", "project__hypermodel")
    saved_model: SavedModel = visible_or_404(
        request, rows.select_related("trial__search").defer(
            "trial__search__oracle_state", "trial__search__space"
        ), at,
    )  # fmt: skip
    if not saved_model.file:
        raise Http404
    return saved_model


def _answer_context(prediction: Prediction | None) -> dict[str, Any]:
    if prediction is None:
        return {"prediction": None}
    saved_model = prediction.saved_model
    waits = prediction.is_active and not online_workers()
    return {
        "prediction": prediction, "answer": answer_of(prediction), "nobody_works": waits,
        "answer_code": predict_snippet(saved_model, file_name(saved_model), prediction),
    }  # fmt: skip


def _section(
    request: HttpRequest, saved_model: SavedModel, prediction: Prediction | None = None,
    row_form: RowForm | None = None, status: int = 200,
) -> HttpResponse:  # fmt: skip
    if prediction and not request.htmx:  # type: ignore[attr-defined]
        return _to_answer(prediction)
    context = {
        "saved_model": saved_model, "project": saved_model.project,
        **question_context(request, saved_model, prediction, row_form),
    }  # fmt: skip
    template = "_section" if request.htmx else "page"  # type: ignore[attr-defined]
    return render(request, f"predictions/{template}.html", context, status=status)


def _refused(
    request: HttpRequest, saved_model: SavedModel, text: str, form: FileForm | None = None
) -> HttpResponse:  # fmt: skip
    """Beside the file's field, which keeps its file; without scripts on a page of its own."""
    context = {"saved_model": saved_model, "project": saved_model.project, "refusal": text}
    if not request.htmx:  # type: ignore[attr-defined]
        context |= question_context(request, saved_model)
        context["file_form"] = form or context["file_form"]
    template = "_answer" if request.htmx else "page"  # type: ignore[attr-defined]
    return render(request, f"predictions/{template}.html", context, status=422)


def _to_answer(prediction: Prediction) -> HttpResponse:
    address = reverse("saved-model-predict", args=[prediction.saved_model])
    return redirect(f"{address}?asked={prediction.pk}")
