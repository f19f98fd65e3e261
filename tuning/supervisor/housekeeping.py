"""What workers and the scheduler do for the whole site beside trials: mails, webhooks, old entries.
The worker of a joined machine does none of it: its database role has no rights for that
(`models/worker_rights.py`). The scheduler is always on a machine that has them.
"""

import logging
import threading
import time

from django.conf import settings
from django.db import close_old_connections

from tuning.actions.redis_users import restore_users
from tuning.models import AuditEntry, TeamEvent

from . import mails, notifying
from .digests import leave_digests
from .on_demand import Every, OnDemandThread

logger = logging.getLogger(__name__)

SWEEP_EVERY = 600.0
# Of the scheduler, which is alone where all workers are on joined machines.
CHECK_EVERY = 5.0


class Housekeeping:
    """`check` may be called by any thread at any time, and waits for nothing but the database."""

    def __init__(self) -> None:
        self.threads = (
            OnDemandThread("webhooks", notifying.is_due, notifying.deliver_due),
            OnDemandThread("mails", mails.is_due, mails.send_due),
            OnDemandThread("sweep", Every(SWEEP_EVERY), sweep),
        )

    def check(self) -> None:
        leave_digests()
        for thread in self.threads:
            thread.check()


def sweep() -> None:
    """What is done now and then, whoever asks for it."""
    if settings.AUDIT_LOG_DAYS:
        AuditEntry.objects.expire(settings.AUDIT_LOG_DAYS)
    TeamEvent.objects.forgotten().delete()
    restore_users()


def start() -> None:
    """Check for ever, in a thread of the scheduler."""
    threading.Thread(target=_run, args=(Housekeeping(),), name="housekeeping", daemon=True).start()


def _run(housekeeping: Housekeeping) -> None:
    while True:
        time.sleep(CHECK_EVERY)
        try:
            housekeeping.check()
        except Exception:
            # It must outlive everything, a database that is away included.
            logger.exception("housekeeping failed")
        finally:
            close_old_connections()
