"""Trials: one with everything known about it, and retraining its values."""

from typing import Any

from django.contrib import messages
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from tuning.actions.quotas import OverQuota
from tuning.actions.saved_models import retrain
from tuning.actions.searches import pin_weights, refusal_to_train_to_end, train_to_end
from tuning.analysis.curves import trial_info
from tuning.analysis.decline import decline_of
from tuning.analysis.lineage import hyperband_place, neighbours
from tuning.analysis.pruning import horizon_of, pruned_text
from tuning.analysis.resources import resources_of
from tuning.analysis.snippets import forms as snippet_forms
from tuning.analysis.summary import running_row, spread
from tuning.analysis.trial_metrics import first_not_finite, metric_rows, score_note
from tuning.analysis.trial_objectives import infeasible_text, is_on_front, judged_rows
from tuning.analysis.trial_parts import part_rows
from tuning.forms.trials import RetrainForm
from tuning.models import Attempt, Search, Trial
from tuning.models.addresses import TrialNumbers
from tuning.protocol.statuses import Status
from tuning.spaces.hyperparameters import read_space

from .access import editable_or_404, may_change, visible_or_404


@require_GET
def trial_detail(request: HttpRequest, at: TrialNumbers) -> HttpResponse:
    trial = visible_or_404(request, _trials(), at)
    return render(request, "trials/detail.html", _context(request, trial, RetrainForm(trial=trial)))


@require_GET
@never_cache
def trial_live(request: HttpRequest, at: TrialNumbers) -> HttpResponse:
    """The progress of a trial; 204 without news. Once it has ended, the page loads again."""
    trial = visible_or_404(request, _trials(), at)
    if trial.status not in (Status.QUEUED, Status.RUNNING):
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    if request.GET.get("since") == _version(trial):
        return HttpResponse(status=204)
    return render(request, "trials/_live.html", {**_progress(trial), "oob": True})


@require_GET
@never_cache
def trial_plots(request: HttpRequest, at: TrialNumbers) -> JsonResponse:
    trial = visible_or_404(request, Trial.objects.select_related("search"), at)
    return JsonResponse(trial_info(trial))


@require_POST
def trial_retrain(request: HttpRequest, at: TrialNumbers) -> HttpResponse:
    run_here = _trials().filter(search__origin=Search.Origin.TUNEROOM)
    trial = editable_or_404(request, run_here.completed(), at)  # type: ignore[attr-defined]
    form = RetrainForm(request.POST, trial=trial)
    if form.is_valid():
        given = form.cleaned_data
        try:
            made = retrain(request.user, trial, given.get("epochs"), given["name"])
            return redirect("saved-model-detail", made)
        except OverQuota as error:
            form.add_error(None, str(error))
    return render(request, "trials/detail.html", _context(request, trial, form), status=422)


@require_POST
def trial_train_to_end(request: HttpRequest, at: TrialNumbers) -> HttpResponse:
    run_here = _trials().filter(search__origin=Search.Origin.TUNEROOM)
    trial = editable_or_404(request, run_here, at)
    if not train_to_end(trial):
        trial.refresh_from_db()
        # Pressed twice, it waits or runs already.
        if not (trial.is_active and trial.trains_to_end):
            messages.error(request, refusal_to_train_to_end(trial))
    return redirect("trial-detail", trial)


@require_POST
def trial_pin(request: HttpRequest, at: TrialNumbers) -> HttpResponse:
    """Keep the weights of a pruned trial (`pinned` is 1) or not any more."""
    trial = editable_or_404(request, _trials(), at)
    if not pin_weights(trial, request.POST.get("pinned") == "1"):
        messages.error(request, f"The weights of trial {trial.number} are no longer stored.")
    return redirect("trial-detail", trial)


def _trials() -> QuerySet[Trial]:
    return Trial.objects.select_related(
        "worker", "search__project__team", "search__project__dataset", "search__project__hypermodel"
    ).defer("search__oracle_state", "search__project__hypermodel__code")


def _version(trial: Trial) -> str:
    return f"{trial.status}-{trial.attempt}-{trial.epochs_done}"


def _progress(trial: Trial) -> dict[str, Any]:
    return {
        "trial": trial,
        "version": _version(trial),
        "progress": running_row(trial.search, trial),
        "metrics": metric_rows(trial),
        "parts": part_rows(trial),
        "resources": resources_of([trial])[0],
    }


def _context(request: HttpRequest, trial: Trial, form: RetrainForm) -> dict[str, Any]:
    search = trial.search
    return {
        **_progress(trial),
        "search": search,
        "project": search.project,
        "values": _values(trial),
        "snippets": snippet_forms(trial.values, search.kind),
        "spread": spread(trial.execution_scores),
        "confirmations": trial.confirmations.completed().select_related("search"),
        "decline": decline_of(trial),
        "first_not_finite": first_not_finite(trial),
        "score_note": score_note(trial),
        "place": hyperband_place(trial),
        "neighbours": neighbours(trial),
        "attempts": _attempts(trial),
        "saved_models": trial.saved_models.order_by("-created_at"),
        "form": form,
        **_pruned_context(trial),
        "judged": judged_rows(trial),
        "infeasible_text": infeasible_text(trial),
        "on_front": is_on_front(trial),
        "can_edit": may_change(request, search.project),
    }


def _attempts(trial: Trial) -> QuerySet[Attempt]:
    """With the number of epochs or folds that each reported."""
    of_attempt = trial.epochs.filter(attempt=OuterRef("number")).order_by().values("attempt")
    counted = of_attempt.annotate(count=Count("pk")).values("count")
    return trial.attempts.annotate(epochs=Coalesce(Subquery(counted), 0))


def _pruned_context(trial: Trial) -> dict[str, Any]:
    if trial.status != Status.PRUNED:
        return {}
    return {
        "pruned_text": pruned_text(trial),
        "horizon": horizon_of(trial.search.kind),
        "to_end_refusal": refusal_to_train_to_end(trial),
        "has_weights": trial.search.pruned_trials_resume and trial.pruned_weights.exists(),
    }


def _values(trial: Trial) -> list[tuple[str, Any, str]]:
    """Names, values and ranges, in the template's order. An imported search may know no ranges."""
    ranges = {each.name: each.range_text for each in read_space(trial.search.space)}
    names = dict.fromkeys([*ranges, *trial.values])
    return [
        (name, trial.values[name], ranges.get(name, "")) for name in names if name in trial.values
    ]
