"""The best score of a search and of a project, and how it came about."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Case, OuterRef, Q, Subquery, When

from tuning.figures import figure
from tuning.models import Project, Search, Trial
from tuning.protocol.objectives import is_better

# Trials of the newest search that a project's sparkline follows.
MAX_TRIALS = 300


@dataclass(frozen=True)
class Scored:
    """A search with a best score, as far as a project's best needs it."""

    pk: int
    score_name: str
    direction: str
    best: float


@dataclass(frozen=True)
class ProjectBest:
    """The best score of all searches that have the newest one's objective. `curve` is the best so
    far: after each earlier search, then after each trial of the newest one."""

    score: float
    score_name: str
    curve: list[float]

    @property
    def curve_text(self) -> str:
        return f"Best score so far: from {figure(self.curve[0])} to {figure(self.curve[-1])}"


def warm_start_best(search: Search) -> Trial | None:
    """The best of the trials that the search began with, as far as they are still there."""
    if not search.warm_start_count or search.has_several_objectives:
        return None
    trials = search.warm_start_trials.best_first(search.direction).select_related("search")
    found: Trial | None = trials.only("number", "score", "search__number").first()
    return found


def best_score() -> Case:
    """In a query over searches: one step in an index for each, however many trials it has. Searches
    with several objectives have none."""
    scored = Trial.objects.filter(search=OuterRef("pk")).scored()
    lowest = Subquery(scored.order_by("score").values("score")[:1])
    highest = Subquery(scored.order_by("-score").values("score")[:1])
    return Case(
        When(~Q(other_objectives=[]), then=None),
        When(direction=Search.Direction.MAX, then=highest),
        default=lowest,
    )


def best_trial(project: Project) -> Trial | None:
    """The best one of the newest search that has any, as far as it can be retrained."""
    searches = project.searches.filter(origin=Search.Origin.TUNEROOM)
    search = searches.annotate(best=best_score()).exclude(best=None).order_by("-number").first()
    if search is None:
        return None
    trial: Trial | None = search.trials.completed().best_first(search.direction).first()
    if trial:
        trial.search = search
    return trial


def project_bests(searches: dict[int, list[Scored]]) -> dict[int, ProjectBest]:
    """By project, given its searches with a score, oldest first. One query for all of them."""
    newest = {project: rows[-1] for project, rows in searches.items() if rows}
    trials: dict[int, list[float]] = {row.pk: [] for row in newest.values()}
    first = Trial.objects.filter(search__in=trials, number__lte=MAX_TRIALS).scored()
    for search, score in first.order_by("search", "number").values_list("search", "score"):
        trials[search].append(score)
    found = {}
    for project, last in newest.items():
        same = [
            row.best
            for row in searches[project]
            if (row.score_name, row.direction) == (last.score_name, last.direction)
        ]
        curve = best_so_far([*same[:-1], *trials[last.pk]], last.direction)
        best = best_so_far(same, last.direction)[-1]
        found[project] = ProjectBest(best, last.score_name, curve)
    return found


def best_so_far(scores: Iterable[float], direction: str) -> list[float]:
    best: list[float] = []
    for score in scores:
        last = best[-1] if best else None
        best.append(score if last is None or is_better(score, last, direction) else last)
    return best


def sparkline(values: Sequence[float], width: int = 100, height: int = 24) -> str:
    """The points of an SVG polyline, steps from left to right; empty if there is no line."""
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    step = width / (len(values) - 1)

    def y(value: float) -> float:
        return height - 2 - (value - low) / span * (height - 4)

    points = [(0.0, y(values[0]))]
    for place, value in enumerate(values[1:], start=1):
        # A best score holds until the next one.
        if value != values[place - 1]:
            points += [(place * step, y(values[place - 1])), (place * step, y(value))]
    points.append((float(width), y(values[-1])))
    return " ".join(f"{x:.1f},{level:.1f}" for x, level in points)
