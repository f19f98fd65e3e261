"""Saved models: following a retraining, reading its result, downloading it."""

import tempfile
import zipfile
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.db.models import QuerySet
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    JsonResponse,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
    require_safe,
)

from tuning.actions import saved_models as actions
from tuning.analysis.curves import saved_model_info
from tuning.analysis.evaluation.comparison import MAX_MODELS
from tuning.analysis.evaluation.lines import lines_of
from tuning.analysis.evaluation.rows import rows_info
from tuning.analysis.evaluation.summary import (
    gap_text,
    reuse_warning,
    rows_text,
    scores_of,
    summary_of,
)
from tuning.analysis.exports import (
    description_json,
    file_name,
    file_stem,
    history_csv,
    hyperparameters_json,
)
from tuning.analysis.markdown import read, write
from tuning.analysis.model_card import as_markdown, card_of
from tuning.analysis.model_table import version_rows
from tuning.analysis.naive_forecasts import forecast_table
from tuning.analysis.profiles import split_sizes
from tuning.analysis.slots import workers_for
from tuning.analysis.snippets import forms as snippet_forms
from tuning.analysis.snippets import predict_snippet
from tuning.analysis.window_splits import series_notes
from tuning.models import ModelEvaluation, SavedModel, Stage
from tuning.models.addresses import ModelNumbers
from tuning.protocol.statuses import Status

from .access import editable_or_404, may_change, visible_or_404
from .audit import record_download
from .coming_files import waits_for_files
from .predictions import question_context
from .streams import FileFor, Reader, pieces_for

# A signed address is used at once, or not at all.
DIRECT_SECONDS = 60
# name in the address and in the zip: what it is, for people
FILES = {
    "history.csv": "Training history",
    "hyperparameters.json": "Hyperparameters",
    "description.json": "Classes and inputs",
    "template.py": "Model template",
    "layers.py": "Custom layers of the template, imported by predict.py",
    "predict.py": "Prediction script",
    "model_card.md": "Model card",
}


@require_GET
def saved_model_detail(request: HttpRequest, at: ModelNumbers) -> HttpResponse:
    saved_model = visible_or_404(request, _saved_models(), at)
    context = {
        **_progress(saved_model),
        "project": saved_model.project,
        "trial": saved_model.trial,
        "file_name": file_name(saved_model),
        "file_is_there": bool(saved_model.file) and saved_model.stored.exists(),
        "files": _file_labels(saved_model),
        **_evaluation(saved_model),
        "stages": Stage,
        "description": write(read(saved_model.description, ()), {}),
        "snippet": predict_snippet(saved_model, file_name(saved_model)),
        "snippets": snippet_forms(saved_model.trial.values, saved_model.trial.search.kind),
        "can_edit": may_change(request, saved_model.project),
        **_versions(saved_model),
    }
    if context["file_is_there"]:
        context |= question_context(request, saved_model)
    return render(request, "saved_models/detail.html", context)


@require_GET
@never_cache
def saved_model_live(request: HttpRequest, at: ModelNumbers) -> HttpResponse:
    """The progress; 204 without news. Once the retraining has ended, the page loads again."""
    saved_model = visible_or_404(request, _saved_models(), at)
    if not saved_model.is_active:
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    context = _progress(saved_model)
    if request.GET.get("since") == context["version"]:
        return HttpResponse(status=204)
    return render(request, "saved_models/_live.html", context)


@require_GET
@never_cache
def saved_model_plots(request: HttpRequest, at: ModelNumbers) -> JsonResponse:
    return JsonResponse(saved_model_info(visible_or_404(request, _saved_models(), at)))


@require_safe
def saved_model_download(request: HttpRequest, at: ModelNumbers) -> HttpResponseBase:
    """The model's file."""
    saved_model = visible_or_404(request, _saved_models(), at)
    if not saved_model.file:
        raise Http404
    name = file_name(saved_model)
    if address := _direct_address(request, saved_model, name):
        record_download(request, "model.download", saved_model, file=name)
        return redirect(address)
    try:
        if pieces := saved_model.stored.pieces():
            return _stream(request, saved_model, pieces, name)
        file = saved_model.stored.place.open("rb")
    except FileNotFoundError:
        return _file_is_gone(request, saved_model)
    return _attachment(request, saved_model, file, name)


