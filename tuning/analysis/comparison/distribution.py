"""How the scores of searches are spread: for each score, the share of trials up to it."""

from collections.abc import Sequence
from typing import Any

from django.db.models import F, Q, Window
from django.db.models.functions import RowNumber

from tuning.models import Search, TrialIndex
from tuning.protocol.statuses import Status

from .searches import by_objective, name_of

# Points of a curve; a screen has not many more.
MAX_POINTS = 400


def distribution_info(searches: Sequence[Search]) -> dict[str, Any]:
    """A curve for each search: `shares` of its scored trials have at most these `scores`."""
    groups = by_objective(searches)
    for group in groups:
        group["curves"] = [
            {"search": place, "name": name_of(searches[place]), **_curve(searches[place])}
            for place in group.pop("searches")
        ]
    return {"groups": groups}


def _curve(search: Search) -> dict[str, Any]:
    scored = TrialIndex.objects.filter(search=search, status=Status.COMPLETED, score__isnull=False)
    count = scored.count()
    every = -(-count // MAX_POINTS) or 1
    ranked = scored.annotate(rank=Window(RowNumber(), order_by="score"))
    kept = ranked.annotate(rest=F("rank") % every).filter(Q(rest=0) | Q(rank__in=(1, count)))
    rows = list(kept.order_by("rank").values_list("score", "rank"))
    return {
        "count": count,
        "scores": [score for score, _ in rows],
        "shares": [rank / count for _, rank in rows],
    }
