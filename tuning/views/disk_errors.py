"""What a person reads when a file or the database cannot be written: that nothing was saved, and
whom to tell. The log has the cause, for the administrator."""

import logging
import sys
from collections.abc import Callable

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views import defaults

from tuning.protocol.disk_errors import advice_for, is_of_storage

from .uploads import refusal

logger = logging.getLogger(__name__)

TEXT = (
    "The server's storage cannot be used at the moment, and nothing was saved. Try again later, or "
    "contact your administrator."
)
FAILED = "The server has failed. Its log says why: tell your administrator."
# SQLite's own words; PostgreSQL's are those of a full disk.
_OF_DATABASE = (
    "database or disk is full", "readonly database", "disk i/o error", "unable to open database",
    "no space left on device", "read-only file system",
)  # fmt: skip


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler of whatever nothing else has handled."""
    error = sys.exc_info()[1]
    # The API's refusals are problem details; scripts of pages show a line of text.
    view = request.resolver_match.func if request.resolver_match else None
    refuse: Callable[[str, int], HttpResponse] = getattr(view, "refuse", refusal)
    if error is None or not (advice := _advice(error)):
        return defaults.server_error(request) if refuse is refusal else refuse(FAILED, 500)
    logger.error("%s %s: %s %s", request.method, request.path, error, advice)
    if refuse is not refusal or "text/html" not in request.headers.get("Accept", ""):
        return refuse(TEXT, 507)
    # Without the frame of pages, which asks the database.
    return render(None, "507.html", {"text": TEXT}, status=507)  # type: ignore[arg-type]


def _advice(error: BaseException) -> str:
    """What the administrator has to do; "" if the storage has nothing to do with it."""
    if isinstance(error, OSError) and is_of_storage(error):
        return advice_for(error)
    words = str(error).lower() if isinstance(error, OperationalError) else ""
    if any(of_database in words for of_database in _OF_DATABASE):
        return "Check the database's disk."
    return ""
