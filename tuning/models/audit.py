"""The audit log: who did what, in a team and on the site.

Entries are only added. Nothing changes or deletes one, except `expire`, which the setting
AUDIT_LOG_DAYS asks for. Names are kept as text beside the keys, which are no foreign keys: an entry
outlives its person, project and team. It belongs to the team that its subject had at that time,
also after the project has moved. No entry has secrets: `actions/audit.py` says what is left out.
"""

from collections import defaultdict
from datetime import timedelta
from typing import Any, NoReturn, Self

from django.db import models
from django.utils import timezone

from .audit_kinds import AUDIT_KINDS, AuditGroup, AuditKind
from .teams import Team

# Beside `subject`, what kind of thing it is.
ACCOUNT = "account"


class AppendOnly(Exception):
    """Something tried to change or delete an entry."""


class Via(models.TextChoices):
    """Where a person acted."""

    PAGE = "page", "Website"
    API = "api", "API"
    COMMAND = "command", "Command line"


class AuditEntryQuerySet(models.QuerySet["AuditEntry"]):
    def visible_to(self, user: Any) -> Self:
        """All of the site to its administrators, those of a team to its owners."""
        if user.is_superuser:
            return self
        return self.filter(team_id__in=Team.objects.owned_by(user))

    def of_team(self, team: Team) -> Self:
        return self.filter(team_id=team.pk)

    def in_group(self, group: AuditGroup) -> Self:
        return self.filter(
            kind__in=[kind.key for kind in AUDIT_KINDS.values() if kind.group == group]
        )

    def expire(self, days: int) -> int:
        """Delete entries that are older than so many days. How many they were."""
        old = self.filter(at__lt=timezone.now() - timedelta(days=days))
        return old._raw_delete(old.db)

    def update(self, **_: Any) -> NoReturn:
        raise AppendOnly

    def delete(self) -> NoReturn:
        raise AppendOnly

    def bulk_update(self, *_: Any, **__: Any) -> NoReturn:
        raise AppendOnly

    def bulk_create(self, *_: Any, **__: Any) -> NoReturn:
        # It could replace entries.
        raise AppendOnly


class AuditEntry(models.Model):
    at = models.DateTimeField(default=timezone.now, db_index=True)
    kind = models.CharField(max_length=40)
    person_id = models.BigIntegerField(null=True)
    person = models.CharField(max_length=150, blank=True, help_text="The username.")
    via = models.CharField(max_length=10, choices=Via.choices, blank=True)
    token = models.CharField(max_length=80, blank=True, help_text="The access token's name.")
    team_id = models.BigIntegerField(null=True)
    team = models.CharField(max_length=80, blank=True)
    project_id = models.BigIntegerField(null=True)
    project = models.CharField(max_length=80, blank=True)
    subject_kind = models.CharField(max_length=20, blank=True)
    subject = models.CharField(max_length=300, blank=True)
    details = models.JSONField(default=dict, blank=True)
    # Administrators alone see these two.
    address = models.CharField(max_length=45, blank=True)
    browser = models.CharField(max_length=80, blank=True)

    objects = AuditEntryQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["team_id", "id"], name="audit_of_team"),
            models.Index(fields=["kind", "id"], name="audit_of_kind"),
            models.Index(fields=["person", "id"], name="audit_of_person"),
        ]

    def __str__(self) -> str:
        return f"{self.person or 'A person'} {self.sentence}"

    @property
    def traits(self) -> AuditKind | None:
        """None for a kind that a later version had."""
        return AUDIT_KINDS.get(self.kind)

    @property
    def sentence(self) -> str:
        known = defaultdict(str, {**self.details, "subject": self.subject})
        return (
            self.traits.sentence.format_map(known) if self.traits else f"{self.kind} {self.subject}"
        )

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnly
        super().save(*args, **kwargs)

    def delete(self, *_: Any, **__: Any) -> NoReturn:
        raise AppendOnly
