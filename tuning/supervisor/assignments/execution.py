"""Training one execution of a trial that another slot has."""

from tuning.models import Execution
from tuning.protocol.events import (
    BadEvent,
    Built,
    EpochEnd,
    Event,
    Failed,
    NextTrial,
    TrialEnd,
    TrialPruned,
)
from tuning.protocol.failures import Failure
from tuning.recording import recorder
from tuning.supervisor.runners import Runner

from .base import failure_of
from .training import TrainingAssignment


class ExecutionAssignment(TrainingAssignment):
    row: Execution

    def __init__(self, row: Execution) -> None:
        super().__init__(row, row.trial, executions=1)

    def record(self, event: Event, runner: Runner) -> bool:
        match event:
            case NextTrial() if not self.ordered:
                self.send_order(runner, self.row.number)
            case Built() | EpochEnd() | TrialEnd() | TrialPruned() if not self.ordered:
                raise BadEvent("results of an execution that was not ordered yet")
            case EpochEnd() if event.execution != self.row.number:
                raise BadEvent("an epoch of another execution")
            case EpochEnd():
                self._limit.add()
                self._epochs.append(event)
            case TrialPruned():
                raise BadEvent("a pruned execution without a pruning decision")
            case TrialEnd():
                recorder.complete_execution(self.row, event, self._used, self._news())
                return True
            case Failed():
                # Before its first order: it cannot use the template or the data, and ends.
                self.reusable = self.ordered
                self.fail(failure_of(event), runner.log_tail())
                return True
        return False

    @property
    def _done(self) -> None:
        return None

    def _write_news(self) -> None:
        recorder.record_news(self.trial, self._news(), self.row)

    def fail(self, failure: Failure, log_tail: str = "") -> None:
        recorder.fail_execution(self.row, failure, log_tail, self._used, self._news())

    def release(self) -> None:
        recorder.release_execution(self.row)
