"""Help: a page for each subject, in plain words."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tuning.analysis import help as texts
from tuning.analysis.limits import EARLY
from tuning.analysis.pruning import HORIZON, SEVERAL
from tuning.analysis.roles import RIGHTS
from tuning.analysis.trials.exports import FORMATS
from tuning.event_kinds import FOR_PEOPLE, FOR_WEBHOOKS
from tuning.models import Role
from tuning.protocol.measured import MEASURED
from tuning.protocol.objectives import MAX_OBJECTIVES
from tuning.strategies.pruners import PRUNERS
from tuning.strategies.traits import OFFERED


@dataclass(frozen=True)
class Page:
    """`context` is what its template is filled with, made again for each request."""

    slug: str
    title: str
    about: str
    context: Callable[[], dict[str, Any]] = dict


PAGES = {
    page.slug: page
    for page in (
        Page("projects", "Projects", "Datasets, templates, splits and searches."),
        Page("datasets", "Datasets", "Tables, images and NumPy arrays."),
        Page("templates", "Model templates", "KerasTuner and scikit-learn code."),
        Page("models", "Models", "Retraining, test metrics, files and predictions."),
        Page(
            "trials", "The trial table", "Columns, sorting, filters and views.",
            lambda: {"operators": texts.operators()},
        ),
        Page(
            "addresses", "URL parameters", "URL parameters of trial tables.",
            lambda: {"operators": texts.operators(), "formats": FORMATS.values()},
        ),
        Page(
            "plots", "Plots", "What each plot shows and how to read it.",
            lambda: {"plots": texts.plots()},
        ),
        Page(
            "statuses", "Statuses and failures", "Meanings, causes and next steps.",
            lambda: {
                "search_statuses": texts.search_statuses(),
                "trial_statuses": texts.trial_statuses(),
                "failures": texts.failures(),
            },
        ),
        Page("compare", "Comparing", "Trials and searches side by side."),
        Page(
            "teams", "Teams and roles", "Inviting people, and what each role may do.",
            lambda: {"rights": RIGHTS, "roles": list(Role)},
        ),
        Page("notes", "Stars, tags and comments", "Notes of the team on trials and searches."),
        Page(
            "notifications", "Notifications", "What you are notified of, and where.",
            lambda: {"kinds": FOR_PEOPLE, "for_webhooks": FOR_WEBHOOKS},
        ),
        Page(
            "strategies", "Choosing a strategy", "Search strategies, pruning and limits.",
            lambda: {
                "strategies": OFFERED.values(), "limits": EARLY, "pruners": PRUNERS.values(),
                "pruning_settings": texts.pruning_settings(), "horizon": HORIZON,
            },
        ),
        Page(
            "objectives", "Objectives and constraints", "Several objectives and the Pareto front.",
            lambda: {
                "measured": MEASURED.values(), "max_objectives": MAX_OBJECTIVES,
                "several": SEVERAL,
            },
        ),
        Page("refine", "Refining a search", "Narrow the space to the best trials."),
        Page(
            "exports", "Exports", "Tables as CSV, JSON, LaTeX and Parquet.",
            lambda: {"formats": FORMATS.values()},
        ),
        Page(
            "api", "API", "REST API for scripts: tokens, lists and errors.",
            lambda: {"statuses": texts.API_STATUSES},
        ),
        Page("scripts", "Training elsewhere", "Log trials from your own scripts, live."),
        Page("workers", "Workers and machines", "Where trials are trained, and adding machines."),
        Page("tensorboard", "TensorBoard, KerasTuner, Optuna", "Import and export searches."),
    )
}  # fmt: skip


@require_safe
def help_page(request: HttpRequest, slug: str = "") -> HttpResponse:
    """The page, or without a slug the list of pages."""
    if not slug:
        return render(request, "help/index.html", {"pages": PAGES.values()})
    page = PAGES.get(slug)
    if page is None:
        raise Http404
    origin = request.build_absolute_uri("/")[:-1]
    context = {"pages": PAGES.values(), "page": page, "origin": origin, **page.context()}
    return render(request, f"help/{slug}.html", context)
