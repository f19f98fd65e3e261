"""Invitations: links with which people join a team, with or without an account.

An invitation (`models/invitations.py`) is a link whose digest is stored. `pending()` is the only
rule for whether it works: neither accepted nor revoked nor expired, and the inviter is still an
active owner, so that nobody returns by a link of their own. Accepting is a conditional UPDATE,
with the new account and membership in the same transaction; GET only shows, because mail scanners
open links. `webapp/logs.py` removes secret links from the log. `views/rate_limits.py` limits what
strangers may send, as django-axes does for signing in.
"""

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef
from django.utils import timezone

from .projects import Project
from .teams import Membership, Role, Team, TeamOwnedQuerySet


class InvitationQuerySet(TeamOwnedQuerySet):
    def pending(self) -> Self:
        """Those that can be accepted. An owner who was removed, demoted or deactivated must not
        come back by a link made before, so theirs wait until they are owners again."""
        owners = Membership.objects.filter(
            team=OuterRef("team"), user=OuterRef("invited_by"), role=Role.OWNER
        )
        return self.filter(
            Exists(owners), invited_by__is_active=True, accepted_at=None, revoked_at=None,
            expires_at__gt=timezone.now(),
        )  # fmt: skip


class Invitation(models.Model):
    """The link itself is kept nowhere: whoever reads the database cannot use it."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="invitations")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.EDITOR)
    project = models.ForeignKey(
        Project, null=True, blank=True, on_delete=models.SET_NULL, related_name="+",
        help_text="Opened once the person has joined.",
    )  # fmt: skip
    email = models.EmailField(blank=True)
    digest = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by: Any = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"invitation {self.pk}"
