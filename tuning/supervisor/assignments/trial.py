"""Training one trial of a search."""

import math
import secrets
import time
from pathlib import Path
from typing import Any

from tuning.models import Search, Trial
from tuning.protocol.events import (
    BadEvent,
    Built,
    EpochEnd,
    Event,
    Failed,
    Metrics,
    NextTrial,
    OfTrial,
    TrialEnd,
    TrialPruned,
)
from tuning.protocol.failures import Failure, FailureCode
from tuning.protocol.model_kinds import ModelKind
from tuning.protocol.orders import TrialOrder, VerdictOrder
from tuning.protocol.statuses import SEARCH_ACTIVE
from tuning.supervisor import recorder
from tuning.supervisor.curves import Point, points_of
from tuning.supervisor.files import checkpoint_folder, copy_into, store_folder
from tuning.supervisor.pruning import Judge
from tuning.supervisor.runners import Runner

from .base import Assignment, Unstartable, failure_of
from .epoch_limit import EpochLimit

# One write a second keeps up with any training and keeps SQLite free for everybody else.
FLUSH_SECONDS = 1.0
# The first comes sooner, since somebody may wait for it; what ends before is written once, whole.
FIRST_FLUSH_SECONDS = 0.3


class TrialAssignment(Assignment):
    row: Trial
    reusable = True

    def __init__(self, row: Trial) -> None:
        super().__init__(row)
        self.search = row.search
        self.search_id = row.search_id
        self.time_limit = self.search.time_limit
        self.stall_limit = self.search.stall_limit
        self.ordered = False
        # What the events of this attempt bear.
        self._token = ""
        self._epochs: list[EpochEnd] = []
        self._limit = EpochLimit(
            ModelKind(self.search.model_kind), self.search.epochs * self.search.executions
        )
        self._judge = Judge(row)
        # Epochs of an earlier attempt that this one goes on from.
        self._earlier: list[Point] = []
        self._built: dict[str, Any] = {}
        self._built_at = self._flush_at = 0.0

    def start(self, runner: Runner) -> None:
        self._token = ""
        if runner.search_id == self.search.pk:
            # What former trials left running in it knows this one as little as their own.
            self._token = _new_token()
        else:
            order = self.search.order()
            self.arrange(order.project)
            runner.send(order)
            runner.search_id = self.search.pk
        runner.mark_log()

    def concerns(self, event: Event) -> bool:
        return not isinstance(event, OfTrial) or event.trial == self._token

    def record(self, event: Event, runner: Runner) -> bool:
        match event:
            case NextTrial() if not self.ordered:
                self._order(runner)
            case Built() | EpochEnd() | TrialEnd() | TrialPruned() if not self.ordered:
                raise BadEvent("an event of a trial before a trial was assigned")
            case Built():
                # Written with the first epoch, if that comes soon.
                self._built_at = time.monotonic()
                self._built = {"parameters": event.parameters, "layers": event.summary}
            case EpochEnd():
                self._limit.add()
                self._epochs.append(event)
                self._answer(event, runner)
            case TrialPruned():
                self._prune(runner)
                return True
            case TrialEnd():
                self._complete(event, runner)
                return True
            case Failed():
                # Before its first trial: it cannot use the template or the data, and ends.
                self.reusable = self.ordered
                self.fail(failure_of(event), runner.log_tail())
                return True
        return False

    def tick(self) -> None:
        due_at = self._flush_at if self._epochs else self._built_at + FLUSH_SECONDS
        if (self._epochs or self._built) and time.monotonic() >= due_at:
            recorder.record_news(self.row, self._news())
            self._epochs, self._built = [], {}
            self._flush_at = time.monotonic() + FLUSH_SECONDS

    def is_wanted(self) -> bool:
        return super().is_wanted() and (
            Search.objects.filter(pk=self.search.pk, status__in=SEARCH_ACTIVE).exists()
        )

    def fail(self, failure: Failure, log_tail: str = "") -> None:
        recorder.fail_trial(self.row, failure, log_tail, self._peak, self._news())

    def stop(self, log_tail: str = "") -> None:
        recorder.stop_trial(self.row, log_tail, self._peak, self._news())

    def release(self) -> None:
        recorder.release_trial(self.row, "The worker shut down. Will run again.")

    def _answer(self, event: EpochEnd, runner: Runner) -> None:
        self._judge.add(event)
        if self._judge.answers():
            prune = self._judge.prunes()
            runner.send(VerdictOrder(self._token, self._judge.count, prune))

    def _prune(self, runner: Runner) -> None:
        if not self._judge.pruned:
            raise BadEvent("a pruned trial without a pruning decision")
        if self.search.pruned_trials_resume:
            self._keep_checkpoint(runner)
        units, tail = self._judge.count, runner.log_tail()
        recorder.prune_trial(self.row, units, tail, self._peak, self._news())

    def _order(self, runner: Runner) -> None:
        parent = self.row.tuner_values.get("tuner/trial_id")
        if parent:
            source = self._checkpoint_of(parent)
            if source is None or not source.exists():
                message = f"The weights that this trial continues are missing: {source}."
                raise Unstartable(Failure(FailureCode.MISSING_FILE, message))
            copy_into(source, runner.folder, *trial_folder(parent))
        resumed = self._resume(runner) if self.row.pruned_after else {}
        seed = self.search.seed * 100_000 + self.row.number * 100
        trial_id = self.row.oracle_id or "baseline"
        self._token = _new_token()
        runner.send(
            TrialOrder(
                trial_id, {**self.row.all_values, **resumed}, seed % 2**31, self._token,
                verdicts_after=self._judge.answers_after,
            )
        )  # fmt: skip
        self.ordered = True
        self._flush_at = time.monotonic() + FIRST_FLUSH_SECONDS

    def _resume(self, runner: Runner) -> dict[str, Any]:
        """Have a pruned trial go on where it stopped, if its weights are still there: KerasTuner's
        own keys say where, as if it continued another trial. Else it begins anew."""
        done, name = self.row.pruned_after, self.row.oracle_id
        source = checkpoint_folder(self.search.pk, name, self.row.pruned_attempt or 0)
        if not (self.search.pruned_trials_resume and done and source.exists()):
            return {}
        copy_into(source, runner.folder, *trial_folder(name))
        recorder.resume_epochs(self.row)
        self._earlier = points_of(self.row)
        self._judge = Judge(self.row, self._earlier)
        self._limit.count = len(self._earlier)
        last = self.search.epochs
        return {"tuner/trial_id": name, "tuner/initial_epoch": done, "tuner/epochs": last}

    def _complete(self, event: TrialEnd, runner: Runner) -> None:
        if self.search.strategy.has_rounds and self.row.oracle_id:
            # Before the row says "completed": from then on a child may want the weights.
            self._keep_checkpoint(runner)
        metrics, best_step = self._result(event)
        tail, news = runner.log_tail(), self._news()
        recorder.complete_trial(self.row, metrics, best_step, tail, self._peak, news)

    def _result(self, event: TrialEnd) -> tuple[Metrics, int]:
        """Of a trial that went on, the runner knows the later epochs only."""
        score = event.metrics.get(self.search.objective)
        sign = 1 if self.search.direction == Search.Direction.MAX else -1
        scored = [
            (sign * value, epoch)
            for _, epoch, value in self._earlier
            if value is not None and not math.isnan(value)
        ]
        # Of equal ones, the first.
        value, epoch = max(scored, key=lambda found: found[0], default=(-math.inf, 0))
        if not epoch or (score is not None and sign * score > value):
            return event.metrics, event.best_step + len(self._earlier)
        return self.row.epochs.get(attempt=self.row.attempt, epoch=epoch).metrics, epoch - 1

    def _keep_checkpoint(self, runner: Runner) -> None:
        names = trial_folder(self.row.oracle_id)
        if runner.folder.joinpath(*names).exists():
            target = checkpoint_folder(self.search.pk, self.row.oracle_id, self.row.attempt)
            store_folder(runner.folder, target, *names, beat=self.beat)

    def _news(self) -> recorder.News:
        """What is not written yet."""
        return recorder.News(self._epochs, self._limit.count, self._built)

    @property
    def _peak(self) -> int | None:
        """None if the runner never came to this trial."""
        return self.peak_memory if self.ordered and self.peak_memory else None

    def _checkpoint_of(self, oracle_id: str) -> Path | None:
        """The weights of the attempt that completed a trial."""
        done = Trial.objects.completed().filter(search=self.search, oracle_id=oracle_id)
        attempt = done.values_list("attempt", flat=True).first()
        return attempt and checkpoint_folder(self.search.pk, oracle_id, attempt)


def _new_token() -> str:
    return secrets.token_hex(8)


def trial_folder(trial_id: str) -> tuple[str, str, str]:
    """Where KerasTuner, in the runner's folder, keeps a trial's checkpoint."""
    return "kt", "search", f"trial_{trial_id}"
