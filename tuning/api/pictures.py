"""Answers that are a picture."""

from base64 import b64decode
from typing import Any

from django.http import Http404, HttpResponse

# Of an operation, for the OpenAPI document.
PNG: dict[str, Any] = {
    "responses": {
        200: {
            "description": "OK",
            "content": {"image/png": {"schema": {"type": "string", "format": "binary"}}},
        }
    }
}


def png(encoded: str) -> HttpResponse:
    """Of a picture in base64, as reports and answers have it. Raises Http404 for none."""
    if not encoded:
        raise Http404
    return HttpResponse(b64decode(encoded), content_type="image/png")
