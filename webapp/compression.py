"""Answers are compressed on their way, as far as that makes them smaller.

Tables of trials shrink to a sixth. Downloaded models are compressed already and of any length, so
only text is. Django's middleware adds a random length, and its form tokens are masked again each
time, so that what is secret on a page cannot be told from how well it compresses (BREACH).
"""

from django.http import HttpRequest, HttpResponseBase
from django.middleware.gzip import GZipMiddleware

TEXT = ("text/", "application/json")


class CompressionMiddleware(GZipMiddleware):
    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if not response.headers.get("Content-Type", "").startswith(TEXT):
            return response
        return super().process_response(request, response)
