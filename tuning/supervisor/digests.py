"""Notifications by mail: what a person has not read, together, at most once in a while.

Here mails are only left for a worker's mail thread (`mails.py`), in the transaction that notes that
they were.
"""

import logging
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Exists, Min, OuterRef
from django.db.models.functions import Now
from django.template.loader import render_to_string

from tuning.analysis.webhooks import address_of
from tuning.figures import counted
from tuning.models import Notification, OutgoingMail
from tuning.models.webhooks import after

logger = logging.getLogger(__name__)

# What happens together comes in one mail.
WAIT = timedelta(minutes=1)
BETWEEN_MAILS = timedelta(minutes=15)
# Nobody wants to read of it by mail any more: there was no mail server, or no worker.
TOO_OLD = timedelta(days=2)
MAX_SHOWN = 30


def leave_digests(now: Any = None) -> None:
    """For everybody who is due."""
    if not settings.EMAIL_HOST:
        return
    recent = Notification.objects.filter(
        user=OuterRef("user"), by_mail=True, mailed_at__gt=after(-BETWEEN_MAILS, now)
    )
    waiting = Notification.objects.to_mail().exclude(Exists(recent)).values("user")
    due = waiting.annotate(oldest=Min("event__created_at")).filter(oldest__lt=after(-WAIT, now))
    for pk in list(due.values_list("user", flat=True)):
        try:
            _leave(pk, now)
        except Exception:
            # It must not hold up those of others, nor what else the worker looks after.
            logger.exception("the notifications of user %s could not be mailed", pk)


@transaction.atomic
def _leave(user_id: int, now: Any) -> None:
    # Locked, so that two workers do not send the same.
    user = get_user_model().objects.select_for_update().get(pk=user_id)
    waiting = Notification.objects.filter(user=user).to_mail()
    keys = list(waiting.values_list("pk", flat=True))
    unread = Notification.objects.of(user).filter(
        pk__in=keys, read_at=None, event__created_at__gt=after(-TOO_OLD, now)
    )
    events = [row.event for row in unread.select_related("event").order_by("pk")]
    Notification.objects.filter(pk__in=keys).update(mailed_at=now or Now())
    if events and user.is_active and user.email:
        OutgoingMail.objects.create(
            sender=settings.DEFAULT_FROM_EMAIL, recipients=[user.email],
            subject=_subject(events), text=_text(events),
        )  # fmt: skip


def _subject(events: list[Any]) -> str:
    if len(events) > 1:
        return f"Tuneroom: {counted(len(events), 'notification')}"
    about = events[0].project_name or "Tuneroom"
    return " ".join(f"{about}: {events[0].sentence}".split())[:150]


def _text(events: list[Any]) -> str:
    shown = [(event, address_of(event), _quoted(event)) for event in events[:MAX_SHOWN]]
    context = {
        "shown": shown, "more": len(events) - len(shown),
        "settings": f"{settings.SITE_URL}/notifications/settings/",
        "list": f"{settings.SITE_URL}/notifications/",
    }  # fmt: skip
    return render_to_string("notifications/mail.txt", context)


def _quoted(event: Any) -> str:
    """A comment's text, as mails quote."""
    text = event.facts.get("comment", {}).get("text", "")
    return "\n".join(f"> {line}" for line in text.splitlines())
