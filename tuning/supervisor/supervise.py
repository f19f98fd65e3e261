"""The loop around one piece of work: events in, limits and lease kept, rows written.

Nothing that the runner does can make this loop fail; nothing that the database does can make it
lose a finished trial (the row then says "running" until its lease expires, and the trial runs
again).
"""

import logging
import signal
import time
from collections.abc import Callable
from enum import Enum
from functools import partial
from threading import Event as Flag
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection

from tuning.models.work import LEASE_SECONDS
from tuning.protocol.events import (
    BadEvent,
    Built,
    CheckpointSaved,
    DownloadNeeded,
    EpochEnd,
    Event,
    Failed,
    TrialEnd,
    TrialPruned,
)
from tuning.protocol.failures import Failure, FailureCode
from tuning.protocol.orders import FetchedOrder
from tuning.recording.recorder import LeaseLost

from .assignments import Assignment
from .assignments.base import BEAT, Unstartable
from .fetching import fetch
from .limits import Watch
from .runners import Runner, RunnerGone
from .storage import failure_of, find_problem

logger = logging.getLogger(__name__)
T = TypeVar("T")

FENCE = LEASE_SECONDS * 2 / 3
CANCEL_CHECK_EVERY = 1.0
READ_SECONDS = 0.25
# Between two looks for what other slots have done of this work.
WAIT_SECONDS = 0.02
# Other news than epochs, which trials count themselves, and a checkpoint after each. Far beyond any
# work; each is a write.
MAX_NEWS = 10_000


class Outcome(Enum):
    """DONE: the runner may take more work of its search. SPENT: it has to go. STALE: it had gone
    before it saw this work, which another one may do."""

    DONE = "done"
    SPENT = "spent"
    STALE = "stale"


def supervise(
    assignment: Assignment, runner: Runner, memory_limit: int, stopping: Flag,
    before_end: Callable[[], None] = lambda: None,
) -> Outcome:  # fmt: skip
    """Have the work done by the runner. Returns when its row has its last word, or when this
    supervisor has lost it. `before_end` is called once, when a trial begins its last epoch."""
    try:
        return _Supervision(assignment, runner, memory_limit, stopping, before_end).run()
    except LeaseLost:
        logger.info("%s was taken over", assignment.row)
    except Exception:
        # Not even its failure could be written. Its lease runs out, and it is tried again.
        logger.exception("%s will be released by the scheduler", assignment.row)
    return Outcome.SPENT


