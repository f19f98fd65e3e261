"""Trials, their attempts and their epochs. Only the recorder (tuning.recording.recorder) writes
what a trial reports and how it ends; a finished trial never changes, except that a pruned one may
go on.

A trial's score is KerasTuner's: the best epoch's objective of each execution, averaged.
`best_epoch` counts from the model's true start (a Hyperband child goes on where its parent
ended), so a retraining trains as many epochs as the weights with that score had behind them.

`Trial.not_finite` names the metrics that were NaN or infinite in an epoch or at the best one,
written when the trial ends: events spell such a value as null, and a metric that an epoch does
not have is none of these. The table, the trial's page and the failure map flag it.
`analysis/decline.py` has the rule by which a trial's page says that its training diverged after
its best epoch; it needs no scale of the metric.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any, Self

from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from tuning.protocol.constraints import Constraint
from tuning.protocol.failures import FailureCode
from tuning.protocol.measured import MEASURED
from tuning.protocol.statuses import SearchStatus, Status
from tuning.storage.stored import StoredFolder

from .resource_use import ResourceUse
from .searches import Search
from .teams import TeamOwnedQuerySet
from .work import MAX_LEASE_SECONDS, Work, WorkQuerySet, lease_end

# A network lies between, and nothing ends a script that does not renew its lease.
SCRIPT_LEASE_SECONDS = MAX_LEASE_SECONDS
# Of a trial that no attempt goes on with.
NO_CHECKPOINT = {"resume_epoch": None, "resume_attempt": None, "resume_sha256": ""}


class TrialQuerySet(WorkQuerySet, TeamOwnedQuerySet):
    team_path = "search__project__team"
    project_path = "search__project__"

    def claim(self, pk: int, worker: Any, slot: int) -> bool:
        # A script may have had it, and lost it.
        none = {"script": "", "prune_now": False}
        return self._begin(pk, lease_expires_at=lease_end(), worker=worker, slot=slot, **none)

    def claim_for_script(self, pk: int, script: str) -> bool:
        lease = lease_end(SCRIPT_LEASE_SECONDS)
        return self._begin(pk, lease_expires_at=lease, script=script, prune_now=False)

    def reopen(self, trial: "Trial") -> bool:
        """Give a trial back to the script that lost it, unless another attempt has begun."""
        lost = self.filter(pk=trial.pk, attempt=trial.attempt, status=trial.status).exclude(
            script=""
        )
        changed = lost.update(
            status=Status.RUNNING,
            lease_expires_at=lease_end(SCRIPT_LEASE_SECONDS),
            finished_at=None,
            failure_code="",
            failure_message="",
        )
        return changed == 1

    def ready(self) -> Self:
        """Their search is running, and no script has to bring them."""
        searches = Search.objects.run_here().with_status(SearchStatus.RUNNING)
        return super().ready().filter(search__in=searches.filter(end_reason=""))

    def scored(self) -> Self:
        return self.completed().filter(score__isnull=False)

    def judged(self) -> Self:
        """Those that were found good or bad: scored, pruned and infeasible ones."""
        without = models.Q(status__in=(Status.PRUNED, Status.INFEASIBLE))
        return self.filter(without | models.Q(status=Status.COMPLETED, score__isnull=False))

    def best_first(self, direction: str) -> Self:
        """Completed trials, best score first; ties go to the earlier trial."""
        score = "score" if direction == Search.Direction.MIN else "-score"
        return self.scored().order_by(score, "number")

    def tried_by_hand(self) -> Self:
        """Those whose values a person gave."""
        return self.filter(oracle_id="", is_baseline=False)

    def train_to_end(self, trial: "Trial") -> bool:
        """A pruned trial waits for another attempt, which is not pruned. It keeps its end_order
        until it ends again: no two ends have the same."""
        return self._go_on(trial, trains_to_end=True)

    def promote(self, trial: "Trial") -> bool:
        """A pruned trial waits for another attempt, which may be pruned again."""
        return self._go_on(trial)

    def _go_on(self, trial: "Trial", **values: Any) -> bool:
        changed = self.filter(pk=trial.pk, status=Status.PRUNED).update(
            status=Status.QUEUED,
            finished_at=None,
            lease_expires_at=None,
            worker=None,
            slot=None,
            earlier_seconds=trial.seconds,
            **values,
        )
        return changed == 1

    def stop_queued(self) -> None:
        """Of one search, which has ended: what waits does not run any more."""
        queued = list(self.queued().values_list("pk", flat=True))
        waiting = Trial.objects.filter(pk__in=queued).queued()
        ended = {"finished_at": Now(), "lease_expires_at": None, **NO_CHECKPOINT}
        # Waiting is no training: what they were trained lies in `earlier_seconds`.
        waiting.exclude(started_at=None).update(started_at=Now())
        # What waited to go on is pruned as before.
        waiting.filter(pruned_after__isnull=False).update(status=Status.PRUNED, **ended)
        waiting.update(status=Status.STOPPED, **ended)
        stopped = Trial.objects.filter(pk__in=queued).finished()
        trials = list(stopped.select_related("search", "worker").defer("search__oracle_state"))
        if trials:
            # By name, because cells come after trials. All of it, not the status alone: what ran
            # before has epochs and a duration.
            apps.get_model("tuning", "TrialIndex").objects.fill(trials[0].search, trials)


class Trial(Work, ResourceUse):
    search = models.ForeignKey(Search, on_delete=models.CASCADE, related_name="trials")
    number = models.PositiveIntegerField()
    is_baseline = models.BooleanField(default=False)
    oracle_id = models.CharField(
        max_length=20, blank=True, help_text="KerasTuner's trial_id; empty outside the oracle."
    )
    confirms = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="confirmations",
        help_text="The trial of an earlier search whose values it runs again.",
    )  # fmt: skip
    values = models.JSONField(default=dict, help_text="Hyperparameters, without KerasTuner's own.")
    tuner_values = models.JSONField(
        default=dict, blank=True, help_text="KerasTuner's tuner/* keys."
    )
    script = models.CharField(
        max_length=200, blank=True, db_default="",
        help_text="What trains it elsewhere, as that calls itself; empty if a worker does.",
    )  # fmt: skip
    brings_values = models.BooleanField(
        default=False, db_default=False,
        help_text="Its script chose the values: nobody else can train it.",
    )  # fmt: skip
    prune_now = models.BooleanField(
        default=False, db_default=False, help_text="A pruner wants its script to end it."
    )
    distributions: Any = models.JSONField(
        null=True, blank=True,
        help_text="What a script's trial drew its values from, as Optuna writes it.",
    )  # fmt: skip
    trains_to_end = models.BooleanField(
        default=False, help_text="A person wants it to be trained to its end: it is not pruned."
    )
    # A pruned trial that goes on keeps what it needs to be pruned again, or to go on from there.
    # One that its own code gave up has no pruned_attempt: it never goes on.
    pruned_after = models.PositiveIntegerField(
        null=True, blank=True, help_text="Epochs or folds after which it was pruned."
    )
    pruned_attempt = models.PositiveIntegerField(
        null=True, blank=True, help_text="The attempt that was pruned."
    )
    pinned = models.BooleanField(
        default=False, db_default=False,
        help_text="A person wants the weights of this pruned trial to be kept.",
    )  # fmt: skip
    checkpoint_sha256 = models.CharField(
        max_length=64, blank=True, default="", db_default="",
        help_text="Of the folder with the weights that another trial or attempt goes on from.",
    )  # fmt: skip
    # It is for the next attempt, if this one is lost.
    resume_epoch = models.PositiveIntegerField(
        null=True, blank=True, help_text="The epoch of its last checkpoint, if it still runs."
    )
    resume_attempt = models.PositiveIntegerField(
        null=True, blank=True, help_text="The attempt that wrote it."
    )
    resume_sha256 = models.CharField(
        max_length=64, blank=True, default="", db_default="", help_text="Of its folder."
    )
    code_failures = models.PositiveSmallIntegerField(default=0)
    score = models.FloatField(null=True, blank=True)
    best_epoch = models.PositiveIntegerField(
        null=True, blank=True, help_text="Epochs from the model's start to its best score."
    )
    metrics = models.JSONField(default=dict, blank=True)
    last_metrics = models.JSONField(
        default=dict, blank=True, help_text="After the last epoch, averaged over the executions."
    )
    not_finite = models.JSONField(
        default=list,
        blank=True,
        help_text="Metrics that were NaN or infinite in an epoch or at the best one.",
    )
    execution_scores = models.JSONField(default=list, blank=True)
    epochs_done = models.PositiveIntegerField(default=0)
    earlier_seconds = models.FloatField(
        default=0.0, db_default=0.0, help_text="Of the attempts before the current one."
    )
    parameters = models.BigIntegerField(null=True, blank=True)
    measures = models.JSONField(
        default=dict,
        blank=True,
        help_text="What the search asks to measure, by names of tuning.protocol.measured.",
    )
    layers = models.TextField(blank=True)
    # The order in which trials ended decides "N failures in a row".
    end_order = models.PositiveIntegerField(null=True, blank=True)

    objects = TrialQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["search", "number"], name="one_number_per_trial")
        ]
        indexes = [
            models.Index(fields=["search", "status", "score"]),
            # The last end of a search is looked up at each end.
            models.Index(fields=["search", "end_order"], name="ends_of_search"),
            # Few of very many: every worker looks for them every few seconds.
            models.Index(
                fields=["worker"], condition=models.Q(status=Status.RUNNING), name="running_trials"
            ),
            # One of very many: PostgreSQL's statistics miss it, and it read all rows for it.
            models.Index(
                fields=["search"], condition=models.Q(is_baseline=True), name="baseline_of_search"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.search} · trial {self.number}"

    @property
    def duration(self) -> timedelta | None:
        """How long it has been trained, in all attempts; None before the first."""
        earlier = timedelta(seconds=self.earlier_seconds)
        if self.status == Status.QUEUED:
            return earlier or None
        last = super().duration
        return None if last is None else earlier + last

    @property
    def seconds(self) -> float:
        """The same as a number; 0 before the first."""
        return self.duration.total_seconds() if self.duration else 0.0

    @property
    def all_values(self) -> dict[str, Any]:
        """The values as KerasTuner knows them, its own keys included."""
        return {**self.values, **self.tuner_values}

    def figure(self, name: str) -> float | None:
        """A metric at the best epoch or something measured; None if it is not known."""
        if name in self.metrics:
            return float_or_none(self.metrics[name])
        row = MEASURED.get(name)
        found = getattr(self, row.column) if row and row.column else self.measures.get(name)
        return float_or_none(found)

    @property
    def violated(self) -> list[Constraint]:
        """The constraints of its search that it violates, as far as is known."""
        pairs = [(limit, self.figure(limit.name)) for limit in self.search.constraint_list]
        return [limit for limit, value in pairs if value is not None and not limit.holds(value)]

    @property
    def pruned_weights(self) -> StoredFolder:
        """Those of a pruned trial, if they are kept: it then goes on where it stopped."""
        return self.checkpoint(self.pruned_attempt or 0)

    def checkpoint(self, attempt: int) -> StoredFolder:
        """The weights that an attempt has left."""
        place = checkpoint_folder(self.search_id, self.oracle_id, attempt)
        return StoredFolder(place, self.checkpoint_sha256)

    @property
    def trained_by(self) -> str:
        """The name of the worker or of the script."""
        return self.worker.name if self.worker else self.script

    @property
    def is_lost(self) -> bool:
        """Whether its script stopped responding, and nobody else has begun it since."""
        if not self.script:
            return False
        return self.status == Status.QUEUED or self.failure_code == FailureCode.SCRIPT_LOST

    @property
    def may_be_pruned(self) -> bool:
        """Not what a person asked for: the baseline, values tried by hand, "Train to the end"."""
        asked_for = self.is_baseline or self.trains_to_end or not self.oracle_id
        return not asked_for

    def resume_folder(self, epoch: int, attempt: int) -> StoredFolder:
        """Where a checkpoint waits for the attempt that goes on if that one is lost."""
        place = Path(settings.RESUME_ROOT) / str(self.search_id)
        return StoredFolder(place / f"{self.number}-{attempt}-{epoch}", self.resume_sha256)

    @property
    def resumes_after(self) -> int:
        """The epoch after which another attempt goes on; 0 if it begins again. One that was pruned
        goes on from the weights that it had then."""
        return 0 if self.pruned_after else self.resume_epoch or 0

    @property
    def first_epoch(self) -> int:
        """Epochs that the model had behind it when this trial began (a Hyperband child: > 0)."""
        return first_epoch_of(self.tuner_values)

    @property
    def last_epoch(self) -> int:
        """The epoch that this trial ends with, unless it stops early."""
        return int(self.tuner_values.get("tuner/epochs", self.search.epochs))


class Attempt(models.Model):
    """One line of a trial's history: who ran it when, and how it ended."""

    trial = models.ForeignKey(Trial, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveIntegerField()
    worker_name = models.CharField(max_length=200, help_text="Of the worker or the script.")
    slot = models.PositiveSmallIntegerField(null=True, help_text="Scripts have none.")
    started_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["trial", "number"], name="one_row_per_attempt")
        ]

    def __str__(self) -> str:
        return f"{self.trial} · attempt {self.number}"


class Epoch(models.Model):
    trial = models.ForeignKey(Trial, on_delete=models.CASCADE, related_name="epochs")
    attempt = models.PositiveIntegerField()
    execution = models.PositiveSmallIntegerField()
    epoch = models.PositiveIntegerField(help_text="Counts from 1 at the model's true start.")
    seconds = models.FloatField()
    metrics = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["execution", "epoch"]
        constraints = [
            models.UniqueConstraint(
                fields=["trial", "attempt", "execution", "epoch"], name="one_row_per_epoch"
            )
        ]

    def __str__(self) -> str:
        return f"{self.trial} · execution {self.execution} · epoch {self.epoch}"


def checkpoint_folder(search_id: int, oracle_id: str, attempt: int) -> Path:
    """Where the weights of a trial wait for the trial that goes on from them, or for itself. A
    folder for each attempt: a late one must not touch the winner's."""
    return Path(settings.CHECKPOINTS_ROOT) / str(search_id) / f"{oracle_id}-{attempt}"


def float_or_none(value: Any) -> float | None:
    return None if value is None else float(value)


def first_epoch_of(tuner_values: dict[str, Any]) -> int:
    return int(tuner_values.get("tuner/initial_epoch", 0))
