"""Sending the mails that pages have left in the database."""

import logging

from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from tuning.models import OutgoingMail

logger = logging.getLogger(__name__)

SMTP = "django.core.mail.backends.smtp.EmailBackend"
# Nobody else tries meanwhile; the next try after a failure.
TRY_AGAIN_SECONDS = 60


def is_due() -> bool:
    return bool(settings.EMAIL_HOST) and OutgoingMail.objects.due().exists()


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
