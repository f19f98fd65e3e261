"""Answers to POST requests of scripts, kept so that a repeated request gets the first one's."""

from datetime import timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

KEPT = timedelta(days=1)
MAX_KEY_LENGTH = 200


class IdempotencyKeyQuerySet(models.QuerySet["IdempotencyKey"]):
    def expired(self) -> Self:
        return self.filter(created_at__lt=Now() - KEPT)


class IdempotencyKey(models.Model):
    """Written in the transaction of the change that was asked for: both happened, or neither."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="idempotency_keys"
    )
    key = models.CharField(max_length=MAX_KEY_LENGTH)
    request = models.CharField(max_length=64, help_text="Digest of its address and its body.")
    status = models.PositiveSmallIntegerField(default=0)
    answer = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    objects = IdempotencyKeyQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], name="one_answer_per_idempotency_key")
        ]

    def __str__(self) -> str:
        return self.key
