"""Sign-ins in the audit log, those that failed included. Django says of each, wherever it was."""

from typing import Any

from django.contrib.auth import BACKEND_SESSION_KEY, get_user_model
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.core.cache import caches
from django.dispatch import receiver
from django.http import HttpRequest

from .audit import current_actor, record
from .single_sign_on import BACKEND

# People type their password in place of their name: a name is kept only if an account has it.
UNKNOWN = "an unknown account"
# An attacker who goes on while refused must not fill the log.
REFUSAL_IS_NOTED_SECONDS = 900


@receiver(user_logged_in)
def _signed_in(request: HttpRequest, user: Any, **_: Any) -> None:
    by_provider = request.session.get(BACKEND_SESSION_KEY) == BACKEND
    record("sign_in.sso" if by_provider else "sign_in", by=user)


@receiver(user_logged_out)
def _signed_out(user: Any, **_: Any) -> None:
    # None: nobody was signed in.
    if user is not None:
        record("sign_out", by=user)


@receiver(user_login_failed)
def _failed(credentials: dict[str, Any], request: Any = None, **_: Any) -> None:
    users = get_user_model()._default_manager
    account = users.filter(username=_typed(credentials)).first() or UNKNOWN
    if not getattr(request, "axes_locked_out", False):
        record("sign_in.failed", account)
        return
    key = f"refused:{getattr(account, 'pk', '')}:{current_actor().address}"
    if caches["marks"].add(key, True, REFUSAL_IS_NOTED_SECONDS):
        record("sign_in.refused", account)


def _typed(credentials: dict[str, Any]) -> str:
    # PostgreSQL refuses NUL in a question; nobody's name has one.
    return str(credentials.get("username", "")).replace("\x00", "")
