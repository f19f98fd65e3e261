"""Sending what webhooks are notified of."""

import logging
from concurrent.futures import ThreadPoolExecutor

from django.db import close_old_connections

from tuning.models import Delivery

from .webhooks import deliver

logger = logging.getLogger(__name__)

# A receiver that hangs must not hold up those of others.
THREADS = 4


def is_due() -> bool:
    return Delivery.objects.due().exists()


def deliver_due() -> None:
    due = Delivery.objects.due().order_by().values_list("webhook", flat=True)
    with ThreadPoolExecutor(THREADS, "webhook") as pool:
        pool.map(_deliver, list(due.distinct()))


def _deliver(webhook_id: int) -> None:
    try:
        deliver(webhook_id)
    except Exception:
        logger.exception("webhook %s could not be delivered to", webhook_id)
    finally:
        close_old_connections()
