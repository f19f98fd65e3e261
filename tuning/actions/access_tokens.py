"""Access tokens: making one, revoking one, and whose a presented one is."""

import hashlib
import secrets
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from tuning.models import AccessToken, Scope, Team

from .audit import record

# Scanners of leaked secrets find tokens by their beginning.
PREFIX = "tuneroom_"
# Every request of a script would write otherwise.
USE_IS_NOTED = timedelta(minutes=5)


def create_token(
    user: Any, name: str, scope: Scope = Scope.READ, days: int | None = None,
    team: Team | None = None,
) -> str:  # fmt: skip
    """The token, which nobody can read again. It is valid for so many days, or until revoked, for
    all teams of the user or for one."""
    token = PREFIX + secrets.token_urlsafe(32)
    expires_at = timezone.now() + timedelta(days=days) if days else None
    with transaction.atomic():
        made = AccessToken.objects.create(
            user=user, name=name, scope=scope, team=team, expires_at=expires_at,
            digest=_digest(token),
        )  # fmt: skip
        record("token.create", made, by=user, team=team, scope=Scope(scope).label.lower())
    return token


@transaction.atomic
def revoke_token(token: AccessToken) -> None:
    record("token.revoke", token)
    token.delete()


def valid_token(token: str) -> AccessToken | None:
    """Its row with the user; None if it is unknown, revoked, expired, or of a person who may not
    sign in any more."""
    rows = AccessToken.objects.valid().filter(digest=_digest(token))
    found = rows.select_related("user").first()
    now = timezone.now()
    if found and (found.last_used_at is None or found.last_used_at < now - USE_IS_NOTED):
        rows.update(last_used_at=now)
    return found


def _digest(token: str) -> str:
    # No slow password hash: 256 random bits cannot be guessed from their digest. A header may hold
    # half a pair of surrogates.
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
