"""Training one trial of a search."""

import logging
import math
import time
from dataclasses import replace
from typing import Any

from django.conf import settings

from tuning.models import Search, Trial
from tuning.protocol.checkpoints import folder_of
from tuning.protocol.events import (
    Asked,
    BadEvent,
    Built,
    CheckpointSaved,
    EpochEnd,
    Event,
    Failed,
    MeanReconstruction,
    Metrics,
    ModelMeasured,
    NextTrial,
    OfTrial,
    Resumed,
    TrialEnd,
    TrialPruned,
    TrialRefused,
)
from tuning.protocol.failures import Failure, FailureCode
from tuning.protocol.orders import SuggestedOrder, VerdictOrder
from tuning.recording import checkpoints, judging, recorder
from tuning.recording.curves import Point, points_of
from tuning.recording.pruning import Judge
from tuning.recording.recorder import News
from tuning.storage.stored import StoredFolder, keep_folder
from tuning.supervisor.checkpoints import tidy
from tuning.supervisor.define_by_run import Answers
from tuning.supervisor.files import copy_into, store_folder
from tuning.supervisor.resume_folders import remove_resume_folders
from tuning.supervisor.runners import Runner

from .base import Unstartable, failure_of
from .training import TrainingAssignment

logger = logging.getLogger(__name__)


