"""Tokens with which a person's scripts read what the person may see."""

from typing import Any, Self

from django.conf import settings
from django.db import models

from .validators import validate_name


class AccessTokenQuerySet(models.QuerySet["AccessToken"]):
    def of(self, user: Any) -> Self:
        return self.filter(user_id=user.pk)


class AccessToken(models.Model):
    """The token itself is kept nowhere: who reads the database cannot use it."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="access_tokens"
    )
    name = models.CharField(max_length=80, validators=[validate_name])
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    objects = AccessTokenQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return self.name
