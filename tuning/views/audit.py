"""The audit log of a team and of the site."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from tuning.actions.audit import Actor, acting, record
from tuning.analysis.browsers import browser_name
from tuning.models.audit import Via

from .client_addresses import client_address


class ActorMiddleware:
    """Says whose acts are recorded while a request is answered."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with acting(lambda: _actor_of(request)):
            return self.get_response(request)


def _actor_of(request: HttpRequest) -> Actor:
    token = getattr(request, "access_token", None)
    return Actor(
        person=request.user if request.user.is_authenticated else None,
        via=Via.API if token else Via.PAGE,
        token=token.name if token else "",
        address=client_address(request),
        browser="" if token else browser_name(request.headers.get("User-Agent", "")),
    )


def record_download(request: HttpRequest, kind: str, subject: Any = None, **details: Any) -> None:
    """HEAD, which is answered as GET, downloads nothing."""
    if request.META["REQUEST_METHOD"] != "HEAD":
        record(kind, subject, **details)
