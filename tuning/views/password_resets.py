"""Asking for a link for a new password. The answer does not tell whether an account has the email
address, nor does its time: accounts are looked up after it, by a thread that sends the mail."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.contrib.auth import views
from django.contrib.auth.forms import PasswordResetForm
from django.db import connection
from django.http import HttpResponse

from .rate_limits import allowed

logger = logging.getLogger(__name__)

# Of all who ask, one after another.
_thread = ThreadPoolExecutor(1, "password-resets")


class PasswordReset(views.PasswordResetView):
    def form_valid(self, form: PasswordResetForm) -> HttpResponse:
        # No one's mailbox is flooded, from however many addresses. The links that were sent work.
        if allowed("password-reset-mail", form.cleaned_data["email"].lower()):
            options = {"domain_override": self.request.get_host()}
            later(form.save, use_https=self.request.is_secure(), **options)
        return super(views.PasswordResetView, self).form_valid(form)


def later(task: Callable[..., None], **options: Any) -> None:
    """Do it after the answer."""
    _thread.submit(_do, task, options)


def _do(task: Callable[..., None], options: dict[str, Any]) -> None:
    try:
        task(**options)
    except Exception:
        # Nobody waits for it.
        logger.exception("A mail for a new password was not sent")
    finally:
        connection.close()
