"""Access tokens: making one, revoking one, and whose a presented one is."""

import hashlib
import secrets
from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone

from tuning.models import AccessToken

# Scanners of leaked secrets find tokens by their beginning.
PREFIX = "tuneroom_"
# Every request of a script would write otherwise.
USE_IS_NOTED = timedelta(minutes=1)


def create_token(user: Any, name: str) -> str:
    """The token, which nobody can read again."""
    token = PREFIX + secrets.token_urlsafe(32)
    AccessToken.objects.create(user=user, name=name, digest=_digest(token))
    return token


def revoke_token(token: AccessToken) -> None:
    token.delete()


def user_of(token: str) -> Any | None:
    """Whose it is; None if it is nobody's, or of a person who may not sign in any more."""
    rows = AccessToken.objects.filter(digest=_digest(token), user__is_active=True)
    found = rows.select_related("user").first()
    if found is None:
        return None
    now = timezone.now()
    unnoted = Q(last_used_at=None) | Q(last_used_at__lt=now - USE_IS_NOTED)
    rows.filter(unnoted).update(last_used_at=now)
    return found.user


def _digest(token: str) -> str:
    # No slow password hash: 256 random bits cannot be guessed from their digest.
    return hashlib.sha256(token.encode()).hexdigest()
