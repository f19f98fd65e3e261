"""A page, or a line for programs, where the storage of files does not answer."""

import logging
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from tuning.storage.contract import StorageError

logger = logging.getLogger(__name__)

_TEXT = "The file storage is not available. Try again in a few minutes."


class StorageErrorMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, StorageError):
            return None
        logger.error("%s %s: %s", request.method, request.path, error)
        view = request.resolver_match.func if request.resolver_match else None
        # The API has a form of its own for what is refused.
        if refuse := getattr(view, "refuse", None):
            refused: HttpResponse = refuse(_TEXT, 503)
            return refused
        return render(request, "storage_away.html", {"text": _TEXT}, status=503)
