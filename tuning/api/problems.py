"""Errors as problem details (RFC 9457): one JSON shape for everything that is refused."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

from django.http import HttpResponse

CONTENT_TYPE = "application/problem+json"


class FieldError(NamedTuple):
    """`field` is where in the body or the address: `max_trials`, `space.units.low`; empty for the
    request as a whole."""

    field: str
    detail: str


class Problem(Exception):
    """Raised anywhere below an operation, it becomes the answer."""

    def __init__(
        self, status: int, detail: str, errors: Sequence[FieldError] = (), **headers: str
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = errors
        self.headers = headers

    def response(self) -> HttpResponse:
        content: dict[str, Any] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors:
            content["errors"] = [error._asdict() for error in self.errors]
        response = HttpResponse(json.dumps(content), status=self.status, content_type=CONTENT_TYPE)
        for name, value in self.headers.items():
            response[name.replace("_", "-")] = value
        return response


def invalid(errors: Sequence[FieldError]) -> Problem:
    """What was sent has faults."""
    only = len(errors) == 1
    return Problem(422, errors[0].detail if only else f"Fix {len(errors)} errors.", errors)


def form_errors(errors: Mapping[str, Any], prefix: str = "") -> list[FieldError]:
    """Those of a Django form. Its own errors, of no field, belong to the whole."""
    return [
        FieldError("" if name == "__all__" else f"{prefix}{name}", str(detail))
        for name, details in errors.items()
        for detail in details
    ]
