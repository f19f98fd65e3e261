"""Machines that train: one row for each Celery worker. And what the version of Tuneroom that last
prepared the database expects of them."""

from datetime import timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import ExpressionWrapper
from django.db.models.functions import Now

# A worker writes its row every WATCH_SECONDS; one that missed several is taken for gone.
WATCH_SECONDS = 3
ONLINE_SECONDS = 20
# A machine's clock may be so many seconds off before pages and `doctor` say so.
CLOCK_TOLERANCE = 2.0
# `manage.py tune` brings a worker of its own each time: their rows would pile up.
FORGET_AFTER = timedelta(days=7)


class Requested(models.TextChoices):
    """What an administrator asks of a worker, which looks every WATCH_SECONDS. Running work is left
    alone: PAUSE takes no new work, and DRAIN ends the process once the last work has ended."""

    NOTHING = "", "Works"
    PAUSE = "pause", "Paused"
    DRAIN = "drain", "Draining"


class WorkerQuerySet(models.QuerySet["Worker"]):
    def online(self) -> Self:
        return self.filter(
            stopped_at__isnull=True, seen_at__gte=ago(timedelta(seconds=ONLINE_SECONDS))
        )

    def available(self) -> Self:
        """Online, and taking work."""
        return self.online().filter(requested=Requested.NOTHING, refusal="")

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
    gpu_slots = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="How many of its slots, the first ones, have a GPU."
    )
    gpu_problem = models.TextField(
        blank=True, default="", db_default="", help_text="Why its GPUs are not used, as a sentence."
    )
    devices = models.JSONField(default=list, help_text="What each slot trains on, as a sentence.")
    versions = models.JSONField(default=dict)
    host = models.CharField(max_length=255, blank=True, db_default="")
    memory = models.BigIntegerField(
        null=True, blank=True, help_text="Bytes that its machine or its container has."
    )
    requested = models.CharField(
        max_length=10, blank=True, choices=Requested, default=Requested.NOTHING, db_default=""
    )
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    refusal = models.TextField(
        blank=True, db_default="", help_text="Why it may take no work, as a sentence."
    )
    clock_offset = models.FloatField(
        null=True, blank=True, help_text="Seconds that its clock is ahead of the database's."
    )
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


class Release(models.Model):
    """One row: the version that last prepared the database (`manage.py migrate` writes it)."""

    ONLY = 1

    worker_protocol = models.PositiveIntegerField()
    oldest_worker_protocol = models.PositiveIntegerField()
    build = models.CharField(max_length=20)

    def __str__(self) -> str:
        return self.build