@waits_for_files
@require_safe
def saved_model_file(request: HttpRequest, at: ModelNumbers, name: str) -> HttpResponse:
    """One of FILES, made from rows."""
    saved_model = visible_or_404(request, _saved_models(), at)
    if name not in _file_labels(saved_model):
        raise Http404
    record_download(request, "model.download", saved_model, file=name)
    content = _texts(saved_model)[name].encode()
    stem, _, ending = name.partition(".")
    response = HttpResponse(content, content_type="application/octet-stream")
    response["Content-Length"] = str(len(content))
    _set_name(response, f"{file_stem(saved_model)}-{stem}.{ending}")
    return response


@waits_for_files
@require_safe
def saved_model_bundle(request: HttpRequest, at: ModelNumbers) -> HttpResponse | FileResponse:
    """The model and all FILES as one zip. Built in a temporary file: its length must be known
    before the first byte goes out, and models do not fit into memory."""
    saved_model = visible_or_404(request, _saved_models(), at)
    if not saved_model.file:
        raise Http404
    stem = file_stem(saved_model)
    bundle = tempfile.TemporaryFile()  # noqa: SIM115  the response closes it
    try:
        # Both .keras and .skops files are zips themselves: compressing it again only costs time.
        with zipfile.ZipFile(bundle, "w", zipfile.ZIP_STORED) as archive:
            archive.write(saved_model.stored.fetch(), f"{stem}/{file_name(saved_model)}")
            for name, text in _texts(saved_model).items():
                archive.writestr(f"{stem}/{name}", text)
    except FileNotFoundError:
        bundle.close()
        return _file_is_gone(request, saved_model)
    bundle.seek(0)
    return _attachment(request, saved_model, bundle, f"{stem}.zip")


@waits_for_files
@require_GET
def saved_model_card(request: HttpRequest, at: ModelNumbers) -> HttpResponse:
    """The model card as a page to print."""
    saved_model = visible_or_404(request, _saved_models(), at)
    if not saved_model.file:
        raise Http404
    context = {
        "saved_model": saved_model, "project": saved_model.project, "card": card_of(saved_model),
        "description": write(read(saved_model.description, ()), {}),
    }  # fmt: skip
    return render(request, "saved_models/card.html", context)


@require_http_methods(["GET", "POST"])
def saved_model_stop(request: HttpRequest, at: ModelNumbers) -> HttpResponse:
    """GET asks, POST does it."""
    saved_model = editable_or_404(request, _saved_models(), at)
    if request.method == "POST":
        actions.stop_retraining(saved_model)
        return redirect("saved-model-detail", saved_model)
    return render(request, "saved_models/stop.html", {"saved_model": saved_model})


@require_POST
def saved_model_stage(request: HttpRequest, at: ModelNumbers) -> HttpResponse:
    """Change the stage of a finished model."""
    saved_model = editable_or_404(request, _saved_models(), at)
    if request.POST.get("stage") not in Stage.values or not saved_model.file:
        raise Http404
    actions.set_stage(saved_model, Stage(request.POST["stage"]))
    return redirect("saved-model-detail", saved_model)


@require_http_methods(["GET", "POST"])
def saved_model_delete(request: HttpRequest, at: ModelNumbers) -> HttpResponse:
    """GET asks, POST does it."""
    saved_model = editable_or_404(request, _saved_models(), at)
    if request.method == "POST":
        actions.delete_saved_model(saved_model)
        messages.success(request, f"Model of trial {saved_model.trial.number} deleted.")
        return redirect("project-detail", saved_model.project_id)
    return render(request, "saved_models/delete.html", {"saved_model": saved_model})


def _saved_models() -> QuerySet[SavedModel]:
    return SavedModel.objects.select_related(
        "worker", "created_by", "project__team", "project__dataset", "project__hypermodel",
        "trial__search__hypermodel",
    ).defer("trial__search__oracle_state", "trial__search__space")  # fmt: skip


def _progress(saved_model: SavedModel) -> dict[str, Any]:
    done = saved_model.history.filter(attempt=saved_model.attempt).order_by("-epoch").first()
    waits = saved_model.status == Status.QUEUED
    workers = workers_for(saved_model.trial.search.gpu) if waits else 0
    version = f"{saved_model.status}-{saved_model.attempt}-{saved_model.revision}-{workers}"
    return {
        "saved_model": saved_model,
        "last": done,
        "epochs_done": done.epoch if done else 0,
        "version": version,
        "workers": workers,
    }


