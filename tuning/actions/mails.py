"""Sending mail from a page: a row, and a hint to a worker."""

from collections.abc import Sequence
from typing import Any

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction

from tuning.models import OutgoingMail

from .dispatch import MAIL_TASK, send_task


class WorkerBackend(BaseEmailBackend):
    """Django's way to send a mail. A worker talks to the mail server (tuning/supervisor/mails.py);
    without one the mails wait in the database for a day."""

    def send_messages(self, messages: Sequence[Any]) -> int:
        rows = [_row(message) for message in messages if message.recipients()]
        OutgoingMail.objects.bulk_create(rows)
        transaction.on_commit(lambda: send_task(MAIL_TASK))
        return len(rows)


def _row(message: EmailMessage) -> OutgoingMail:
    return OutgoingMail(
        sender=message.from_email,
        recipients=message.recipients(),
        subject=str(message.subject),
        text=str(message.body),
    )
