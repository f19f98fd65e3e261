"""Tokens with which a person's scripts do what the person may do, or only read it."""

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from .teams import Team
from .validators import validate_name


class Scope(models.TextChoices):
    """What requests with a token may do."""

    READ = "read", "Read only"
    WRITE = "write", "Read and change"
    MANAGE = "manage", "Read, change and manage teams"


class AccessTokenQuerySet(models.QuerySet["AccessToken"]):
    def of(self, user: Any) -> Self:
        return self.filter(user_id=user.pk)

    def valid(self) -> Self:
        """Not expired, and of a person who may sign in."""
        unexpired = Q(expires_at=None) | Q(expires_at__gt=Now())
        return self.filter(unexpired, user__is_active=True)


class AccessToken(models.Model):
    """The token itself is kept nowhere: who reads the database cannot use it."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="access_tokens"
    )
    name = models.CharField(max_length=80, validators=[validate_name])
    team = models.ForeignKey(
        Team, on_delete=models.CASCADE, null=True, blank=True, related_name="access_tokens",
        help_text="The only one that it is for; all of the user's teams without one.",
    )  # fmt: skip
    # Tokens of earlier versions could only read.
    scope = models.CharField(max_length=10, choices=Scope.choices, default=Scope.READ)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    objects = AccessTokenQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return self.name

    def holder(self) -> Any:
        """The user with the rights of this token, not to be saved. One for a team reaches no other
        and does nothing that is for administrators."""
        user: Any = self.user
        if self.team_id is not None:
            user.only_team = self.team_id
            user.is_superuser = user.is_staff = False
        return user

    @property
    def is_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()
