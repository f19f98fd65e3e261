"""The contract between the supervising loop and the kinds of work."""

import logging
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from tuning.models import Dataset
from tuning.models.resource_use import NOTHING_SEEN
from tuning.models.work import WorkQuerySet
from tuning.protocol.events import Event, Failed
from tuning.protocol.failures import INFRASTRUCTURE, Failure, FailureCode
from tuning.protocol.orders import ProjectOrder
from tuning.protocol.statuses import Status
from tuning.recording.recorder import MAX_LOST_ATTEMPTS, LeaseLost, lost_too_often
from tuning.splits.arranged import arrange, is_to_arrange
from tuning.storage.locks import lock
from tuning.supervisor import claims
from tuning.supervisor.runners import Runner

logger = logging.getLogger(__name__)

# Seconds between two renewals of a lease.
BEAT = 10.0


class Unstartable(Exception):
    """Work that cannot start; carries the failure."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class Assignment(ABC):
    """Claimed work and how to have it done. Every method that writes may raise LeaseLost."""

    # Seconds; the loop ends the work beyond them.
    time_limit: float = 3600
    stall_limit: float = 900
    # The search whose runner can do this work without a new start.
    search_id: int | None = None
    # The saved model that the runner has loaded for this work, and may keep for more of it.
    saved_model_id: int | None = None
    # The runner can go on with other trials of the same search afterwards.
    reusable = False
    # The runner knows this very work.
    ordered = True
    # The runner has nothing to do: other slots do the rest of this work.
    is_waiting = False
    # What the runner was seen to take since then. The loop keeps it.
    used = NOTHING_SEEN

    def __init__(self, row: Any) -> None:
        self.row = row
        self.rows: WorkQuerySet = type(row).objects.all()
        # By this process's clock. The lease began with the claim.
        self.renewed_at = time.monotonic()

    @abstractmethod
    def start(self, runner: Runner) -> None:
        """Send the order."""

    def concerns(self, event: Event) -> bool:  # noqa: ARG002  trials look at it
        """Whether an event is of this work, and not of what the runner did before."""
        return True

    @abstractmethod
    def record(self, event: Event, runner: Runner) -> bool:
        """Take in one event; True when the work is done."""

    def tick(self, runner: Runner) -> bool:  # noqa: ARG002  trials look at it
        """Called a few times a second, for what is written now and then; True when the work is
        done."""
        return False

    @property
    def is_about_to_end(self) -> bool:
        """Whether what comes next of its search should be looked for now."""
        return False

    def is_cancelled(self) -> bool:
        """Whether the work was stopped, or another attempt has it."""
        return not self.rows.held(self.row.pk, self.row.attempt).exists()

    def is_awaited(self) -> bool:
        """Whether a person waits for this work. What nobody waits for gives way to other work."""
        return True

    def gives_way(self) -> bool:
        """Whether this work is given back now, because a person waits for its slot."""
        return not self.is_awaited() and claims.lacks_slots()

    def renew(self) -> bool:
        now = time.monotonic()
        renewed = self.rows.renew(self.row.pk, self.row.attempt)
        if renewed:
            self.renewed_at = now
        return renewed

    def heartbeat(self) -> None:
        """Renew the lease in the middle of something long: copying gigabytes."""
        if time.monotonic() >= self.renewed_at + BEAT:
            self._must(self.renew())

    def fetch_data(self, dataset: Dataset) -> None:
        """Have the prepared files on this machine. Raises Unstartable."""
        try:
            dataset.stored.fetch(self.heartbeat)
        except FileNotFoundError as error:
            message = "The storage lacks the dataset's files."
            raise Unstartable(Failure(FailureCode.MISSING_FILE, message)) from error

    def arrange(self, project: ProjectOrder) -> None:
        """Lay large data down in the order of their split, so that runners share one copy. Where
        that fails, for lack of space above all, each runner makes its own; and if something is
        wrong with the data, which a runner prepared, it says so."""
        dataset, split = Path(project.dataset_folder), project.split
        try:
            if is_to_arrange(dataset, split):
                # Ten slots may want the same rows at the same moment.
                with lock(dataset.name, self.heartbeat):
                    arrange(dataset, split, self.heartbeat)
        except (OSError, ValueError, IndexError) as error:
            logger.warning("%s is not shared between runners: %s", project.dataset_folder, error)

    def fail(self, failure: Failure, log_tail: str = "") -> None:
        """The work ended badly. Lost attempts are tried again."""
        infrastructure = failure.code in INFRASTRUCTURE
        lost = self.row.lost_attempts + infrastructure
        if infrastructure and lost < MAX_LOST_ATTEMPTS:
            self._must(self.rows.requeue(self.row.pk, self.row.attempt, lost_attempts=lost))
            return
        if infrastructure:
            failure = lost_too_often(lost, failure)
        self._finish(
            Status.FAILED,
            lost_attempts=lost,
            failure_code=failure.code,
            failure_message=failure.message,
            failure_traceback=failure.traceback,
            log_tail=log_tail,
        )

    def stop(self, log_tail: str = "") -> None:
        """The work was cancelled. Mostly its row says so already."""

    def release(self) -> None:
        """Give the work back, unharmed: this worker shuts down, or other work goes first."""
        self._must(self.rows.requeue(self.row.pk, self.row.attempt))

    def _finish(self, status: Status, **values: Any) -> None:
        self._must(self.rows.finish(self.row.pk, self.row.attempt, status, **values))

    def _update(self, **values: Any) -> None:
        self._must(bool(self.rows.held(self.row.pk, self.row.attempt).update(**values)))

    def _must(self, changed: bool) -> None:
        if not changed:
            raise LeaseLost


def failure_of(event: Failed) -> Failure:
    """The failure in a runner's event. The code comes from an untrusted process."""
    try:
        code = FailureCode(event.code)
    except ValueError:
        code = FailureCode.CODE_ERROR
    if code in INFRASTRUCTURE:
        # Only the supervisor may say this: it would run again for ever at no cost.
        code = FailureCode.CODE_ERROR
    return Failure(code, event.message, event.traceback)
