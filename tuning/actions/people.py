"""Accounts: creating them, deactivating them, and links for a new password."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.tokens import default_token_generator
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from tuning.analysis.people import ownerless_text, teams_to_hand_over
from tuning.models import AccessToken

from .audit import record
from .sessions import end_sessions
from .teams import lock_owned_teams, succeed


class NameTaken(Exception):
    """A person was faster with the same username."""

    def __str__(self) -> str:
        return "This username is taken. Choose another one."


class StaysActive(Exception):
    """An administrator cannot lock themselves out, so that the site always has one."""

    def __str__(self) -> str:
        return "You cannot deactivate or delete your own account. Ask another administrator."


def refusal_to_leave(people: Iterable[Any], by: Any) -> str:
    """Why `by` cannot deactivate or delete these accounts without selecting new owners of their
    teams; empty if they can."""
    people = list(people)
    if by in people:
        return str(StaysActive())
    if teams := teams_to_hand_over(*people):
        advice = "Deactivate the account on its page under People, where you select another owner."
        return f"{ownerless_text(len(teams))} {advice}"
    return ""


def save_account(user: Any, by: Any = None) -> None:
    """Save a new account, its own person's unless `by` another one. Raises NameTaken."""
    try:
        with transaction.atomic():
            user.save()
            record("account.create", user, by=by or user)
    except IntegrityError:
        user.pk = None
        raise NameTaken from None


def create_person(user: Any, by: Any) -> None:
    """Save an account without a password: its owner sets one with a link. Raises NameTaken."""
    user.set_unusable_password()
    save_account(user, by)


def new_password_path(user: Any) -> str:
    """A link where the user sets a new password: once, within Django's PASSWORD_RESET_TIMEOUT."""
    key = urlsafe_base64_encode(force_bytes(user.pk))
    token = default_token_generator.make_token(user)
    record("account.password_link", user)
    return reverse("password_reset_confirm", args=[key, token])


@transaction.atomic
def deactivate(user: Any, by: Any, owners: Mapping[int, Any] = MappingProxyType({})) -> None:
    """End the account's sessions and access tokens, for good. Teams that nobody else owns get
    another owner: see `succeed`. Raises StaysActive."""
    lock_owned_teams(user)
    administrators = Q(is_superuser=True, is_active=True)
    # No key: other transactions go on adding rows that refer to these accounts, such as members of
    # a team that they have locked.
    rows = get_user_model().objects.select_for_update(no_key=True).order_by("pk")
    locked = rows.filter(administrators | Q(pk=user.pk))
    # Of two who deactivate each other at once, the second one is no administrator any more.
    if user.pk == by.pk or by.pk not in {row.pk for row in locked if row.is_superuser}:
        raise StaysActive
    succeed(user, owners, by=by)
    get_user_model().objects.filter(pk=user.pk).update(is_active=False)
    AccessToken.objects.of(user).delete()
    end_sessions(user)
    record("account.deactivate", user, by=by)


@transaction.atomic
def activate(user: Any) -> None:
    record("account.activate", user)
    get_user_model().objects.filter(pk=user.pk).update(is_active=True)
