"""Executions of running trials that free slots may take: trainings of a network, or folds.

A row waits until a slot begins its execution. The slot that has the trial takes the first one and
deletes the row: what it trains itself is its trial's matter. Another slot claims the last one, as
it claims any work; its row keeps the result until the trial ends, and all rows go with that.
"""

from typing import Any, Self

from django.db import models
from django.db.models import F

from tuning.protocol.statuses import SearchStatus, Status

from .resource_use import ResourceUse
from .trials import Trial
from .work import Work, WorkQuerySet


class ExecutionQuerySet(WorkQuerySet):
    def of(self, trial: Trial) -> Self:
        """Those of the trial's current attempt."""
        return self.filter(trial=trial, trial_attempt=trial.attempt)

    def claimable(self) -> Self:
        """Waiting ones of trials that run, in searches that let something start."""
        return self.queued().filter(
            trial__status=Status.RUNNING,
            trial__attempt=F("trial_attempt"),
            trial__search__status=SearchStatus.RUNNING,
        )

    def take_first(self, trial: Trial) -> int | None:
        """The number of the first that waits, which is the caller's from now on."""
        for pk, number in self.of(trial).queued().order_by("number").values_list("pk", "number"):
            taken, _ = self.filter(pk=pk).queued().delete()
            if taken:
                return int(number)
        return None


class Execution(Work, ResourceUse):
    """`number` counts from 0 among the executions, or folds, of a trial."""

    trial = models.ForeignKey(Trial, on_delete=models.CASCADE, related_name="executions")
    trial_attempt = models.PositiveIntegerField()
    number = models.PositiveSmallIntegerField()
    metrics = models.JSONField(default=dict, blank=True)
    best_step = models.PositiveIntegerField(default=0)

    objects: Any = ExecutionQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(
                fields=["trial", "trial_attempt", "number"], name="one_row_per_execution"
            )
        ]

    def __str__(self) -> str:
        return f"{self.trial} · execution {self.number + 1}"
