"""Sending the mails that pages have left in the database, in a thread of a worker's own."""

import logging
from threading import Lock, Thread

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import close_old_connections

from tuning.models import OutgoingMail

logger = logging.getLogger(__name__)

SMTP = "django.core.mail.backends.smtp.EmailBackend"
# Nobody else tries meanwhile; the next try after a failure.
TRY_AGAIN_SECONDS = 60


class MailThread:
    """Runs while a mail is due. `check` may be called by any thread at any time."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._thread: Thread | None = None

    def check(self) -> None:
        """Start if there is something to send. Returns at once."""
        if not settings.EMAIL_HOST or not OutgoingMail.objects.due().exists():
            return
        with self._lock:
            if self._thread and self._thread.is_alive():
                return
            self._thread = Thread(target=self._run, name="mails", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        try:
            send_due()
        except Exception:
            # The rows are due again after a while.
            logger.exception("mails could not be sent")
        finally:
            close_old_connections()


def send_due() -> None:
    """Send what is due, at least once: a worker that dies right after sending leaves the row."""
    OutgoingMail.objects.undeliverable().delete()
    for row in OutgoingMail.objects.due().order_by("next_try_at"):
        if not OutgoingMail.objects.take(row.pk, TRY_AGAIN_SECONDS):
            continue
        try:
            _send(row)
        except OSError as error:
            # SMTPException is one. Cut: some servers repeat the mail in theirs.
            logger.warning(
                "%s was not taken by %s: %s", row, settings.EMAIL_HOST, repr(error)[:200]
            )
        else:
            row.delete()


def _send(row: OutgoingMail) -> None:
    # Its time-out (EMAIL_TIMEOUT) bounds each step of the conversation with the server.
    connection = get_connection(SMTP)
    message = EmailMessage(row.subject, row.text, row.sender, row.recipients, connection=connection)
    message.send()
