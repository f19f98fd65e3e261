"""A saved model's evaluation: what its plots draw, and its test rows, page by page."""

from typing import Any

import numpy as np
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from tuning.actions.saved_models import evaluate
from tuning.analysis.evaluation import lines as test_lines
from tuning.analysis.evaluation.comparison import compared, others_of
from tuning.analysis.evaluation.contents import picture_of
from tuning.analysis.evaluation.plots import evaluation_plots
from tuning.analysis.evaluation.rows import rows_info
from tuning.models import ModelEvaluation, SavedModel
from tuning.models.addresses import ModelNumbers

from .access import editable_or_404, visible_or_404
from .coming_files import waits_for_files


@waits_for_files
@require_GET
@never_cache
def saved_model_evaluation(request: HttpRequest, at: ModelNumbers) -> JsonResponse:
    """What static/js/evaluation.js draws."""
    return JsonResponse(evaluation_plots(visible_or_404(request, SavedModel.objects.all(), at)))


@require_POST
def saved_model_evaluate(request: HttpRequest, at: ModelNumbers) -> HttpResponse:
    """Have a model without a usable evaluation evaluated."""
    saved_model = editable_or_404(request, SavedModel.objects.all(), at)
    evaluate(saved_model)
    return redirect(f"{reverse('saved-model-detail', args=[saved_model])}#evaluation")


@require_GET
@never_cache
def saved_model_evaluation_live(request: HttpRequest, at: ModelNumbers) -> HttpResponse:
    """The progress of an evaluation. Once it has ended, the page loads again."""
    saved_model = visible_or_404(request, SavedModel.objects.all(), at)
    evaluation = ModelEvaluation.objects.filter(saved_model=saved_model).first()
    if evaluation is None or not evaluation.is_active:
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    context = {"saved_model": saved_model, "evaluating": evaluation}
    return render(request, "saved_models/_evaluating.html", context)


@waits_for_files
@require_GET
@never_cache
def saved_model_rows(request: HttpRequest, at: ModelNumbers) -> HttpResponse:
    """A page of test rows: those of a cell of the confusion matrix (`actual`, `predicted`), else
    the mistakes or the largest errors. For htmx."""
    evaluation, lines = evaluated(request, at)
    listed = rows_info(evaluation, lines, request.GET)
    if listed is None:
        raise Http404
    context = {"saved_model": evaluation.saved_model, "listed": listed}
    return render(request, "saved_models/_rows.html", context)


@waits_for_files
@require_GET
def saved_model_picture(request: HttpRequest, at: ModelNumbers, row: int) -> HttpResponse:
    """A test row of images as PNG."""
    evaluation, lines = evaluated(request, at)
    picture = None
    if test_lines.holds(lines, row):
        picture = picture_of(evaluation.saved_model.project.dataset, row)
    if picture is None:
        raise Http404
    response = HttpResponse(picture, content_type="image/png")
    # Datasets never change.
    response["Cache-Control"] = "private, max-age=86400"
    return response


@require_GET
def saved_model_compare(request: HttpRequest, at: ModelNumbers) -> HttpResponse:
    """The model beside others of its project (`with`)."""
    models: Any = SavedModel.objects.select_related("project__dataset", "trial__search").defer(
        "trial__search__oracle_state", "trial__search__space"
    )
    saved_model = visible_or_404(request, models, at)
    others = others_of(saved_model)
    requested = set(request.GET.getlist("with"))
    context = {
        "saved_model": saved_model, "project": saved_model.project, "others": others,
        "comparison": compared(saved_model, [m for m in others if str(m.number) in requested]),
    }  # fmt: skip
    return render(request, "saved_models/compare.html", context)


def evaluated(request: HttpRequest, at: ModelNumbers) -> tuple[ModelEvaluation, np.ndarray]:
    """The evaluation of a model with its lines. Raises Http404 if it has none."""
    models: Any = SavedModel.objects.select_related("project__dataset")
    saved_model = visible_or_404(request, models, at)
    evaluation = ModelEvaluation.objects.filter(saved_model=saved_model).first()
    if evaluation is None:
        raise Http404
    evaluation.saved_model = saved_model
    lines = test_lines.lines_of(evaluation)
    if lines is None:
        raise Http404
    return evaluation, lines
