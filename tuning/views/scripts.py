"""Scripts: an access token in place of a session, for reading exports and nothing else."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from tuning.actions.access_tokens import user_of

View = Callable[..., HttpResponseBase]


def exports_for_scripts(view: View) -> View:
    """Mark a view whose `format=` answers may be read with an access token."""
    view.exports_for_scripts = True  # type: ignore[attr-defined]
    return view


class AccessTokenMiddleware:
    """A request that shows a token is its owner's, whatever session it has besides. It stands
    before LoginRequiredMiddleware, and refuses all that tokens are not for."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: View, _args: Any, _kwargs: Any
    ) -> HttpResponse | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        user = user_of(token.strip())
        if user is None:
            return _refused(401, "Unknown access token. It may have been revoked.")
        is_export = getattr(view, "exports_for_scripts", False) and "format" in request.GET
        if not is_export or request.method not in ("GET", "HEAD"):
            return _refused(403, "Access tokens can only read exports. Add format=csv to the URL.")
        request.user = user
        return None


def _refused(status: int, reason: str) -> HttpResponse:
    response = HttpResponse(f"{reason}\n", status=status, content_type="text/plain; charset=utf-8")
    if status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="Tuneroom"'
    return response
