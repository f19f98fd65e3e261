"""Empirical distributions: which part of the trials is at least as good as a score; for the
selection and for other searches of the project with the same objective."""

from collections.abc import Sequence
from typing import Any

from tuning.analysis.trials.frame import frame_of
from tuning.analysis.trials.selection import Selection
from tuning.models import Search, TrialIndex
from tuning.protocol.statuses import Status

from .given import Given, Option
from .points import rounded

SEARCHES = Option("searches", "Other searches", "several", most=8)
# A curve of more points looks the same.
MAX_STEPS = 1_000


def distribution_info(selection: Selection, given: Given) -> dict[str, Any]:
    search = selection.search
    frame = frame_of(selection, ["status", "score"])
    scores = [
        score
        for status, score in zip(frame["status"], frame["score"], strict=True)
        if status == Status.COMPLETED and score is not None
    ]
    shown = "all searches" if selection.scope.is_project else f"search {search.number}"
    name = shown + (", filtered" if selection.filters else "")
    curves = [_curve(name, scores)]
    chosen = set(given.texts(SEARCHES.name))
    others = list(reversed(selection.scope.searches))
    if not selection.scope.is_project:
        others = comparable(search)
    for other in others:
        if str(other.pk) in chosen and len(curves) <= SEARCHES.most:
            rows = TrialIndex.objects.filter(
                search=other, status=Status.COMPLETED, score__isnull=False
            )
            found = list(rows.values_list("score", flat=True))
            curves.append(_curve(f"search {other.number}", found))
    return {
        "pk": [],
        "number": [],
        "total": len(scores),
        "note": "",
        "objective": search.score_name,
        "curves": curves,
        "choices": {SEARCHES.name: [(str(other.pk), _named(other)) for other in others]},
    }


def comparable(search: Search) -> list[Search]:
    """The other searches of the project whose scores mean the same."""
    rows = Search.objects.filter(
        project=search.project_id, objective=search.objective, scoring=search.scoring,
        direction=search.direction,
    )  # fmt: skip
    return list(rows.exclude(pk=search.pk).only("number", "name").order_by("number"))


def _named(search: Search) -> str:
    return f"search {search.number}" + (f": {search.name}" if search.name else "")


def _curve(name: str, scores: Sequence[float]) -> dict[str, Any]:
    """`shares`: the part of the trials with at most this score."""
    ordered = sorted(scores)
    count = len(ordered)
    step = -(-count // MAX_STEPS) or 1
    places = sorted({*range(0, count, step), count - 1} - {-1})
    return {
        "name": name,
        "count": count,
        "scores": [rounded(ordered[place]) for place in places],
        "shares": [rounded((place + 1) / count) for place in places],
    }
