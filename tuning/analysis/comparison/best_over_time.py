"""How soon searches found what they found: the best score so far, over trials and over time.

A search of 100,000 trials improves a dozen times. The database finds those moments; nothing else
leaves it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import F, FloatField, Max, Min, Q, QuerySet, RowRange, Sum, Value, Window
from django.db.models.functions import Coalesce

from tuning.models import Search, TrialIndex

from .searches import by_objective, name_of

# Worse than any score, whichever way it goes.
_NOTHING = 1.7e308

# What a curve goes over, and what its points are: (trials, best, numbers of the trials).
Curve = dict[str, list[Any]]


def best_over_time_info(searches: Sequence[Search]) -> dict[str, Any]:
    """For each objective, a curve for each search over each of three things: `trials` by their
    numbers; `training`, the seconds of all trials so far, one after the other; `wall`, the seconds
    since the first trial began, in which trials run side by side and searches are paused."""
    groups = by_objective(searches)
    for group in groups:
        group["curves"] = [
            {"search": place, "name": name_of(searches[place]), **_curves(searches[place])}
            for place in group.pop("searches")
            # Several objectives have no best trial.
            if not searches[place].has_several_objectives
        ]
    return {"groups": [group for group in groups if group["curves"]]}


def _curves(search: Search) -> dict[str, Curve]:
    ended = TrialIndex.objects.filter(search=search).exclude(status="")
    end = ended.aggregate(
        number=Max("number"), seconds=Sum("seconds"), started=Min("trial__started_at"),
        finished=Max("trial__finished_at"),
    )  # fmt: skip
    by_number = _improvements(search, ended, "number").annotate(
        spent=Window(Sum("seconds"), order_by="number", frame=RowRange(end=0))
    )
    found = list(by_number.values_list("number", "spent", "score"))
    return {
        "trials": _curve([(n, score, n) for n, _, score in found], end["number"]),
        "training": _curve([(spent, score, n) for n, spent, score in found], end["seconds"]),
        "wall": _wall(search, ended, end["started"], end["finished"]),
    }


def _wall(
    search: Search, ended: QuerySet[TrialIndex], started: datetime | None, finished: datetime | None
) -> Curve:
    """In the order in which trials ended. Imported ones may not know when that was."""
    if started is None or finished is None:
        return _curve([], None)
    timed = ended.filter(trial__finished_at__isnull=False)
    rows = _improvements(search, timed, "trial__finished_at")
    points = [
        ((at - started).total_seconds(), score, number)
        for at, score, number in rows.values_list("trial__finished_at", "score", "number")
        if at
    ]
    return _curve(points, (finished - started).total_seconds())


def _improvements(search: Search, ended: QuerySet[TrialIndex], order: str) -> QuerySet[TrialIndex]:
    """The trials that beat all before them. Trials without a score count for the time only."""
    highest = search.direction == Search.Direction.MAX
    before = Window(
        (Max if highest else Min)("score"), order_by=[order, "number"], frame=RowRange(end=-1)
    )
    nothing = Value(-_NOTHING if highest else _NOTHING, output_field=FloatField())
    beats = Q(score__gt=F("before")) if highest else Q(score__lt=F("before"))
    return ended.annotate(before=Coalesce(before, nothing)).filter(beats).order_by(order, "number")


def _curve(points: list[tuple[Any, Any, int]], end: float | None) -> Curve:
    """With the last best score drawn on to the end. What has no place in time is left out."""
    points = [point for point in points if point[0] is not None]
    if points and end is not None and end > points[-1][0]:
        points = [*points, (end, points[-1][1], points[-1][2])]
    return {
        "x": [point[0] for point in points],
        "best": [point[1] for point in points],
        "trials": [point[2] for point in points],
    }
