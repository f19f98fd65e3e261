"""The threads in which a worker sends what people and webhooks are notified of."""

import logging
from concurrent.futures import ThreadPoolExecutor
from threading import Lock, Thread

from django.db import close_old_connections

from tuning.models import Delivery

from .digests import leave_digests
from .webhooks import deliver

logger = logging.getLogger(__name__)

# A receiver that hangs must not hold up those of others.
THREADS = 4


class NotifyingThread:
    """Runs while a delivery is due. `check` may be called by any thread at any time."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._thread: Thread | None = None

    def check(self) -> None:
        """Leave mails for the mail thread, and start if a delivery is due. Returns at once."""
        leave_digests()
        if not Delivery.objects.due().exists():
            return
        with self._lock:
            if self._thread and self._thread.is_alive():
                return
            self._thread = Thread(target=self._run, name="webhooks", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        try:
            due = Delivery.objects.due().order_by().values_list("webhook", flat=True)
            with ThreadPoolExecutor(THREADS, "webhook") as pool:
                pool.map(_deliver, list(due.distinct()))
        except Exception:
            # They are due again at the next pass.
            logger.exception("webhooks could not be delivered")
        finally:
            close_old_connections()


def _deliver(webhook_id: int) -> None:
    try:
        deliver(webhook_id)
    except Exception:
        logger.exception("webhook %s could not be delivered to", webhook_id)
    finally:
        close_old_connections()
