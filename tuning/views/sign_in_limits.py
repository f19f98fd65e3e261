"""Wrong passwords are counted in three ways, so that guesses cannot be spread:

- of an account from one address (AXES_FAILURE_LIMIT),
- of an account from everywhere (ACCOUNT_FAILURE_LIMIT),
- from one address for all accounts (ADDRESS_FAILURE_LIMIT).

The last two would let anybody lock others out, from elsewhere or from behind the same proxy. So a
browser in which a person has signed in before has a cookie that says so, and its attempts at this
account have a count of their own, which nobody else's touch (OWASP's device cookies). django-axes
stores the attempts and refuses; they count for AXES_COOLOFF_TIME.
"""

import secrets
from collections.abc import Callable
from typing import Any

from axes.attempts import get_cool_off_threshold
from axes.handlers.database import AxesDatabaseHandler
from axes.helpers import get_client_username
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.core import signing
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

SALT = "tuneroom.known-browser"
KNOWN_SECONDS = 365 * 24 * 3600
# People who share a browser.
MAX_PEOPLE = 8
# In place of the browser's name, in attempts.
PREFIX = "known browser "


class SignInHandler(AxesDatabaseHandler):
    def get_failures(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        """What django-axes compares with AXES_FAILURE_LIMIT: the count that is nearest to its own
        limit, as a share of it."""
        name, address = get_client_username(request, credentials), request.axes_ip_address  # type: ignore[attr-defined]
        rows = AccessAttempt.objects.filter(attempt_time__gte=get_cool_off_threshold(request))
        if known := _known_as(request, name):
            return _failures(rows.filter(username=name, user_agent=known))
        rows, most = rows.exclude(user_agent__startswith=PREFIX), settings.AXES_FAILURE_LIMIT
        return max(
            _failures(rows.filter(username=name, ip_address=address)),
            _failures(rows.filter(username=name)) * most // settings.ACCOUNT_FAILURE_LIMIT,
            _failures(rows.filter(ip_address=address)) * most // settings.ADDRESS_FAILURE_LIMIT,
        )

    def user_login_failed(
        self, sender: Any, credentials: dict[str, Any], request: Any = None, **rest: Any
    ) -> None:
        if request is not None:
            known = _known_as(request, get_client_username(request, credentials))
            claimed = request.axes_user_agent
            # Nobody is a known browser because it says so.
            named = "unknown" if claimed.startswith(PREFIX) else claimed
            request.axes_user_agent = known or named
        super().user_login_failed(sender, credentials, request, **rest)


def locked_out(request: HttpRequest, *_: Any) -> HttpResponse:
    response = render(request, "registration/locked_out.html", status=429)
    response["Retry-After"] = str(round(settings.AXES_COOLOFF_TIME * 3600))
    return response


class KnownBrowserMiddleware:
    """Gives the browser its cookie after a sign-in, wherever that was."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if name := getattr(request, "signed_in_as", None):
            key, names = _cookie_of(request)
            names = [name, *(each for each in names if each != name)][:MAX_PEOPLE]
            response.set_cookie(
                settings.KNOWN_BROWSER_COOKIE_NAME,
                signing.dumps([key or secrets.token_urlsafe(16), names], salt=SALT),
                max_age=KNOWN_SECONDS, secure=settings.HTTPS, httponly=True, samesite="Lax",
            )  # fmt: skip
        return response


@receiver(user_logged_in)
def _remember(request: Any, user: Any, **_: Any) -> None:
    if request is not None:
        request.signed_in_as = user.get_username()


def _known_as(request: HttpRequest, name: str | None) -> str:
    """What its attempts at this account are counted under; "" for a browser in which nobody has
    signed in with it."""
    key, names = _cookie_of(request)
    return f"{PREFIX}{key}" if key and name in names else ""


def _cookie_of(request: HttpRequest) -> tuple[str, list[str]]:
    text = request.COOKIES.get(settings.KNOWN_BROWSER_COOKIE_NAME, "")
    try:
        key, names = signing.loads(text, salt=SALT, max_age=KNOWN_SECONDS)
    except signing.BadSignature:
        return "", []
    return key, names


def _failures(rows: Any) -> int:
    return sum(rows.values_list("failures_since_start", flat=True))