class TrialAssignment(TrainingAssignment):
    row: Trial

    def __init__(self, row: Trial) -> None:
        super().__init__(row, row, row.search.executions)
        # Unless it stops early.
        self._all_epochs = (row.last_epoch - row.first_epoch) * row.search.executions
        # The one that the runner trains, where they are ordered one by one.
        self._execution: int | None = None
        self._judge = Judge(row)
        self._parameters: int | None = None
        # By execution or fold.
        self._measures: list[Metrics] = []
        # Epochs of an earlier attempt that this one goes on from.
        self._earlier: list[Point] = []
        # The epoch of the checkpoint that this attempt goes on from, and when one was stored.
        self._resume_after = 0
        self._checkpoint_at = 0.0
        self._answers = Answers(row) if self.search.kind.defines_by_run else None

    def record(self, event: Event, runner: Runner) -> bool:
        match event:
            case MeanReconstruction() if not self.ordered:
                recorder.record_mean_reconstruction(self.search, event)
            case NextTrial() if not self.ordered:
                self._order(runner)
            case OfTrial() if not self.ordered and not isinstance(event, Failed):
                raise BadEvent("an event of a trial before a trial was assigned")
            case Built():
                # Written with the first epoch, if that comes soon.
                self._built_at = time.monotonic()
                self._built = {"parameters": event.parameters, "layers": event.summary}
                self._parameters = event.parameters
            case EpochEnd():
                self._limit.add()
                self._epochs.append(event)
                self._answer(event, runner)
            case CheckpointSaved():
                self._store_checkpoint(event.epoch, runner)
            case Resumed():
                if event.epoch != self._resume_after or self._epochs:
                    raise BadEvent("a trial that continues from where it was not asked to")
                self._go_on(self.row.resume_attempt or 0, event.epoch)
            case Asked():
                return self._suggest(event, runner)
            case ModelMeasured():
                self._measures.append(event.measures)
            case TrialPruned():
                self._prune(runner)
                return True
            case TrialRefused():
                self._refuse(runner)
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

    @property
    def is_about_to_end(self) -> bool:
        is_last = self._limit.count == self._all_epochs - 1
        return is_last and self.ordered and self._execution is None

    def fail(self, failure: Failure, log_tail: str = "") -> None:
        recorder.fail_trial(self.row, failure, log_tail, self._used, self._news())
        if not Trial.objects.active().filter(pk=self.row.pk).exists():
            remove_resume_folders(self.row)

    def stop(self, log_tail: str = "") -> None:
        recorder.stop_trial(self.row, log_tail, self._used, self._news())
        remove_resume_folders(self.row)

    def release(self) -> None:
        recorder.release_trial(self.row, "The worker shut down.")

    def _suggest(self, event: Asked, runner: Runner) -> bool:
        if self._answers is None:
            raise BadEvent("a question for a value of a trial that has all of them")
        try:
            answer = SuggestedOrder(self._token, self._answers.answer(event))
        except BadEvent:
            raise
        except ValueError as error:
            answer = SuggestedOrder(self._token, None, str(error))
        runner.send(answer)
        return False

    def _last_news(self) -> News:
        """At its end a trial has the values that it has asked for, and no others that were given to
        it."""
        news = self._news()
        if self._answers is None or not self._answers.values:
            return news
        return replace(news, built={**news.built, "values": self._answers.values})

    def _answer(self, event: EpochEnd, runner: Runner) -> None:
        self._judge.add(event)
        if self._judge.answers():
            prune = self._judge.prunes()
            keep = prune and self._judge.weights_matter()
            runner.send(VerdictOrder(self._token, self._judge.count, prune, keep))

    def _prune(self, runner: Runner) -> None:
        # An objective function may give up a trial for reasons of its own.
        if not (self._judge.pruned or self.search.kind.defines_by_run):
            raise BadEvent("a pruned trial without a pruning decision")
        weights = self._keep_checkpoint(runner) if self._judge.weights_matter() else ""
        units, tail = self._judge.count, runner.log_tail()
        recorder.prune_trial(
            self.row, units, tail, self._used, self._last_news(), weights,
            by_itself=not self._judge.pruned,
        )  # fmt: skip
        remove_resume_folders(self.row)
        self._tidy()

    def _refuse(self, runner: Runner) -> None:
        parameters = self._parameters
        if parameters is None or not judging.is_refused(self.search, parameters):
            raise BadEvent("a refused trial whose model violates no constraint")
        recorder.refuse_trial(self.row, runner.log_tail(), self._used, self._news())

    def _order(self, runner: Runner) -> None:
        parent = self.row.tuner_values.get("tuner/trial_id")
        if parent:
            source = self._checkpoint_of(parent)
            try:
                copy_into(source.fetch(self.heartbeat), runner.folder, *trial_folder(parent))
            except FileNotFoundError as error:
                message = f"The weights that this trial continues are missing: {source.place}."
                raise Unstartable(Failure(FailureCode.MISSING_FILE, message)) from error
        resumed = self._resume(runner) if self.row.pruned_after else {}
        self._resume_after = self._lay_checkpoint(runner)
        self.send_order(
            runner, self._execution, self._judge.answers_after, resumed, self._resume_after
        )
        # By the storage's place, not by the runner's: one that was lost wrote it.
        self._checkpoint_at = time.monotonic()

    def _lay_checkpoint(self, runner: Runner) -> int:
        """Lay a lost attempt's last checkpoint into the runner's folder. Returns its epoch; 0 if
        the trial begins again."""
        epoch, attempt = self.row.resumes_after, self.row.resume_attempt
        if not (epoch and attempt and self.search.has_checkpoints):
            return 0
        try:
            source = self.row.resume_folder(epoch, attempt).fetch(self.heartbeat)
            copy_into(source, runner.folder, *folder_of(epoch))
        except OSError as error:
            logger.warning("%s begins again: %s", self.row, error)
            return 0
        return epoch

    def _store_checkpoint(self, epoch: int, runner: Runner) -> None:
        """Copy it to the storage. A trial is not worse off without: whatever is wrong with the
        disk, it goes on."""
        due_at = self._checkpoint_at + settings.CHECKPOINT_SECONDS / 2
        is_last = bool(self._judge.points) and self._judge.points[-1][1] == epoch
        if not is_last or self.row.pruned_after or time.monotonic() < due_at:
            return
        self._checkpoint_at = time.monotonic()
        target = self.row.resume_folder(epoch, self.row.attempt).place
        try:
            store_folder(runner.folder, target, *folder_of(epoch), heartbeat=self.heartbeat)
            sha256 = keep_folder(target, self.heartbeat)
        except (OSError, BadEvent) as error:
            logger.warning("%s keeps its former checkpoint: %s", self.row, error)
            return
        self._flush()
        recorder.record_checkpoint(self.row, epoch, sha256)
        remove_resume_folders(self.row, keep=target)

    def _go_on(self, attempt: int, epoch: int) -> None:
        """The epochs of an earlier attempt, up to this one, count for this attempt as well."""
        recorder.resume_epochs(self.row, attempt, epoch)
        self._earlier = points_of(self.row)
        self._judge = Judge(self.row, self._earlier)
        self._limit.count = len(self._earlier)

    def _resume(self, runner: Runner) -> dict[str, Any]:
        """Have a pruned trial go on where it stopped, if its weights are still there: KerasTuner's
        own keys say where, as if it continued another trial. Else it begins again."""
        done, name = self.row.pruned_after, self.row.oracle_id
        source = self.row.pruned_weights
        if not (self.search.pruned_trials_resume and done and source.exists()):
            return {}
        try:
            copy_into(source.fetch(self.heartbeat), runner.folder, *trial_folder(name))
        except FileNotFoundError:
            return {}
        self._go_on(self.row.pruned_attempt or 0, done)
        last = self.search.epochs
        return {"tuner/trial_id": name, "tuner/initial_epoch": done, "tuner/epochs": last}

    def _complete(self, event: TrialEnd, runner: Runner) -> None:
        metrics, best_step = self._result(event)
        score, weights = metrics.get(self.search.objective), ""
        if self.search.strategy.has_rounds and checkpoints.completed_matters(self.row, score):
            # Before the row says "completed": from then on a child may want the weights.
            weights = self._keep_checkpoint(runner)
        tail, news = runner.log_tail(), self._last_news()
        measures = judging.averaged(self._measures)
        recorder.complete_trial(
            self.row, metrics, best_step, tail, self._used, news, measures, weights, event.scores
        )
        remove_resume_folders(self.row)
        self._tidy()

    def _tidy(self) -> None:
        """The end of a trial may have been the last that its parent's weights were good for."""
        if self.search.strategy.has_rounds or self.search.pruned_trials_resume:
            tidy(self.search.pk)

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

    def _keep_checkpoint(self, runner: Runner) -> str:
        """The hash of this attempt's weights. Its row gets it with its end: until then it has that
        of the weights with which the attempt began, which the next one needs if this one is
        lost."""
        names = trial_folder(self.row.oracle_id)
        if not runner.folder.joinpath(*names).exists():
            return ""
        target = self.row.checkpoint(self.row.attempt).place
        store_folder(runner.folder, target, *names, heartbeat=self.heartbeat)
        return keep_folder(target, self.heartbeat)

    def _write_news(self) -> None:
        recorder.record_news(self.row, self._news())

    @property
    def _done(self) -> int | None:
        """None: other slots may report epochs of this trial as well."""
        return self._limit.count if self._execution is None else None

    def _checkpoint_of(self, oracle_id: str) -> StoredFolder:
        """The weights of the attempt that completed a trial."""
        done = Trial.objects.completed().filter(search=self.search, oracle_id=oracle_id).first()
        trial = done or Trial(search=self.search, oracle_id=oracle_id)
        return trial.checkpoint(trial.attempt)


def trial_folder(trial_id: str) -> tuple[str, str, str]:
    """Where KerasTuner, in the runner's folder, keeps a trial's checkpoint."""
    return "kt", "search", f"trial_{trial_id}"
