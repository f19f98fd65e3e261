"""Which account belongs to a person whom an identity provider (OpenID Connect) has identified.

It is the one with the email address that the person has proved to the provider. So nobody enters
the address of their own account while single sign-on is on (`forms/accounts.py`,
`forms/profiles.py`): they could take another person's.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import ValidationError

from tuning.models.validators import validate_display_name

BACKEND = "tuning.actions.single_sign_on.SingleSignOnBackend"
# In a session that began at the provider: what it calls the person (`subject`) and its own session
# (`session`, if it says), and the `id_token`.
PROVIDER = "provider"
# Before a number that tells two people apart.
MAX_USERNAME = 140


@dataclass(frozen=True)
class Identity:
    """What the provider says of a person. It has verified the email address. `begun` is what a
    session keeps under PROVIDER."""

    email: str
    username: str = ""
    name: str = ""
    begun: dict[str, str] = field(default_factory=dict)


class SignOnFailed(Exception):
    """`str()` is for the person, `reason` for the audit log; `account` is whose it is: a row, or
    the email address, or None if nobody was identified."""

    def __init__(self, sentence: str, reason: str, account: Any = None) -> None:
        super().__init__(sentence)
        self.reason = reason
        self.account = account


class SingleSignOnBackend(ModelBackend):
    """Sessions that began at the provider say so by this name. They end when single sign-on is
    turned off."""

    def authenticate(self, *_: Any, **__: Any) -> None:
        """Not with a password."""

    def get_user(self, user_id: Any) -> Any:
        return super().get_user(user_id) if settings.OIDC_ISSUER else None


def sign_on_label() -> str:
    """What the button says after "Sign in with"; empty without single sign-on."""
    return settings.OIDC_LABEL if settings.OIDC_ISSUER else ""


def account_of(identity: Identity) -> Any:
    """None if there is none. Raises SignOnFailed if it is deactivated, or if it cannot be told
    which one it is."""
    rows = get_user_model().objects.filter(email__iexact=identity.email).order_by("pk")
    people = [row for row in rows if _is_same_address(row.email, identity.email)]
    active = [row for row in people if row.is_active]
    if len(active) > 1:
        raise SignOnFailed(
            f"Several accounts have the email address {identity.email}. Ask an administrator of "
            "this site to correct them.",
            "several accounts have this email address", identity.email,
        )  # fmt: skip
    if people and not active:
        raise SignOnFailed(
            "Your account is deactivated. Ask an administrator of this site.",
            "the account is deactivated", people[0],
        )  # fmt: skip
    return active[0] if active else None


def new_account(identity: Identity) -> Any:
    """An account without a password, not saved yet."""
    user = get_user_model()(
        username=_free_username(identity), first_name=_display_name(identity.name),
        email=identity.email,
    )  # fmt: skip
    user.set_unusable_password()
    return user


def _is_same_address(one: str, other: str) -> bool:
    """In any case of ASCII's letters. A database also takes other letters for the same (ı and I),
    which are those of another mailbox."""
    if one.isascii() and other.isascii():
        return one.lower() == other.lower()
    return one == other


def _free_username(identity: Identity) -> str:
    """What the provider suggests or what comes before the @, with a number if it is taken."""
    people = get_user_model()
    wish = (identity.username or identity.email).split("@")[0]
    wish = re.sub(r"[^\w.+-]+", "-", people.normalize_username(wish)).strip("-.")[:MAX_USERNAME]
    name, number = wish or "person", 1
    while people.objects.filter(username__iexact=name).exists():
        number += 1
        name = f"{wish or 'person'}{number}"
    return name


def _display_name(name: str) -> str:
    name = name.strip()[:150]
    try:
        validate_display_name(name)
    except ValidationError:
        return ""
    return name
