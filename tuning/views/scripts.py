"""Scripts: an access token in place of a session, for the API and for reading exports."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse

from tuning.actions.access_tokens import valid_token

View = Callable[..., HttpResponseBase]


def exports_for_scripts(view: View) -> View:
    """Mark a view whose `format=` answers may be read with an access token."""
    view.exports_for_scripts = True  # type: ignore[attr-defined]
    return view


class AccessTokenMiddleware:
    """A request that shows a token is its owner's, whatever session it has besides. It stands
    before UploadsMiddleware, which asks whose a large body is, and refuses all that tokens are not
    for. The API (`takes_tokens`) says itself what it refuses."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: View, _args: Any, _kwargs: Any
    ) -> HttpResponse | None:
        scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        token = valid_token(shown.strip())
        takes_tokens = getattr(view, "takes_tokens", False)
        if token is None:
            unknown = "Unknown access token. It may have expired or been revoked."
            return None if takes_tokens else _refused(401, unknown)
        is_export = getattr(view, "exports_for_scripts", False) and "format" in request.GET
        reads_export = is_export and request.method == "GET"
        if not takes_tokens and not reads_export:
            return _refused(
                403,
                "Access tokens are for exports and the API: add format=csv to the URL, or see "
                f"{reverse('help-page', args=['api'])}.",
            )
        request.user = token.holder()
        request.access_token = token  # type: ignore[attr-defined]
        return None


def _refused(status: int, reason: str) -> HttpResponse:
    response = HttpResponse(f"{reason}\n", status=status, content_type="text/plain; charset=utf-8")
    if status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="Tuneroom"'
    return response
