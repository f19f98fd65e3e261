"""The browsers in which people are signed in: noting them, ending them."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY, get_user_model
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.models import Session
from django.core.cache import caches
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from tuning.analysis.browsers import browser_name
from tuning.figures import counted
from tuning.models import BrowserSession, Profile

from .audit import record
from .single_sign_on import PROVIDER

# Every request would write otherwise.
USE_IS_NOTED_SECONDS = 300


def note_session(user: Any, key: str, user_agent: str) -> None:
    """Remember that the session with this key is the user's and in use."""
    if not caches["marks"].add(f"session:{key}", True, USE_IS_NOTED_SECONDS):
        return
    if BrowserSession.objects.of(user).filter(key=key).update(last_used_at=timezone.now()):
        return
    BrowserSession.objects.of(user).ended().delete()
    browser = browser_name(user_agent)
    BrowserSession.objects.get_or_create(key=key, defaults={"user": user, "browser": browser})


@transaction.atomic
def end_session(session: BrowserSession) -> None:
    _store(session.key).delete()
    session.delete()
    record("session.end", session.user, sessions=f"the session in {session.browser}")


@transaction.atomic
def end_sessions(user: Any, except_key: str | None = None) -> int:
    """End all sessions of the user, or all others. How many they were."""
    keys = [key for key in _keys_of(user) if key != except_key]
    for key in keys:
        _store(key).delete()
    BrowserSession.objects.of(user).filter(key__in=keys).delete()
    if keys:
        record("session.end", user, sessions=counted(len(keys), "session"))
    return len(keys)


@transaction.atomic
def end_provider_sessions(subject: str, session: str) -> None:
    """End those that began at the provider of single sign-on: of its `session`, or of all that
    `subject` has there if it names none. Either may be empty."""
    asked = {name: text for name, text in (("subject", subject), ("session", session)) if text}
    for row in Session.objects.filter(expire_date__gt=timezone.now()):
        begun = row.get_decoded()
        of = begun.get(PROVIDER, {})
        if not asked or any(of.get(name) != text for name, text in asked.items()):
            continue
        user = get_user_model().objects.filter(pk=begun[SESSION_KEY]).first()
        _store(row.session_key).delete()
        BrowserSession.objects.filter(key=row.session_key).delete()
        record("sign_out.sso", by=user)


def set_theme(user: Any, theme: str) -> None:
    """Sessions carry it, because each page loads them anyway."""
    Profile.objects.update_or_create(user=user, defaults={"theme": theme})
    for key in BrowserSession.objects.of(user).alive().values_list("key", flat=True):
        store = _store(key)
        store["theme"] = theme
        store.save()


@receiver(user_logged_in)
def _start(request: HttpRequest, user: Any, **_: Any) -> None:
    session = request.session
    if not session.session_key:
        # Another person was signed in in this browser, whose session has ended.
        session.create()
    if profile := Profile.objects.filter(user=user).first():
        session["theme"] = profile.theme
    note_session(user, str(session.session_key), request.META.get("HTTP_USER_AGENT", ""))


def _keys_of(user: Any) -> Iterator[str]:
    """Sessions that were never noted are the user's as well: only their contents tell."""
    for session in Session.objects.filter(expire_date__gt=timezone.now()):
        if session.get_decoded().get(SESSION_KEY) == str(user.pk):
            yield session.session_key


def _store(key: str) -> Any:
    return import_module(settings.SESSION_ENGINE).SessionStore(key)