def _versions(saved_model: SavedModel) -> dict[str, Any]:
    rows = version_rows(saved_model)
    others = [row.model.number for row in rows if row.model.pk != saved_model.pk and row.model.file]
    address = reverse("saved-model-compare", args=[saved_model])
    query = urlencode({"with": others[: MAX_MODELS - 1]}, doseq=True)
    is_comparable = bool(saved_model.file and others)
    return {"versions": rows, "compare_versions": f"{address}?{query}" if is_comparable else ""}


def _evaluation(saved_model: SavedModel) -> dict[str, Any]:
    evaluation = ModelEvaluation.objects.filter(saved_model=saved_model).first()
    scores, summary = scores_of(saved_model, evaluation), summary_of(saved_model, evaluation)
    context: dict[str, Any] = {
        "test_scores": scores,
        "gap": gap_text(saved_model, scores),
        "reuse_warning": reuse_warning(saved_model),
        "series_notes": series_notes(saved_model.project.dataset, saved_model.project.split),
        "evaluation": summary,
        "has_test_rows": bool(split_sizes(saved_model.project)["test"]),
        "evaluating": evaluation if evaluation and evaluation.is_active else None,
        "test_rows": rows_text(summary, saved_model.project.dataset.data),
    }
    lines = lines_of(evaluation) if evaluation else None
    context["forecasts"] = forecast_table(saved_model.project.dataset, lines)
    if evaluation and lines is not None:
        evaluation.saved_model = saved_model
        context["listed"] = rows_info(evaluation, lines, {})
    return context


def _file_labels(saved_model: SavedModel) -> dict[str, str]:
    """FILES, without those that this model has no use for."""
    without = set()
    if not saved_model.trial.search.kind.has_epochs:
        without.add("history.csv")
    if not saved_model.layers_code:
        without.add("layers.py")
    return {name: label for name, label in FILES.items() if name not in without}


def _texts(saved_model: SavedModel) -> dict[str, str]:
    """The contents of the files."""
    texts = {
        "history.csv": history_csv(saved_model),
        "hyperparameters.json": hyperparameters_json(saved_model),
        "description.json": description_json(saved_model),
        "template.py": saved_model.trial.search.hypermodel.code,
        "layers.py": saved_model.layers_code,
        "predict.py": predict_snippet(saved_model, file_name(saved_model)),
        "model_card.md": as_markdown(card_of(saved_model)),
    }
    return {name: texts[name] for name in _file_labels(saved_model)}


def _attachment(
    request: HttpRequest, saved_model: SavedModel, file: Any, name: str
) -> FileResponse:
    record_download(request, "model.download", saved_model, file=name)
    response = FileResponse(
        FileFor(Reader(request, saved_model), file), as_attachment=True, filename=name,
        content_type="application/octet-stream",
    )  # fmt: skip
    _set_name(response, name)
    return response


def _direct_address(request: HttpRequest, saved_model: SavedModel, name: str) -> str:
    """Where a browser downloads the file from the store itself. Scripts would send their token
    there."""
    is_page = request.method == "GET" and not hasattr(request, "access_token")
    if not (settings.STORAGE_DIRECT and is_page):
        return ""
    return saved_model.stored.address(name, DIRECT_SECONDS)


def _stream(
    request: HttpRequest, saved_model: SavedModel, pieces: Iterator[bytes], name: str
) -> StreamingHttpResponse:
    """The store's copy, through the site. It ends early if it turns out to be damaged."""
    record_download(request, "model.download", saved_model, file=name)
    response = StreamingHttpResponse(
        pieces_for(Reader(request, saved_model), pieces), content_type="application/octet-stream"
    )
    response["Content-Length"] = str(saved_model.size)
    _set_name(response, name)
    return response


def _set_name(response: HttpResponse | StreamingHttpResponse, name: str) -> None:
    # Names are made of slugs and numbers, so they need no quoting.
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"


def _file_is_gone(request: HttpRequest, saved_model: SavedModel) -> HttpResponse:
    return render(request, "saved_models/gone.html", {"saved_model": saved_model}, status=410)
