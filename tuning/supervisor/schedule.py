"""What has to happen now and then, in the scheduler and in every worker: dispatch and reap."""

import logging
import time

from django.db import transaction

from tuning.actions.dispatch import send_hints
from tuning.models import Dataset, Inspection, SavedModel, Trial, Work, Worker
from tuning.protocol.failures import Failure, FailureCode
from tuning.protocol.statuses import SEARCH_ACTIVE

from .assignments import assignment_for
from .claims import has_work
from .recorder import LeaseLost, stop_trial

logger = logging.getLogger(__name__)

KINDS: tuple[type[Work], ...] = (Trial, Inspection, Dataset, SavedModel)
CLOCK_JUMP = 5.0


def dispatch() -> int:
    """Send a hint for each piece of work that a free slot could take. Returns how many."""
    slots = sum(Worker.objects.online().values_list("slots", flat=True))
    busy = sum(kind.objects.running().count() for kind in KINDS)  # type: ignore[attr-defined]
    hints = min(has_work(), max(0, slots - busy))
    send_hints(hints)
    return hints


class Reaper:
    """Gives work whose lease ran out back to the queue, or ends it after too many losses."""

    def __init__(self) -> None:
        self._clocks: tuple[float, float] | None = None

    def reap(self) -> int:
        """Returns how many pieces of work were reaped."""
        if self._clock_jumped():
            logger.warning("the clock jumped: leases are judged at the next pass")
            return 0
        return reap()

    def _clock_jumped(self) -> bool:
        before, now = self._clocks, (time.time(), time.monotonic())
        self._clocks = now
        if before is None:
            return False
        return abs((now[0] - before[0]) - (now[1] - before[1])) > CLOCK_JUMP


def reap() -> int:
    """One pass over all kinds of work."""
    count = 0
    for kind in KINDS:
        for row in kind.objects.expired():  # type: ignore[attr-defined]
            with transaction.atomic():
                count += _reap(row)
    return count


def _reap(row: Work) -> int:
    # Between reading and writing, its supervisor may have renewed the lease.
    if not type(row).objects.expired().filter(pk=row.pk, attempt=row.attempt).exists():  # type: ignore[attr-defined]
        return 0
    logger.warning("%s was lost with its worker", row)
    try:
        if isinstance(row, Trial) and row.search.status not in SEARCH_ACTIVE:
            stop_trial(row)
        else:
            failure = Failure(FailureCode.WORKER_LOST, "The worker was lost 3 times.")
            assignment_for(row).fail(failure)  # type: ignore[arg-type]
    except LeaseLost:
        return 0
    return 1