class _Supervision:
    def __init__(
        self, assignment: Assignment, runner: Runner, memory_limit: int, stopping: Flag,
        before_end: Callable[[], None],
    ) -> None:  # fmt: skip
        self.assignment = assignment
        self.runner = runner
        self.watch = Watch(runner, memory_limit)
        self.stopping = stopping
        self.before_end: Callable[[], None] | None = before_end
        now = time.monotonic()
        self.started = self.heard = now
        self.cancel_checked_at = now
        self.news = self.epochs_without_checkpoint = 0
        self.built = False
        self.used = (runner.search_id or runner.saved_model_id) is not None

    def run(self) -> Outcome:
        try:
            self.assignment.start(self.runner)
            while True:
                event = self._next_event()
                if event is not None and self._patiently(partial(self._record, event)):
                    return Outcome.DONE
                if self._patiently(self._check):
                    return Outcome.DONE
                if self.before_end and self.assignment.is_about_to_end:
                    self._patiently(self.before_end)
                    self.before_end = None
        except Unstartable as error:
            self._fail(error.failure)
        except BadEvent as error:
            self._fail(Failure(FailureCode.BAD_EVENT, f"The runner reported {error}."))
        except RunnerGone as error:
            if self.used and not self.assignment.ordered:
                return Outcome.STALE
            self._fail(_death(error, self.watch))
        except _Over as over:
            self._patiently(over.end)
        except LeaseLost:
            raise
        except OSError as error:
            logger.error("%s could not be followed", self.assignment.row, exc_info=error)
            self._fail(failure_of(error))
        except Exception as error:
            # A full disk, a mistake of ours: nothing that the trial can do anything about.
            logger.exception("%s could not be followed", self.assignment.row)
            self._fail(Failure(FailureCode.WORKER_LOST, f"{type(error).__name__}: {error}"))
        finally:
            self.watch.close()
        return Outcome.SPENT

    def _next_event(self) -> Event | None:
        if not self.assignment.is_waiting:
            return self.runner.read(timeout=READ_SECONDS)
        # Nothing is expected of the runner: it is not stuck.
        self.stopping.wait(WAIT_SECONDS)
        self.heard = time.monotonic()
        return None

    def _record(self, event: Event) -> bool:
        concerned = self.assignment.concerns(event)
        if concerned and isinstance(event, EpochEnd):
            self.epochs_without_checkpoint += 1
        elif isinstance(event, CheckpointSaved) and self.epochs_without_checkpoint:
            self.epochs_without_checkpoint = 0
        else:
            self.news += 1
        if self.news > MAX_NEWS:
            raise BadEvent(f"more than {MAX_NEWS:,} events")
        if not concerned:
            return False
        self.heard = time.monotonic()
        if isinstance(event, DownloadNeeded):
            self._fetch(event.url)
            return False
        if isinstance(event, Failed) and (problem := find_problem()):
            # What the template says of a full disk would blame the template.
            self._over_limit(Failure(FailureCode.STORAGE, problem))
        waited = not self.assignment.ordered
        self._measure(event)
        done = self.assignment.record(event, self.runner)
        if waited and self.assignment.ordered:
            # The time limit is the trial's: imports and data of a new runner are not its fault.
            self.started = self.heard
            self.watch.begin()
        return done

    def _measure(self, event: Event) -> None:
        """The peak is this trial's: from its model on, which replaces the one before it."""
        if isinstance(event, Built) and not self.built:
            self.built = True
            self.watch.begin()
        elif isinstance(event, TrialEnd | TrialPruned | Failed):
            # Between two looks a short trial would come and go unseen; its model is still there.
            self.watch.measure()
            self.assignment.used = self.watch.used

    def _fetch(self, url: str) -> None:
        """What the template wants, while its clocks stand still."""
        before = time.monotonic()

        def heartbeat() -> None:
            nonlocal before
            now = time.monotonic()
            self.started += now - before
            self.heard = before = now
            self._patiently(self._check)

        self.runner.send(FetchedOrder(fetch(url, heartbeat)))

    def _check(self) -> bool:
        """Everything that is watched between events; True when the work is done. Raises _Over when
        it must end."""
        now = time.monotonic()
        self._check_limits(now)
        if self.assignment.tick(self.runner):
            return True
        if self.stopping.is_set() or self.assignment.gives_way():
            raise _Over(self.assignment.release)
        if now >= self.assignment.renewed_at + BEAT and not self.assignment.renew():
            raise LeaseLost
        if now >= self.cancel_checked_at + CANCEL_CHECK_EVERY:
            self.cancel_checked_at = now
            if self.assignment.is_cancelled():
                raise _Over(lambda: self.assignment.stop(self.runner.log_tail()))
        return False

    def _check_limits(self, now: float) -> None:
        if now > self.started + self.assignment.time_limit:
            text = f"Ended after {self.assignment.time_limit:,.0f} seconds."
            self._over_limit(Failure(FailureCode.TIME_LIMIT, text))
        if now > self.heard + self.assignment.stall_limit:
            text = f"No progress for {self.assignment.stall_limit:,.0f} seconds."
            self._over_limit(Failure(FailureCode.STALL_LIMIT, text))
        broken = self.watch.broken()
        self.assignment.used = self.watch.used
        if broken is not None:
            self._over_limit(broken)

    def _over_limit(self, failure: Failure) -> None:
        raise _Over(lambda: self._fail(failure))

    def _fail(self, failure: Failure) -> None:
        tail = self.runner.log_tail()
        # First: what went wrong may keep the machine too busy to write anything down.
        self.runner.kill()
        self._patiently(lambda: self.assignment.fail(failure, tail))

    def _patiently(self, write: Callable[[], T]) -> T:
        """Call `write` again while the database is away, as long as the lease surely holds."""
        while True:
            try:
                return write()
            except (OperationalError, InterfaceError) as error:
                if time.monotonic() > self.assignment.renewed_at + FENCE:
                    # Another slot may have the work by now.
                    raise LeaseLost from error
                logger.warning("the database did not answer: %s", error)
                connection.close()
                if self.stopping.wait(1):
                    # It no longer waits, and the database needs a moment all the same.
                    time.sleep(0.2)


class _Over(Exception):
    """The work must end now; `end` writes why."""

    def __init__(self, end: Callable[[], None]) -> None:
        super().__init__()
        self.end = end


# Signals that come from outside: of people, service managers and the kernel's memory guard. A
# process that ends itself by one of them looks the same, and is tried again as often.
_FROM_OUTSIDE = frozenset({
    signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT,
})  # fmt: skip


def _death(gone: RunnerGone, watch: Watch) -> Failure:
    """Why a runner ended by itself, or who ended it."""
    if gone.killed_by == signal.SIGKILL and watch.ran_out_of_memory():
        text = f"{gone} There was not enough memory."
        return Failure(FailureCode.OUT_OF_MEMORY, text)
    if gone.killed_by in _FROM_OUTSIDE:
        return Failure(FailureCode.RUNNER_KILLED, str(gone))
    return Failure(FailureCode.KILLED, str(gone))
