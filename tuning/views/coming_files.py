"""Pages are made without waiting for files that only the storage has. They say what they lack, and
it is fetched meanwhile. Downloads, scripts and what changes something do wait."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from tuning.storage.at_hand import not_waiting, wait


def waits_for_files(view: Any) -> Any:
    """Marks a view whose answer is of no use without its files."""
    view.waits_for_files = True
    return view


class ComingFilesMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method != "GET":
            return self.get_response(request)
        with not_waiting() as lacking:
            # For `base.html`.
            request.lacking_files = lacking  # type: ignore[attr-defined]
            return self.get_response(request)

    def process_view(
        self, _request: HttpRequest, view: Callable[..., Any], _args: Any, _kwargs: Any
    ) -> HttpResponse | None:
        # The API's views have a form of their own for what is refused.
        if getattr(view, "waits_for_files", False) or hasattr(view, "refuse"):
            wait()
        return None
