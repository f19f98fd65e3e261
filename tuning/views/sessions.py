"""A person's sessions: the middleware that notes them, their list, ending them."""

import contextlib
from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth import SESSION_KEY
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from tuning.actions import sessions as actions
from tuning.figures import counted
from tuning.models import BrowserSession


class BrowserSessionMiddleware:
    """Notes every few minutes when a session was last used.

    The one thing that reading a page writes. It belongs to the request and not to the page: people
    end sessions that they do not know, and find them by their last use, so it must not depend on a
    script that the browser sends or not. Access tokens do the same (`actions/access_tokens.py`)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        # A page that did not look at the session must not depend on it because of this.
        if request.session.accessed and request.session.session_key:
            _note(request, request.session.session_key)
        return response


def _note(request: HttpRequest, key: str) -> None:
    user = request.user
    # An access token may be another person's than the session.
    if user.is_authenticated and request.session.get(SESSION_KEY) == str(user.pk):
        # No page fails because a busy database cannot take this.
        with contextlib.suppress(OperationalError):
            actions.note_session(user, key, request.headers.get("User-Agent", ""))


@require_GET
@never_cache
def session_list(request: HttpRequest) -> HttpResponse:
    sessions = BrowserSession.objects.of(request.user).alive()
    context = {"sessions": sessions, "this": request.session.session_key}
    return render(request, "account/sessions.html", context)


@require_POST
def session_end(request: HttpRequest, pk: int) -> HttpResponse:
    session = get_object_or_404(BrowserSession.objects.of(request.user), pk=pk)
    actions.end_session(session)
    messages.success(request, f"Signed out of {session.browser}.")
    return redirect("session-list")


@require_POST
def session_end_others(request: HttpRequest) -> HttpResponse:
    count = actions.end_sessions(request.user, except_key=request.session.session_key)
    messages.success(request, f"{counted(count, 'other session')} ended.")
    return redirect("session-list")
