"""Accounts: creating them."""

from typing import Any

from django.db import IntegrityError, transaction


class NameTaken(Exception):
    """Somebody was faster with the same username."""

    def __str__(self) -> str:
        return "This username is taken. Choose another one."


def save_account(user: Any) -> None:
    """Save a new account. Raises NameTaken."""
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError:
        user.pk = None
        raise NameTaken from None
