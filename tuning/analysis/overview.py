"""Lists: projects with their best scores, a project's searches and its saved models side by side.

Each takes the same few queries however long the list is.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Case, Max, Min, Q, When

from tuning.models import Project, SavedModel, Search
from tuning.protocol.statuses import FINISHED, SEARCH_ACTIVE, Status

from .summary import planned_trials


@dataclass(frozen=True)
class SearchRow:
    search: Search
    best: float | None
    planned: int

    @property
    def finished(self) -> int:
        return sum(getattr(self.search, f"{status}_count") for status in FINISHED)


@dataclass(frozen=True)
class ProjectRow:
    project: Project
    active: int
    best: float | None
    objective: str


@dataclass(frozen=True)
class SavedModelTable:
    """`metrics` names the columns; each row has a score for each of them."""

    metrics: list[str]
    rows: list[tuple[SavedModel, list[float | None]]]


def best_score() -> Case:
    """A search's best score, in a query over searches."""
    scored = Q(trials__status=Status.COMPLETED)
    return Case(
        When(direction=Search.Direction.MAX, then=Max("trials__score", filter=scored)),
        default=Min("trials__score", filter=scored),
    )


def search_rows(project: Project) -> list[SearchRow]:
    """A project's searches, newest first."""
    searches = project.searches.for_list().annotate(best=best_score()).defer("oracle_state")
    return [
        SearchRow(search, search.best, max(planned_trials(search), search.trial_count))
        for search in searches.order_by("-number")
    ]


def project_rows(projects: Iterable[Project]) -> list[ProjectRow]:
    """Projects with the best score of their newest search that has one."""
    listed = list(projects)
    best: dict[int, tuple[float, str]] = {}
    active: dict[int, int] = {}
    searches = (
        Search.objects.filter(project__in=[project.pk for project in listed])
        .annotate(best=best_score())
        .order_by("number")
        .values_list("project", "status", "objective", "scoring", "best")
    )
    for project, status, objective, scoring, score in searches:
        active[project] = active.get(project, 0) + (status in SEARCH_ACTIVE)
        if score is not None:
            best[project] = (score, scoring or objective)
    return [
        ProjectRow(project, active.get(project.pk, 0), *best.get(project.pk, (None, "")))
        for project in listed
    ]


def saved_model_table(project: Project) -> SavedModelTable:
    """Retrained models side by side, newest first."""
    saved_models = list(
        project.saved_models.select_related("trial__search").defer(
            "layers", "log_tail", "failure_traceback", "trial__layers", "trial__log_tail",
            "trial__failure_traceback", "trial__search__oracle_state", "trial__search__space",
        )
    )  # fmt: skip
    names = {name for saved_model in saved_models for name in saved_model.test_metrics}
    metrics = sorted(names, key=lambda name: ("loss" in name, name))
    return SavedModelTable(
        metrics, [(row, [row.test_metrics.get(name) for name in metrics]) for row in saved_models]
    )
