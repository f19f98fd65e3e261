"""The tables of searches side by side: what came of them, what it took, how they were set up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Sum
from django.utils import timezone

from tuning.analysis.front import front_text
from tuning.analysis.summary import planned_trials
from tuning.figures import counted
from tuning.models import Search, TrialIndex
from tuning.protocol.statuses import FINISHED, Status

from .settings import objective_text, setting_rows
from .tables import Group, Row, row_of, rows_of


@dataclass(frozen=True)
class SearchFacts:
    """`counts` of trials by status; active ones are under the empty one."""

    search: Search
    counts: dict[str, int]
    seconds: float
    epochs: int
    best: TrialIndex | None
    baseline: float | None

    @property
    def gain(self) -> float | None:
        """Best minus baseline, which with a score to minimise is good if it is negative."""
        best = self.best.score if self.best else None
        return None if best is None or self.baseline is None else best - self.baseline

    @property
    def ended(self) -> int:
        return sum(self.counts.get(status, 0) for status in FINISHED)

    @property
    def trials_text(self) -> str:
        total = sum(self.counts.values())
        if not self.search.has_plan:
            return f"{total:,}"
        return f"{self.ended:,} of {max(planned_trials(self.search), total):,}"

    @property
    def wall_seconds(self) -> float | None:
        """From its start to its end, or until now. An imported one was made when it was read in."""
        if self.search.is_imported:
            return None
        end: datetime = self.search.finished_at or timezone.now()
        return (end - self.search.created_at).total_seconds()


def facts_of(searches: Sequence[Search]) -> list[SearchFacts]:
    """Three queries, and one for each search, all on cells."""
    counts: dict[int, dict[str, int]] = {search.pk: {} for search in searches}
    sums: dict[int, tuple[float, int]] = dict.fromkeys(counts, (0.0, 0))
    rows = TrialIndex.objects.filter(search__in=searches).order_by().values_list("search", "status")
    rows = rows.annotate(count=Count("pk"), seconds=Sum("seconds"), epochs=Sum("epochs"))
    for pk, status, count, seconds, epochs in rows:
        counts[pk][status] = count
        sums[pk] = (sums[pk][0] + (seconds or 0), sums[pk][1] + (epochs or 0))
    # The baseline is always the first.
    baselines: dict[int, float | None] = dict(
        TrialIndex.objects.filter(
            search__in=searches, number=1, trial__is_baseline=True
        ).values_list("search", "score")
    )
    return [
        SearchFacts(
            search, counts[search.pk], *sums[search.pk], best_cells(search),
            baselines.get(search.pk),
        )
        for search in searches
    ]  # fmt: skip


def best_cells(search: Search) -> TrialIndex | None:
    """Of the best trial; ties go to the earlier one. Several objectives have none."""
    if search.has_several_objectives:
        return None
    score = "score" if search.direction == Search.Direction.MIN else "-score"
    rows = TrialIndex.objects.filter(search=search, status=Status.COMPLETED, score__isnull=False)
    return rows.order_by(score, "number").first()


def search_groups(facts: Sequence[SearchFacts]) -> list[Group]:
    searches = [each.search for each in facts]
    objectives = {(search.score_name, search.direction) for search in searches}
    direction = searches[0].direction if len(objectives) == 1 else None
    # A gain is compared like a score: with "min", the most negative one is the best.
    result = [
        row_of("Best score", [_best(each) for each in facts], 0, "figure", direction),
        row_of("Baseline", [each.baseline for each in facts], 0, "figure"),
        row_of("Gain", [each.gain for each in facts], 0, "signed", direction),
        *_front_rows(searches),
        *rows_of(
            facts,
            0,
            trials=("Trials ended", "text", lambda each: each.trials_text),
            pruned=("Pruned", "setting", lambda each: each.counts.get(Status.PRUNED, 0)),
            infeasible=(
                "Infeasible",
                "setting",
                lambda each: each.counts.get(Status.INFEASIBLE, 0),
            ),
            failed=("Failed", "setting", lambda each: each.counts.get(Status.FAILED, 0)),
            epochs=("Epochs trained", "figure", lambda each: each.epochs),
            seconds=("Training time", "duration", lambda each: each.seconds),
            wall=("Elapsed time", "duration", lambda each: each.wall_seconds),
        ),
    ]
    return [
        Group("Result", result, disagreement(searches), marks=False),
        Group("Settings", setting_rows(searches)),
    ]


def _front_rows(searches: Sequence[Search]) -> list[Row]:
    if not any(search.has_several_objectives for search in searches):
        return []
    return [row_of("Pareto front", [front_text(each) or None for each in searches], 0, "text")]


def disagreement(searches: Sequence[Search]) -> str:
    """What has to be said where scores cannot be compared."""
    objectives = list(dict.fromkeys(objective_text(search) for search in searches))
    if len(objectives) < 2:
        return ""
    return (
        f"These searches have {counted(len(objectives), 'objective')}, so their scores cannot be "
        "compared. Each objective has its own plots."
    )


def name_of(search: Search) -> str:
    return f"Search {search.number}" + (f": {search.name}" if search.name else "")


def by_objective(searches: Sequence[Search]) -> list[dict[str, Any]]:
    """A dictionary for each objective, for a plot; `searches` are places in the comparison."""
    groups: dict[tuple[str, str], dict[str, Any]] = {}
    for place, search in enumerate(searches):
        key = search.score_name, search.direction
        group = groups.setdefault(key, {"objective": key[0], "direction": key[1], "searches": []})
        group["searches"].append(place)
    return list(groups.values())


def _best(facts: SearchFacts) -> float | None:
    return facts.best.score if facts.best else None
