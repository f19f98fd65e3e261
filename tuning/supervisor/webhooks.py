"""Delivering events to webhooks: signed, again after a failure, at least once.

What waits for a receiver that failed is left alone for a while. What happens meanwhile is sent at
once: a receiver that refuses one event may take others. `now` is the database's clock unless a test
has one of its own.
"""

import base64
import hashlib
import hmac
import json
import time
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from tuning.analysis.webhooks import document
from tuning.models import Delivery, Webhook
from tuning.models.webhooks import MAX_TRIES, after, pause_after
from tuning.recording import announcing

from .posting import NotSent, post

# A receiver that has failed for so long is not tried any more.
DISABLE_AFTER = timedelta(days=3)
GONE = 410
# After that others have their turn.
TURN_SECONDS = 30


def deliver(webhook_id: int, now: datetime | None = None) -> None:
    """Send what is due for a webhook, the oldest first, up to the first failure. The rest of what a
    slow receiver has to get comes with the next pass, so that others have their turn."""
    due = Delivery.objects.due(now).filter(webhook=webhook_id).select_related("webhook", "event")
    end = time.monotonic() + TURN_SECONDS
    while (delivery := due.first()) and Delivery.objects.take(delivery, now):
        if not _try(delivery, now) or time.monotonic() >= end:
            return


def signed_headers(delivery: Delivery, body: bytes, at: datetime) -> dict[str, str]:
    """As standardwebhooks.com has it: HMAC-SHA256 over id, time and body."""
    key = base64.b64decode(delivery.webhook.secret.removeprefix("whsec_"))
    stamp = str(int(at.timestamp()))
    signed = f"{delivery.pk}.{stamp}.".encode() + body
    signature = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    return {
        "Content-Type": "application/json",
        "User-Agent": "Tuneroom-Webhooks",
        "webhook-id": str(delivery.pk),
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{signature}",
    }


def _try(delivery: Delivery, now: datetime | None) -> bool:
    """Whether it was delivered. Nothing is locked meanwhile."""
    body = json.dumps(document(delivery)).encode()
    headers = signed_headers(delivery, body, now or timezone.now())
    status, error = None, ""
    try:
        status = post(delivery.webhook.url, body, headers)
    except NotSent as reason:
        error = str(reason)[:300]
    if status is not None and 200 <= status < 300:
        _delivered(delivery, status)
        return True
    if status is not None and 300 <= status < 400:
        error = "Redirects are not followed. Enter the address that the redirect leads to."
    _failed(delivery, status, error, now)
    return False


@transaction.atomic
def _delivered(delivery: Delivery, status: int) -> None:
    done = Delivery.Status.DELIVERED
    if Delivery.objects.end_try(delivery, status=done, response_status=status, error=""):
        Webhook.objects.filter(pk=delivery.webhook_id).update(failing_since=None)


@transaction.atomic
def _failed(delivery: Delivery, status: int | None, error: str, now: datetime | None) -> None:
    tries = delivery.tries + 1
    next_try = after(pause_after(tries), now)
    values: dict[str, Any] = {"next_try_at": next_try}
    if tries >= MAX_TRIES:
        values = {"status": Delivery.Status.FAILED}
    if not Delivery.objects.end_try(delivery, response_status=status, error=error, **values):
        return
    waiting = Delivery.objects.filter(
        webhook=delivery.webhook_id, status=Delivery.Status.WAITING, next_try_at__lt=next_try
    )
    waiting.update(next_try_at=next_try)
    rows = Webhook.objects.filter(pk=delivery.webhook_id)
    rows.filter(failing_since=None).update(failing_since=now or Now())
    long_ago = Q(failing_since__lt=after(-DISABLE_AFTER, now))
    reason = ""
    if status == GONE:
        reason = "The server answered that this address is gone (410)."
    elif rows.filter(long_ago).exists():
        reason = f"No delivery has succeeded for {DISABLE_AFTER.days} days."
    if reason and rows.filter(disabled_at=None).update(
        disabled_at=now or Now(), disabled_reason=reason
    ):
        announcing.webhook_disabled(delivery.webhook, reason)
