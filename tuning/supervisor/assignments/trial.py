"""Training one trial of a search."""

import shutil
import time
from pathlib import Path

from tuning.models import Search, Trial
from tuning.protocol.events import Built, EpochEnd, Event, Failed, NextTrial, TrialEnd
from tuning.protocol.failures import Failure, FailureCode
from tuning.protocol.orders import TrialOrder
from tuning.protocol.statuses import SEARCH_ACTIVE
from tuning.supervisor import recorder
from tuning.supervisor.files import checkpoint_folder, store_folder
from tuning.supervisor.runners import Runner

from .base import Assignment, Unstartable, failure_of

# One write a second keeps up with any training and keeps SQLite free for everybody else.
FLUSH_SECONDS = 1.0


class TrialAssignment(Assignment):
    row: Trial
    reusable = True

    def __init__(self, row: Trial) -> None:
        super().__init__(row)
        self.search = row.search
        self.search_id = row.search_id
        self.time_limit = self.search.time_limit
        self.stall_limit = self.search.stall_limit
        self._ordered = False
        self._epochs: list[EpochEnd] = []
        self._epochs_done = 0
        self._flushed_at = 0.0

    def start(self, runner: Runner) -> None:
        if runner.search_id != self.search.pk:
            runner.send(self.search.order())
            runner.search_id = self.search.pk
        runner.mark_log()

    def record(self, event: Event, runner: Runner) -> bool:
        match event:
            case NextTrial() if not self._ordered:
                self._order(runner)
            case Built():
                recorder.record_built(self.row, event.parameters, event.summary)
            case EpochEnd():
                self._epochs.append(event)
                self._epochs_done += 1
            case TrialEnd():
                self._complete(event, runner)
                return True
            case Failed():
                # Before its first trial: it cannot use the template or the data, and ends.
                self.reusable = self._ordered
                self.flush()
                recorder.fail_trial(self.row, failure_of(event), runner.log_tail())
                return True
        return False

    def flush(self) -> None:
        """Write the epochs that have arrived."""
        if self._epochs:
            recorder.record_epochs(self.row, self._epochs, self._epochs_done)
            self._epochs = []
            self._flushed_at = time.monotonic()

    def tick(self) -> None:
        if time.monotonic() >= self._flushed_at + FLUSH_SECONDS:
            self.flush()

    def is_wanted(self) -> bool:
        return super().is_wanted() and (
            Search.objects.filter(pk=self.search.pk, status__in=SEARCH_ACTIVE).exists()
        )

    def fail(self, failure: Failure, log_tail: str = "") -> None:
        self.flush()
        recorder.fail_trial(self.row, failure, log_tail)

    def stop(self, log_tail: str = "") -> None:
        self.flush()
        recorder.stop_trial(self.row, log_tail)

    def release(self) -> None:
        recorder.release_trial(self.row, "The worker shut down; runs again")

    def _order(self, runner: Runner) -> None:
        parent = self.row.tuner_values.get("tuner/trial_id")
        if parent:
            source = checkpoint_folder(self.search.pk, parent)
            if not source.exists():
                message = f"The weights of the trial that this one continues ({source}) are gone."
                raise Unstartable(Failure(FailureCode.MISSING_FILE, message))
            target = trial_folder(runner, parent)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(source, target, dirs_exist_ok=True)
        seed = self.search.seed * 100_000 + self.row.number * 100
        trial_id = self.row.oracle_id or "baseline"
        runner.send(TrialOrder(trial_id, self.row.all_values, seed % 2**31))
        self._ordered = True

    def _complete(self, event: TrialEnd, runner: Runner) -> None:
        self.flush()
        if self.search.tuner == Search.Tuner.HYPERBAND and self.row.oracle_id:
            # Before the row says "completed": from then on a child may want the weights.
            folder = trial_folder(runner, self.row.oracle_id)
            if folder.exists():
                store_folder(folder, checkpoint_folder(self.search.pk, self.row.oracle_id))
        recorder.complete_trial(self.row, event.metrics, event.best_step, runner.log_tail())


def trial_folder(runner: Runner, trial_id: str) -> Path:
    """Where KerasTuner, in the runner, keeps a trial's checkpoint."""
    return runner.folder / "kt" / "search" / f"trial_{trial_id}"
