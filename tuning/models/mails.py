"""Mails that a worker is to send: a mail server that hangs must not hold up a page."""

from datetime import timedelta
from typing import Self

from django.db import models
from django.db.models import ExpressionWrapper, F
from django.db.models.functions import Now
from django.utils import timezone

# A password reset is of no use after that.
GIVE_UP_AFTER = timedelta(days=1)


class OutgoingMailQuerySet(models.QuerySet["OutgoingMail"]):
    def due(self) -> Self:
        return self.filter(next_try_at__lte=Now())

    def take(self, pk: int, seconds: float) -> bool:
        """Claim one that is due; it is due again after that time. Whether nobody was faster."""
        later = ExpressionWrapper(
            Now() + timedelta(seconds=seconds), output_field=models.DateTimeField()
        )
        due = self.due().filter(pk=pk)
        return due.update(next_try_at=later, attempts=F("attempts") + 1) == 1

    def undeliverable(self) -> Self:
        return self.filter(created_at__lt=timezone.now() - GIVE_UP_AFTER)


class OutgoingMail(models.Model):
    """A row is deleted as soon as the mail server has its text, which may hold a secret link."""

    sender = models.TextField()
    recipients = models.JSONField(help_text="Addresses.")
    subject = models.TextField(blank=True)
    text = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    # By the clock that `due` compares with: SQLite's counts milliseconds, Python's microseconds.
    next_try_at = models.DateTimeField(db_default=Now())
    attempts = models.PositiveSmallIntegerField(default=0)

    objects = OutgoingMailQuerySet.as_manager()

    def __str__(self) -> str:
        return f"mail {self.pk}"
