"""Telling workers that there is work. A message is a hint: it may be lost, doubled or late."""

import logging

from celery import current_app
from django.db import transaction

logger = logging.getLogger(__name__)

WORK_TASK = "tuning.work"
IMPORTANCES_TASK = "tuning.importances"
MAIL_TASK = "tuning.mails"
NOTIFY_TASK = "tuning.notify"
SCRIPTS_TASK = "tuning.scripts"


def ring(times: int = 1) -> None:
    """Send a hint to `times` slots, once the transaction is committed."""
    transaction.on_commit(lambda: send_hints(times))


def send_hints(times: int) -> bool:
    """Send now. Returns whether the broker took them; workers also look into the database by
    themselves, so a lost broker only delays."""
    return all(send_task(WORK_TASK) for _ in range(times))


def send_task(name: str) -> bool:
    """Send one message now. Returns whether the broker took it."""
    try:
        # By name: the tasks import the worker's side, which the site must not load.
        # A hint that nobody took for a while is stale: the scheduler sends fresh ones.
        current_app.send_task(name, expires=30, retry=False)
    except Exception as error:  # noqa: BLE001  kombu raises whatever its transport raises
        logger.warning("could not reach the broker: %s", error)
        return False
    return True
