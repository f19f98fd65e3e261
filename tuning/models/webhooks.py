"""Webhooks: addresses elsewhere to which a worker posts what happens in a team or a project.

A delivery is one event for one webhook, written with the event. Its key goes with each try, so
that a receiver can tell a repetition: a worker that dies between sending and noting the answer
sends again. A try is claimed by a conditional UPDATE, so that two workers do not send at once.
"""

import base64
import secrets
import uuid
from datetime import timedelta
from typing import Any, Self
from urllib.parse import urlsplit

from django.conf import settings
from django.db import models
from django.db.models import ExpressionWrapper, F, Q
from django.db.models.functions import Now

from tuning.event_kinds import EventKind

from .notifications import TeamEvent
from .projects import Project
from .teams import Team, TeamOwnedQuerySet

# Nobody else tries meanwhile: longer than one try can take.
CLAIM = timedelta(minutes=2)
# The pause after the first failure; it doubles with each further one.
FIRST_PAUSE, MAX_PAUSE = timedelta(seconds=30), timedelta(hours=4)
# After that many tries, about a day, a delivery has failed; a person can send it again.
MAX_TRIES = 15


def new_secret() -> str:
    """As standardwebhooks.com has it: a prefix and 32 random bytes."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def pause_after(tries: int) -> timedelta:
    """How long a delivery waits after so many failures."""
    return min(FIRST_PAUSE * 2 ** min(tries - 1, 20), MAX_PAUSE)


class WebhookQuerySet(TeamOwnedQuerySet):
    def enabled(self) -> Self:
        return self.filter(disabled_at=None)

    def wanting(self, kind: EventKind, team_id: int, project: Project | None) -> list["Webhook"]:
        """Those that an event of a team, or of a project of it, goes to."""
        where = Q(project=None) if project is None else Q(project=None) | Q(project=project)
        # Nothing else: workers of joined machines may not read the rest.
        rows = self.enabled().filter(where, team=team_id).only("kinds")
        return [row for row in rows if kind in row.kinds]


class Webhook(models.Model):
    class Format(models.TextChoices):
        JSON = "json", "Tuneroom’s JSON"
        SLACK = "slack", "Slack-compatible"

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="webhooks")
    project = models.ForeignKey(
        Project, null=True, blank=True, on_delete=models.CASCADE, related_name="webhooks",
        help_text="None: all projects of the team.",
    )  # fmt: skip
    url = models.URLField(max_length=500)
    format = models.CharField(max_length=10, choices=Format.choices, default=Format.JSON)
    kinds = models.JSONField(default=list, help_text="Of which events it is told.")
    # Readable: each delivery is signed with it.
    secret = models.CharField(max_length=80, default=new_secret)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    failing_since = models.DateTimeField(
        null=True, blank=True, help_text="The first failure since the last success."
    )
    disabled_at = models.DateTimeField(null=True, blank=True)
    disabled_reason = models.CharField(max_length=300, blank=True)

    objects = WebhookQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"webhook to {self.host}"

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc

    @property
    def labels(self) -> list[str]:
        return [kind.label for kind in EventKind if kind in self.kinds]


class DeliveryQuerySet(TeamOwnedQuerySet):
    """`now` is the database's clock; tests have one of their own."""

    team_path = "webhook__team"

    def due(self, now: Any = None) -> Self:
        """What may be tried: the oldest first."""
        waiting = self.filter(status=Delivery.Status.WAITING, webhook__disabled_at=None)
        return waiting.filter(next_try_at__lte=now or Now()).order_by("created_at", "pk")

    def take(self, delivery: "Delivery", now: Any = None) -> bool:
        """Claim a try. Whether nobody was faster."""
        waiting = self.filter(
            pk=delivery.pk, tries=delivery.tries, status=Delivery.Status.WAITING
        )  # fmt: skip
        changed = waiting.update(
            tries=F("tries") + 1, last_try_at=now or Now(), next_try_at=after(CLAIM, now)
        )
        return changed == 1

    def end_try(self, delivery: "Delivery", **values: Any) -> bool:
        """Note how a claimed try ended, unless a later one has begun."""
        held = self.filter(
            pk=delivery.pk, tries=delivery.tries + 1, status=Delivery.Status.WAITING
        )  # fmt: skip
        return held.update(**values) == 1


def after(time: timedelta, now: Any = None) -> ExpressionWrapper:
    """By the database's clock, or the one that is given."""
    start = Now() if now is None else models.Value(now, models.DateTimeField())
    return ExpressionWrapper(start + time, output_field=models.DateTimeField())


class Delivery(models.Model):
    class Status(models.TextChoices):
        WAITING = "waiting", "Waiting"
        DELIVERED = "delivered", "Delivered"
        FAILED = "failed", "Failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    event = models.ForeignKey(TeamEvent, on_delete=models.CASCADE, related_name="deliveries")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    # By the clock that `due` compares with.
    next_try_at = models.DateTimeField(db_default=Now())
    last_try_at = models.DateTimeField(null=True, blank=True)
    response_status = models.PositiveSmallIntegerField(null=True, blank=True)
    error = models.CharField(max_length=300, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(
                fields=["next_try_at"], condition=Q(status="waiting"), name="deliveries_to_try"
            )
        ]

    def __str__(self) -> str:
        return f"delivery {self.pk}"
