"""What a person does about notifications: reading them, choosing which ones come."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction

from tuning.event_kinds import EventKind, Whose
from tuning.models import Mention, Notification, NotificationChoice, Project

from .notes import mark_seen


@transaction.atomic
def mark_read(user: Any, notifications: Iterable[Notification]) -> None:
    """These are the person's; of mentions among them the comments count as seen."""
    rows = Notification.objects.filter(pk__in=[each.pk for each in notifications])
    comments = rows.exclude(event__comment=None).values_list("event__comment", flat=True)
    mark_seen(user, Mention.objects.filter(user=user, comment__in=list(comments)))
    rows.read_now()


# By kind, for "site" and "mail": empty as it would be without a choice.
Choices = Mapping[EventKind, Mapping[str, Whose | str]]


@transaction.atomic
def choose(user: Any, project: Project | None, choices: Choices) -> None:
    """Of whose events a person is notified, in a project or wherever they chose nothing else."""
    for kind, channels in choices.items():
        NotificationChoice.objects.update_or_create(
            user=user, project=project, kind=kind, defaults=dict(channels)
        )
    NotificationChoice.objects.filter(user=user, project=project, site="", mail="").delete()
