"""Limits for what people send without an account, and for scripts. Signing in has django-axes; this
is for the rest.

Counted in the memory of each process of the site: enough against guessing and floods, and a
stranger's request writes nothing to the database."""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.core.cache import caches
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from .client_addresses import client_address

View = Callable[..., HttpResponseBase]


def limited(name: str) -> Callable[[View], View]:
    """A decorator: after as many POSTs of one address as wrong passwords are allowed, it waits."""

    def decorate(view: View) -> View:
        @wraps(view)
        def counting(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.method == "POST" and not allowed(name, client_address(request)):
                return too_many_attempts(request)
            return view(request, *args, **kwargs)

        return counting

    return decorate


def allowed(name: str, who: Any) -> bool:
    """Count an attempt of `who`. Whether it is still within the limit."""
    return count_attempt(name, who) <= settings.AXES_FAILURE_LIMIT


def count_attempt(name: str, who: Any) -> int:
    """How many attempts there were, with this one."""
    cache, key = caches["marks"], _key(name, who)
    cache.add(key, 0, settings.AXES_COOLOFF_TIME * 3600)
    try:
        return cache.incr(key)
    except ValueError:
        # Its time ended a moment ago.
        return 1


def attempts(name: str, who: Any) -> int:
    """How many there were so far."""
    return int(caches["marks"].get(_key(name, who), 0))


def _key(name: str, who: Any) -> str:
    return f"attempts:{name}:{who}"


def seconds_to_wait(name: str, who: Any, most: int, seconds: int) -> int:
    """Count a request of `who`. 0 while there were at most `most` since the clock passed the last
    multiple of `seconds`, else how long it is to the next one."""
    now = int(time.time())
    cache, key = caches["marks"], f"requests:{name}:{who}:{now // seconds}"
    cache.add(key, 0, seconds)
    try:
        count = cache.incr(key)
    except ValueError:
        return 0
    return 0 if count <= most else seconds - now % seconds


def too_many_attempts(request: HttpRequest) -> HttpResponse:
    response = render(request, "registration/too_many_attempts.html", status=429)
    response["Retry-After"] = str(round(settings.AXES_COOLOFF_TIME * 3600))
    return response
