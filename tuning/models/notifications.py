"""What happened in a team, who is notified of it, and what people chose.

An event is written in the transaction of what it tells of, with a row for each person and each
webhook that is to be notified (`recording/announcing.py`). These rows are the outbox: a crash loses
none of them and doubles none. Pages show them, and a worker sends mails and webhooks
(`supervisor/notifying.py`).
"""

from datetime import timedelta
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from tuning.event_kinds import EventKind, Whose, kind_choices

from .notes import Comment
from .projects import Project
from .teams import Team
from .workers import ago

# With its notifications and deliveries.
FORGET_AFTER = timedelta(days=90)


class TeamEventQuerySet(models.QuerySet["TeamEvent"]):
    def forgotten(self) -> Self:
        return self.filter(created_at__lt=ago(FORGET_AFTER))


class TeamEvent(models.Model):
    kind = models.CharField(max_length=30, choices=kind_choices)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="events")
    project = models.ForeignKey(
        Project, null=True, blank=True, on_delete=models.CASCADE, related_name="events"
    )
    # A comment that is deleted takes the notifications of its mentions with it.
    comment = models.ForeignKey(
        Comment, null=True, blank=True, on_delete=models.CASCADE, related_name="events"
    )
    facts = models.JSONField(default=dict, help_text="As they were then: tuning.event_kinds.")
    path = models.CharField(max_length=200, help_text="The address of the page about it.")
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    objects = TeamEventQuerySet.as_manager()

    def __str__(self) -> str:
        return self.sentence

    @property
    def sentence(self) -> str:
        return EventKind(self.kind).traits.sentence(self.facts)

    @property
    def project_name(self) -> str:
        """Empty if it concerns only the team."""
        return str(self.facts.get("project", {}).get("name", ""))


class NotificationQuerySet(models.QuerySet["Notification"]):
    def of(self, user: Any) -> Self:
        """A person's, as far as they still see what happened. A project may have moved to another
        team since."""
        teams = Team.objects.visible_to(user)
        seen = Q(event__project__team__in=teams) | Q(event__project=None, event__team__in=teams)
        return self.filter(seen, user=user.pk)

    def in_site(self) -> Self:
        return self.filter(on_site=True)

    def unread(self) -> Self:
        return self.filter(on_site=True, read_at=None)

    def read_now(self) -> int:
        return self.filter(read_at=None).update(read_at=Now())

    def to_mail(self) -> Self:
        return self.filter(by_mail=True, mailed_at=None)


class Notification(models.Model):
    """That a person is notified of an event."""

    event = models.ForeignKey(TeamEvent, on_delete=models.CASCADE, related_name="notifications")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notifications"
    )
    on_site = models.BooleanField(default=True)
    by_mail = models.BooleanField(default=False)
    read_at = models.DateTimeField(null=True, blank=True)
    mailed_at = models.DateTimeField(
        null=True, blank=True, help_text="When a mail with it was left for a worker, or needless."
    )

    objects = NotificationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event", "user"], name="one_notification_per_event")
        ]
        indexes = [
            # Every page counts these.
            models.Index(
                fields=["user"], condition=Q(on_site=True, read_at=None), name="unread_of_a_person"
            ),
            models.Index(
                fields=["user"], condition=Q(by_mail=True, mailed_at=None), name="to_be_mailed"
            ),
        ]

    def __str__(self) -> str:
        return f"notification {self.pk}"


class NotificationChoice(models.Model):
    """Of which events of a kind a person wants to be notified: for a project, or for all projects
    without a choice of their own. Without any the kind's traits hold."""

    WHOSE = [(whose.value, whose.value) for whose in Whose]

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notification_choices"
    )
    project = models.ForeignKey(
        Project, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    kind = models.CharField(max_length=30, choices=kind_choices)
    # Empty: as it would be without this row.
    site = models.CharField(max_length=3, choices=WHOSE, blank=True)
    mail = models.CharField(max_length=3, choices=WHOSE, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "project", "kind"], name="one_choice_per_project"
            ),
            models.UniqueConstraint(
                fields=["user", "kind"], condition=Q(project=None), name="one_choice_per_kind"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.kind}"
