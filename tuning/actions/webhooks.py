"""Webhooks: making one, its secret, tests, sending again. A worker does the sending."""

from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from tuning.figures import in_words
from tuning.models import Delivery, Webhook
from tuning.models.webhooks import new_secret
from tuning.recording import announcing

from .audit import record
from .dispatch import NOTIFY_TASK, send_task


@transaction.atomic
def create_webhook(user: Any, webhook: Webhook) -> Webhook:
    """Its secret is shown now and can be replaced later."""
    webhook.created_by = user
    webhook.save()
    record("webhook.create", webhook)
    return webhook


@transaction.atomic
def change_webhook(webhook: Webhook, fields: list[str]) -> None:
    """Save these fields."""
    if fields:
        webhook.save(update_fields=fields)
        record("webhook.change", webhook, fields=in_words(fields))


def replace_secret(webhook: Webhook) -> str:
    """Whatever is sent from now on is signed with the new one."""
    webhook.secret = new_secret()
    change_webhook(webhook, ["secret"])
    return webhook.secret


@transaction.atomic
def delete_webhook(webhook: Webhook) -> None:
    """With what was not delivered yet."""
    record("webhook.delete", webhook)
    Webhook.objects.filter(pk=webhook.pk).delete()


@transaction.atomic
def enable(webhook: Webhook) -> None:
    """After many failures it was disabled. What waits is sent now."""
    Webhook.objects.filter(pk=webhook.pk).update(
        disabled_at=None, disabled_reason="", failing_since=None
    )
    record("webhook.enable", webhook)
    webhook.deliveries.filter(status=Delivery.Status.WAITING).update(next_try_at=Now())
    _hint()


@transaction.atomic
def send_test(webhook: Webhook, by: Any) -> None:
    announcing.test(webhook, by)
    _hint()


@transaction.atomic
def resend(delivery: Delivery) -> None:
    """Try now, and as often as a new one if that fails. It keeps its id."""
    Delivery.objects.filter(pk=delivery.pk).update(
        status=Delivery.Status.WAITING, tries=0, next_try_at=Now()
    )
    _hint()


def _hint() -> None:
    transaction.on_commit(lambda: send_task(NOTIFY_TASK))
