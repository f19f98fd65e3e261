"""Work for a runner, as a row: who has claimed it, until when, and what became of it.

Trials, inspections, preparations and retrainings are all Work. The rules (claim by conditional
update, `attempt` as the fencing token, leases by the database's clock) are in docs/architecture.md.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache
from typing import Any, ClassVar, Self

from django.db import connection, models
from django.db.models import ExpressionWrapper, F, Q
from django.db.models.functions import Now
from django.db.models.sql import Query
from django.utils import timezone

from tuning.protocol.failures import FailureCode, WorkKind
from tuning.protocol.statuses import ACTIVE, FINISHED, Status, status_choices

from .fixed_queries import FixedInsert, FixedUpdate

LEASE_SECONDS = 45
# No lease is longer: one that seems to be was set before the database's clock was moved back.
MAX_LEASE_SECONDS = 120


def lease_end(seconds: int = LEASE_SECONDS) -> ExpressionWrapper:
    """The end of a lease that starts now, by the database's clock."""
    return ExpressionWrapper(
        Now() + timedelta(seconds=seconds), output_field=models.DateTimeField()
    )


def database_time() -> float:
    """Seconds since 1970, by the database's clock."""
    compiler = connection.ops.compiler("SQLCompiler")(Query(None), connection, None)
    sql, params = compiler.compile(Now())
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {sql}", params)
        [now] = cursor.fetchone()
    # SQLite knows no times, only texts.
    return (datetime.fromisoformat(f"{now}+00:00") if isinstance(now, str) else now).timestamp()


def kinds_queued(kinds: Iterable[type["Work"]]) -> set[type["Work"]]:
    """Those of which some is queued, whoever has to do something first. One query without Django's
    own for each, whose making takes longer than its answer: slots ask before each claim."""
    asked = list(kinds)
    quoted = connection.ops.quote_name
    rows = (
        f"SELECT {place} WHERE EXISTS "  # noqa: S608
        f"(SELECT 1 FROM {quoted(kind._meta.db_table)} WHERE status = %s)"
        for place, kind in enumerate(asked)
    )
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(rows), [Status.QUEUED] * len(asked))
        return {asked[place] for (place,) in cursor.fetchall()}


class WorkQuerySet(models.QuerySet[Any]):
    """Conditional updates. Each returns whether exactly one row changed; if not, another process
    was faster and the caller has to let go."""

    def queued(self) -> Self:
        return self.filter(status=Status.QUEUED)

    def ready(self) -> Self:
        """Those that a slot may take: nobody has to do anything first."""
        return self.queued()

    def running(self) -> Self:
        return self.filter(status=Status.RUNNING)

    def active(self) -> Self:
        return self.filter(status__in=ACTIVE)

    def finished(self) -> Self:
        return self.filter(status__in=FINISHED)

    def completed(self) -> Self:
        return self.filter(status=Status.COMPLETED)

    def expired(self) -> Self:
        """Running without a live lease. A missing lease counts as expired, and so does one that
        would last too long: whoever is alive renews it soon after the clock was moved back."""
        return self.running().filter(
            Q(lease_expires_at__isnull=True)
            | Q(lease_expires_at__lt=Now())
            | Q(lease_expires_at__gt=lease_end(MAX_LEASE_SECONDS))
        )

    def held(self, pk: int, attempt: int) -> Self:
        """The row, if this attempt still has it."""
        return self.filter(pk=pk, attempt=attempt, status=Status.RUNNING)

    def claim(self, pk: int, worker: Any, slot: int) -> bool:
        return self._begin(pk, lease_expires_at=lease_end(), worker=worker, slot=slot)

    def create_claimed(self, worker: Any, slot: int, **values: Any) -> Any:
        """A row that this slot has from the beginning, without having waited."""
        model: Any = self.model
        row = _claimed(model).create(
            **values, worker=worker, slot=slot, status=Status.RUNNING, attempt=1
        )
        # Only the database knows its time; it is read if anybody asks.
        del row.lease_expires_at, row.started_at
        return row

    def _begin(self, pk: int, **values: Any) -> bool:
        changed = self.filter(pk=pk, status=Status.QUEUED).update(
            **values,
            status=Status.RUNNING,
            attempt=F("attempt") + 1,
            started_at=Now(),
            finished_at=None,
            progress_text="",
            failure_code="",
            failure_message="",
            failure_traceback="",
            log_tail="",
        )
        return changed == 1

    def renew(self, pk: int, attempt: int, seconds: int = LEASE_SECONDS) -> bool:
        return self.held(pk, attempt).update(lease_expires_at=lease_end(seconds)) == 1

    def finish(self, pk: int, attempt: int, status: Status, **values: Any) -> bool:
        values["status"] = status
        if any(hasattr(value, "resolve_expression") for value in values.values()):
            changed = self.held(pk, attempt).update(**values, **_ENDED)
        else:
            # The same few combinations of fields, again and again.
            model: Any = self.model
            changed = _finished(model, tuple(values)).run(pk, attempt, **values)
        return changed == 1

    def requeue(self, pk: int, attempt: int, **values: Any) -> bool:
        """Give claimed work back, for its next attempt."""
        changed = self.held(pk, attempt).update(
            status=Status.QUEUED, lease_expires_at=None, worker=None, slot=None, **values
        )
        return changed == 1


_ENDED: dict[str, Any] = {"lease_expires_at": None, "finished_at": Now()}


@cache
def _claimed(model: Any) -> FixedInsert:
    return FixedInsert(model, lease_expires_at=lease_end(), started_at=Now())


@cache
def _finished(model: Any, given: tuple[str, ...]) -> FixedUpdate:
    def held(pk: int, attempt: int) -> Any:
        return model._default_manager.all().held(pk, attempt)

    return FixedUpdate(held, given, **_ENDED)


class Work(models.Model):
    status = models.CharField(max_length=10, choices=status_choices, default=Status.QUEUED)
    attempt = models.PositiveIntegerField(default=0)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    worker = models.ForeignKey(
        "tuning.Worker", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    slot = models.PositiveSmallIntegerField(null=True, blank=True)
    lost_attempts = models.PositiveSmallIntegerField(
        default=0, help_text="How many attempts ended because the worker was lost."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    progress_text = models.CharField(max_length=200, blank=True)
    failure_code = models.CharField(max_length=30, blank=True)
    failure_message = models.TextField(blank=True)
    failure_traceback = models.TextField(blank=True)
    log_tail = models.TextField(blank=True)

    work_kind: ClassVar[WorkKind] = WorkKind.TRAINING

    class Meta:
        abstract = True

    @property
    def is_active(self) -> bool:
        return self.status in ACTIVE

    @property
    def failure(self) -> FailureCode | None:
        """The failure's code, with its caption, fault and advice; None if nothing failed."""
        return FailureCode(self.failure_code) if self.failure_code else None

    @property
    def failure_fault(self) -> str:
        return self.failure.fault_of(self.work_kind) if self.failure else ""

    @property
    def failure_advice(self) -> str:
        """The next step, where a page shows the traceback and the log as well."""
        if not self.failure:
            return ""
        return self.failure.advice_for(
            self.work_kind, traceback=bool(self.failure_traceback), log=bool(self.log_tail)
        )

    @property
    def failure_advice_alone(self) -> str:
        """The next step, where a page or a terminal shows neither."""
        return self.failure.advice_for(self.work_kind) if self.failure else ""

    @property
    def duration(self) -> timedelta | None:
        """How long the last attempt has run; None before the first."""
        if self.started_at is None:
            return None
        return (self.finished_at or timezone.now()) - self.started_at
