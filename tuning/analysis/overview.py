"""Lists: projects with their best scores, a project's searches and its saved models side by side.

Each takes the same few queries however long the list is.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, Subquery, Sum

from tuning.models import Project, SavedModel, Search, TrialIndex
from tuning.protocol.statuses import FINISHED, SEARCH_ACTIVE

from .best_scores import ProjectBest, Scored, best_score, project_bests, sparkline
from .front import front_text
from .search_lineage import in_order, lineage
from .summary import planned_trials

# However deep it is, there is room for words.
MAX_DEPTH = 5
# The other models are on a tab of their own.
MAX_MODELS = 5


@dataclass(frozen=True)
class SearchRow:
    """`how` it differs from the search that it was made from, which is a step less deep."""

    search: Any
    best: float | None
    planned: int
    depth: int
    how: str
    front_text: str = ""
    training_seconds: float | None = None

    @property
    def finished(self) -> int:
        return sum(getattr(self.search, f"{status}_count") for status in FINISHED)


@dataclass(frozen=True)
class ProjectRow:
    """`latest` is when the project or its newest search was created; `front_text` speaks of the
    newest search's front, if that has several objectives."""

    project: Project
    active: int
    best: ProjectBest | None
    latest: datetime
    front_text: str = ""

    @property
    def sparkline(self) -> str:
        return sparkline(self.best.curve) if self.best and not self.front_text else ""


@dataclass(frozen=True)
class SavedModelTable:
    """`metrics` names the columns; each row has a score for each of them."""

    metrics: list[str]
    rows: list[tuple[SavedModel, list[float | None]]]


def search_rows(project: Project) -> list[SearchRow]:
    """A project's searches, newest first, each below the one that it was made from."""
    searches = project.searches.for_list().annotate(best=best_score()).defer("oracle_state")
    cells = TrialIndex.objects.filter(search=OuterRef("pk")).order_by().values("search")
    seconds = Subquery(cells.annotate(sum=Sum("seconds")).values("sum"))
    searches = searches.annotate(training_seconds=seconds).select_related("created_by")
    counted = {search.pk: search.trial_count for search in searches}
    spent = {search.pk: search.training_seconds for search in searches}
    trees = lineage((search, search.best) for search in searches)
    return [
        SearchRow(
            node.search, node.best, max(planned_trials(node.search), counted[node.search.pk]),
            min(depth, MAX_DEPTH), node.how, front_text(node.search),
            spent.get(node.search.pk),
        )
        for depth, node in in_order(trees)
    ]  # fmt: skip


def project_rows(projects: Iterable[Project]) -> list[ProjectRow]:
    """Projects with their best scores; two queries."""
    listed = list(projects)
    scored: dict[int, list[Scored]] = {project.pk: [] for project in listed}
    active = dict.fromkeys(scored, 0)
    latest = {project.pk: project.created_at for project in listed}
    searches = (
        Search.objects.filter(project__in=scored)
        .annotate(best=best_score())
        .order_by("number")
        .values_list(
            "project",
            "pk",
            "status",
            "objective",
            "scoring",
            "direction",
            "created_at",
            "best",
            "other_objectives",
        )
    )
    several: dict[int, int | None] = {}
    for project, pk, status, objective, scoring, direction, created_at, best, others in searches:
        several[project] = pk if others else None
        active[project] += status in SEARCH_ACTIVE
        latest[project] = max(latest[project], created_at)
        if best is not None:
            scored[project].append(Scored(pk, scoring or objective, direction, best))
    bests = project_bests(scored)
    newest = [pk for pk in several.values() if pk]
    with_front = Search.objects.filter(pk__in=newest).defer("oracle_state") if newest else ()
    fronts = {search.project_id: front_text(search) for search in with_front}
    return [
        ProjectRow(
            project, active[project.pk], bests.get(project.pk), latest[project.pk],
            fronts.get(project.pk, ""),
        )
        for project in listed
    ]  # fmt: skip


def saved_model_table(project: Project) -> SavedModelTable:
    """The newest retrained models side by side, newest first."""
    saved_models = list(
        project.saved_models.select_related("trial__search").defer(
            "layers", "log_tail", "failure_traceback", "trial__layers", "trial__log_tail",
            "trial__failure_traceback", "trial__search__oracle_state", "trial__search__space",
        )[:MAX_MODELS]
    )  # fmt: skip
    names = {name for saved_model in saved_models for name in saved_model.test_metrics}
    metrics = sorted(names, key=lambda name: ("loss" in name, name))
    return SavedModelTable(
        metrics, [(row, [row.test_metrics.get(name) for name in metrics]) for row in saved_models]
    )
