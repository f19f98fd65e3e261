"""Machines that train: one row for each Celery worker."""

from datetime import timedelta
from typing import Self

from django.db import models
from django.db.models import ExpressionWrapper
from django.db.models.functions import Now

# A worker writes its row every WATCH_SECONDS; one that missed several is taken for gone.
WATCH_SECONDS = 3
ONLINE_SECONDS = 20
# `manage.py tune` brings a worker of its own each time: their rows would pile up.
FORGET_AFTER = timedelta(days=7)


class WorkerQuerySet(models.QuerySet["Worker"]):
    def online(self) -> Self:
        return self.filter(
            stopped_at__isnull=True, seen_at__gte=ago(timedelta(seconds=ONLINE_SECONDS))
        )

    def slot_count(self) -> int:
        return sum(self.values_list("slots", flat=True))

    def forgotten(self) -> Self:
        return self.filter(seen_at__lt=ago(FORGET_AFTER))


def ago(time: timedelta) -> ExpressionWrapper:
    """By the database's clock."""
    return ExpressionWrapper(Now() - time, output_field=models.DateTimeField())


class Worker(models.Model):
    name = models.CharField(max_length=200, unique=True)
    slots = models.PositiveSmallIntegerField()
    devices = models.JSONField(default=list, help_text="What each slot trains on, as a sentence.")
    versions = models.JSONField(default=dict)
    isolation = models.JSONField(default=list, help_text="Probed layers: name, active, detail.")
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True, blank=True)

    objects = WorkerQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def isolation_level(self) -> int | None:
        """The highest level all of whose layers, and all below it, held when they were probed; -1
        for none; None before the first probe."""
        if not self.isolation:
            return None
        broken = [layer["level"] for layer in self.isolation if not layer["active"]]
        return int(min(broken, default=max(layer["level"] for layer in self.isolation) + 1)) - 1
