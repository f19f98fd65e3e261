"""One slot at work: claim, get a runner, supervise, until there is nothing more to claim."""

import contextlib
import logging
import time
from threading import Event as Flag

from tuning.models import Worker
from tuning.protocol.disk_errors import is_of_storage
from tuning.protocol.failures import Failure, FailureCode
from tuning.recording.recorder import LeaseLost

from .assignments import Assignment, assignment_for
from .claims import Claimed, Slot, claim_next, claim_trial_of, others_go_first
from .drawn_ahead import draw_ahead
from .launch import Device
from .limits import is_worn
from .pool import RunnerPool
from .runners import Runner
from .storage import find_problem
from .supervise import Outcome, supervise

logger = logging.getLogger(__name__)

# A runner that just loaded a search's data serves it at least this long before the slot turns to
# another search: starting again costs seconds.
LOYAL_SECONDS = 20.0
# For so long it counts on what it saw when it looked whether other work goes first: the last epoch
# of a trial, or several trials of milliseconds.
LOOK_EVERY = 0.25


class SlotLoop:
    def __init__(
        self,
        worker: Worker,
        number: int,
        device: Device,
        pool: RunnerPool,
        memory_limit: int,
        stopping: Flag,
        closed: Flag,
    ) -> None:
        """`closed`: nothing more is claimed; `stopping`: what runs is given back as well."""
        self.slot = Slot(worker, number)
        self.device = device
        self.pool = pool
        self.memory_limit = memory_limit
        self.stopping = stopping
        self.closed = closed
        self._runner: Runner | None = None
        # Until when its own search goes first, as far as it knows.
        self._runner_since = self._own_until = 0.0

    def run(self) -> int:
        """Work until there is nothing to claim. Returns how many pieces were done."""
        done = 0
        try:
            while not (self.closed.is_set() or self.stopping.is_set()):
                if problem := find_problem():
                    logger.error("no new work is taken. %s", problem)
                    break
                claimed = self._claim()
                if claimed is None:
                    break
                self._work_on(assignment_for(claimed))
                done += 1
        finally:
            self._end_runner()
        return done

    def _claim(self) -> Claimed | None:
        now, search = time.monotonic(), self._prefer()
        if search and now < self._own_until:
            trial = claim_trial_of(search, self.slot)
            if trial is not None:
                return trial
        self._own_until = now + LOOK_EVERY if self._is_loyal() else 0.0
        return claim_next(self.slot, search, self._is_loyal())

    def _prepare_claim(self) -> None:
        """Find out what the next claim needs to know while the runner still trains: it would wait
        for that afterwards."""
        search, now = self._prefer(), time.monotonic()
        if search is None:
            return
        # After trials of milliseconds, not for each.
        if now > self._own_until - LOOK_EVERY / 2:
            others = others_go_first(search, self.slot, self._is_loyal())
            self._own_until = 0.0 if others else now + LOOK_EVERY
        draw_ahead(search)

    def _work_on(self, assignment: Assignment) -> None:
        logger.info("slot %s takes %s", self.slot.number, assignment.row)
        if self._supervise(assignment) is Outcome.STALE:
            self._supervise(assignment)

    def _supervise(self, assignment: Assignment) -> Outcome:
        try:
            runner = self._runner_for(assignment)
        except Exception as error:
            # No more processes, a full disk. Given back at once, and counted: it may stay so.
            with contextlib.suppress(LeaseLost):
                code = FailureCode.STORAGE if is_of_storage(error) else FailureCode.WORKER_LOST
                assignment.fail(Failure(code, f"The runner did not start: {error}"))
            raise
        outcome = Outcome.SPENT
        try:
            outcome = supervise(
                assignment, runner, self.memory_limit, self.stopping, self._prepare_claim
            )
        finally:
            self._keep_or_kill(runner, assignment, outcome)
        return outcome

    def _keep_or_kill(self, runner: Runner, assignment: Assignment, outcome: Outcome) -> None:
        if outcome is Outcome.DONE and assignment.reusable and not is_worn(runner):
            if assignment.saved_model_id is None:
                return
            # Nobody knows when the next question comes: the slot is free meanwhile.
            self.pool.put_back(runner)
        else:
            runner.kill()
        self._runner = None

    def _runner_for(self, assignment: Assignment) -> Runner:
        """The runner of the last trial if it serves the same search, one that has the model loaded,
        else a fresh one: no two searches or models share a process."""
        if self._runner and self._runner.search_id == assignment.search_id is not None:
            return self._runner
        self._end_runner()
        if assignment.saved_model_id is not None:
            self._runner = self.pool.take_loaded(assignment.saved_model_id, self.device)
            if self._runner:
                return self._runner
        take = self.pool.take if assignment.is_awaited() else self.pool.take_new
        self._runner = take(self.device)
        self._runner_since = time.monotonic()
        return self._runner

    def _prefer(self) -> int | None:
        return self._runner.search_id if self._runner else None

    def _is_loyal(self) -> bool:
        return self._runner is not None and time.monotonic() < self._runner_since + LOYAL_SECONDS

    def _end_runner(self) -> None:
        if self._runner:
            self._runner.end()
            self._runner = None
        self._own_until = 0.0
