"""What has to happen now and then, in the scheduler and in every worker: dispatch and reap."""

import contextlib
import logging
import time
from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from tuning.actions.dispatch import send_hints
from tuning.analysis.limits import has_early_limit
from tuning.analysis.slots import Demand, slots
from tuning.models import Execution, Search, Trial, Work
from tuning.models.work import database_time
from tuning.models.workers import ago
from tuning.protocol.failures import Failure, FailureCode
from tuning.protocol.statuses import ACTIVE, SearchStatus
from tuning.recording.recorder import LeaseLost, end_at_limit, end_idle_log, locked
from tuning.recording.scripts import lose

from .assignments import assignment_for
from .claims import KINDS, demand

logger = logging.getLogger(__name__)

CLOCK_JUMP = 5.0
# A page that follows a log stops asking when it ends.
IDLE_LOG = timedelta(minutes=10)
# Where the search is found of work that belongs to one.
_SEARCHES: dict[type[Work], str] = {Trial: "search_id", Execution: "trial__search_id"}


def dispatch() -> None:
    """Send a hint for each piece of work that a free slot could take."""
    send_hints(claimable())


def claimable() -> Demand:
    """How many slots could take a piece of work now."""
    return demand().within(slots())


class Reaper:
    """Gives work whose lease ran out back to the queue, or ends it after too many lost attempts."""

    def __init__(self) -> None:
        self._clocks: tuple[float, float] | None = None

    def reap(self) -> int:
        """Returns how many pieces of work were reaped."""
        if self._clock_jumped():
            logger.warning("the clock jumped: leases are checked at the next pass")
            return 0
        return reap()

    def _clock_jumped(self) -> bool:
        # The database's clock, by which leases end: it may be another machine's.
        before, now = self._clocks, (database_time(), time.monotonic())
        self._clocks = now
        if before is None:
            return False
        return abs((now[0] - before[0]) - (now[1] - before[1])) > CLOCK_JUMP


def reap() -> int:
    """One pass over all kinds of work, and over searches that time may have ended."""
    end_searches_at_limits()
    end_idle_logs()
    count = 0
    for kind in KINDS:
        for pk in list(kind.objects.expired().values_list("pk", flat=True)):  # type: ignore[attr-defined]
            try:
                with transaction.atomic():
                    count += _reap(kind, pk)
            except LeaseLost:
                continue
            except Exception:
                # One row must not keep all others from being reaped.
                logger.exception("%s %s could not be released", kind.__name__, pk)
    return count


def end_searches_at_limits() -> None:
    """Searches in which no trial ends or starts just now reach limits, too."""
    running = Search.objects.with_status(SearchStatus.RUNNING)
    rows = running.filter(has_early_limit() | ~Q(end_reason=""))
    for pk in list(rows.values_list("pk", flat=True)):
        try:
            with transaction.atomic():
                end_at_limit(locked(pk))
        except LeaseLost:
            continue
        except Exception:
            logger.exception("the limits of search %s could not be checked", pk)


def end_idle_logs() -> None:
    """Logs of scripts from which nothing has come for a while."""
    recent = Trial.objects.filter(search=OuterRef("pk"), finished_at__gt=ago(IDLE_LOG))
    rows = Search.objects.logs().with_status(SearchStatus.RUNNING)
    rows = rows.filter(created_at__lt=ago(IDLE_LOG)).exclude(Exists(recent))
    rows = rows.exclude(trials__status__in=ACTIVE)
    for pk in list(rows.values_list("pk", flat=True)):
        with contextlib.suppress(LeaseLost), transaction.atomic():
            end_idle_log(locked(pk))


def _reap(kind: type[Work], pk: int) -> int:
    rows = kind.objects.expired().filter(pk=pk)  # type: ignore[attr-defined]
    if kind in _SEARCHES:
        # Before the trial, as everywhere.
        locked(rows.values_list(_SEARCHES[kind], flat=True).first())
    # Locked: else its supervisor could renew the lease between this look and the writing.
    row = rows.select_for_update().first()
    if row is None:
        return 0
    if isinstance(row, Trial) and row.script:
        logger.warning("%s was lost with its script", row)
        lose(row)
        return 1
    logger.warning("%s was lost with its worker", row)
    assignment_for(row).fail(Failure(FailureCode.WORKER_LOST, "The worker stopped responding."))
    return 1
