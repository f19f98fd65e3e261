"""Machines that join by a token: they share no folder and no secret key with the site, and sign in
to the database with a role of their own (`actions/worker_roles.py`)."""

from typing import Self

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

MAX_NAME = 40


class MachineQuerySet(models.QuerySet["Machine"]):
    def awaited(self) -> Self:
        """Those whose token is still valid."""
        return self.filter(joined_at=None, token_expires_at__gt=Now())

    def joined(self) -> Self:
        return self.exclude(joined_at=None)

    def with_redis_user(self) -> Self:
        """Those whose user Redis should know, which nobody is removing."""
        return self.joined().exclude(redis_digest="").filter(token_expires_at__gt=F("created_at"))

    def join(self, pk: int, host: str) -> bool:
        """Use up the token. Whether nobody was faster."""
        return self.awaited().filter(pk=pk).update(joined_at=Now(), host=host) == 1

    def revoke_token(self, pk: int) -> bool:
        """Nobody joins with it from now on. Waits for whoever is joining with it. Whether there is
        such a machine."""
        # Long ago: a statement that began before this one compares with its own beginning.
        return self.filter(pk=pk).update(token_expires_at=F("created_at")) == 1


class Machine(models.Model):
    """The token is kept nowhere, and is worth nothing once the machine has joined."""

    name = models.CharField(
        max_length=MAX_NAME, unique=True,
        validators=[RegexValidator(
            r"\A[A-Za-z0-9][A-Za-z0-9._-]*\Z", "Use letters, digits, dots, hyphens and underscores."
        )],
    )  # fmt: skip
    token_digest = models.CharField(max_length=64, unique=True)
    token_expires_at = models.DateTimeField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    joined_at = models.DateTimeField(null=True, blank=True)
    host = models.CharField(max_length=255, blank=True)
    redis_digest = models.CharField(
        max_length=64, blank=True, help_text="SHA-256 of its password for Redis, which forgets it."
    )

    objects = MachineQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_expired(self) -> bool:
        return self.joined_at is None and self.token_expires_at <= timezone.now()
