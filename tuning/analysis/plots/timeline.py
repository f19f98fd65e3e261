"""The timeline: when each trial ran, on which worker's slot."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from tuning.analysis.trials.selection import Selection
from tuning.protocol.statuses import Status

from .given import Given

# Bars beyond that are thinner than a pixel.
MAX_BARS = 5_000


def timeline_info(selection: Selection, _given: Given) -> dict[str, Any]:
    """Milliseconds since 1970, as scripts count. A running trial's bar ends now."""
    rows = selection.scope.trials().filter(
        index_row__in=selection.index_rows(), started_at__isnull=False
    )
    total = rows.count()
    # The latest: what a person looks for in a running search.
    table = rows.order_by(*(f"-{field}" for field in selection.number_order)).values_list(
        "pk", "number", "status", "worker__name", "slot", "started_at", "finished_at", "score"
    )[:MAX_BARS]
    trials = list(reversed(table))
    now = timezone.now()
    lines = sorted({(row[3] or "", row[4] or 0) for row in trials})
    names = [f"{worker or 'unknown'}, slot {slot}" for worker, slot in lines]
    places = {line: index for index, line in enumerate(lines)}
    shortened = f"The latest {len(trials):,} of {total:,} trials." if total > len(trials) else ""
    return {
        "pk": [row[0] for row in trials],
        "number": [row[1] for row in trials],
        "total": total,
        "note": shortened,
        "status": [row[2] for row in trials],
        "lines": names,
        "place": [places[row[3] or "", row[4] or 0] for row in trials],
        "start": [_milliseconds(row[5]) for row in trials],
        "end": [_milliseconds(_end(row[2], row[6], now)) for row in trials],
        "score": [row[7] for row in trials],
    }


def _end(status: str, finished: datetime | None, now: datetime) -> datetime | None:
    return now if status == Status.RUNNING else finished


def _milliseconds(time: datetime | None) -> int | None:
    return None if time is None else round(time.timestamp() * 1000)
