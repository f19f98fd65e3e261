"""What holds for every request to the API, around its operation.

A token is needed, also beside a session: so no page of another site can use a person's session for
it, and no CSRF token is needed. `AccessTokenMiddleware` has found the token's row.
"""

import hashlib
import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response

from tuning.forms.datasets import (
    LimitedUploadHandler,
    has_no_room,
    is_too_large,
    no_room_text,
    too_large_text,
)
from tuning.models import AccessToken, IdempotencyKey, Scope
from tuning.models.idempotency import MAX_KEY_LENGTH
from tuning.views.rate_limits import seconds_to_wait

from .problems import CONTENT_TYPE, Problem

View = Callable[..., HttpResponseBase]

# After which another upload may find a place.
UPLOAD_WAIT_SECONDS = 10
READING = ("GET", "OPTIONS")
# Addresses that are none: line ends, too, which Django's `path` does not take.
ANYTHING = r"^[\s\S]*"
_DETAILS = {
    404: "Not found.",
    405: "This address does not support the method.",
    410: "The file no longer exists.",
}


class NotModified(Exception):
    """The client has what it asks for."""


def served(view: View, takes_files: bool = False) -> View:
    """The view of an address of the API."""

    @wraps(view)
    def serve(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            token = _token_of(request)
            _check_rate(token)
            _check_scope(token, request)
            _receive(request, takes_files)
            takes_part = takes_files and request.method == "PUT"
            response = _answer_once(request, lambda: view(request, *args, **kwargs), takes_part)
        except (MultiPartParserError, SuspiciousOperation):
            response = Problem(400, "The request body cannot be read.").response()
        except Problem as problem:
            response = problem.response()
        except NotModified:
            response = HttpResponse()
        return _finished(request, response)

    # Requests with a token need no token of a form; without one nothing is answered.
    serve.csrf_exempt = True
    serve.login_required = False
    serve.takes_tokens = True
    serve.takes_files = takes_files
    serve.refuse = _refused
    return serve


def check_etag(request: HttpRequest, *key: Any) -> None:
    """Give the answer an ETag made of what it depends on. Raises NotModified if the client has
    it."""
    etag = f'"{hashlib.sha256(repr(key).encode(errors="replace")).hexdigest()[:32]}"'
    request.etag = etag
    if get_conditional_response(request, etag=etag):
        raise NotModified


def show_once(request: HttpRequest, *fields: str) -> None:
    """The database has only hashes of these fields of the answer: a repeated request gets them
    empty."""
    request.shown_once = fields


def _refused(text: str, status: int) -> HttpResponse:
    """What middleware refuses before the view."""
    wait = {"Retry_After": str(UPLOAD_WAIT_SECONDS)} if status == 429 else {}
    return Problem(status, text, (), **wait).response()


def _token_of(request: HttpRequest) -> AccessToken:
    token = getattr(request, "access_token", None)
    if token is None:
        shown = "Authorization" in request.headers
        detail = (
            "Unknown access token. It may have expired or been revoked."
            if shown
            else "Send an access token in the header “Authorization: Bearer …”."
        )
        raise Problem(401, detail, WWW_Authenticate='Bearer realm="Tuneroom"')
    return token


def _check_rate(token: AccessToken) -> None:
    wait = seconds_to_wait("api", token.pk, settings.API_REQUESTS_PER_MINUTE, seconds=60)
    if wait:
        detail = f"Too many requests. Try again in {wait} s."
        raise Problem(429, detail, Retry_After=str(wait))


def _check_scope(token: AccessToken, request: HttpRequest) -> None:
    if request.method not in READING and token.scope == Scope.READ:
        raise Problem(403, "This access token can only read. Create one that can make changes.")


def _receive(request: HttpRequest, takes_files: bool) -> None:
    """Read a form with files, which an address takes or not, before anything is locked."""
    if not request.content_type.startswith("multipart/") or request.method != "POST":
        return
    if not takes_files:
        raise Problem(415, "Send the body as application/json.")
    length = request.META.get("CONTENT_LENGTH", "")
    if is_too_large(length):
        raise Problem(413, too_large_text())
    if has_no_room(length):
        raise Problem(507, no_room_text())
    handler = LimitedUploadHandler(request)
    request.upload_handlers = [handler]
    # Reads it.
    _ = request.FILES
    if handler.too_large:
        raise Problem(413, too_large_text())


def _answer_once(
    request: HttpRequest, answer: Callable[[], HttpResponseBase], takes_part: bool
) -> HttpResponseBase:
    """The answer; to a POST that was sent before with the same Idempotency-Key, the first one."""
    key = request.headers.get("Idempotency-Key", "")
    if request.method in READING or request.method == "DELETE" or takes_part:
        # Large deletions take many transactions, so that others can write in between. Parts of a
        # file are on the disk.
        return answer()
    if request.method != "POST" or not key:
        with transaction.atomic():
            response = answer()
            # What was refused in its second part happened in none.
            transaction.set_rollback(response.status_code >= 300)
        return response
    if len(key) > MAX_KEY_LENGTH:
        raise Problem(422, f"The idempotency key exceeds {MAX_KEY_LENGTH} characters.")
    digest = _digest_of(request)
    IdempotencyKey.objects.expired().delete()
    row = IdempotencyKey(user_id=request.user.pk, key=key, request=digest)
    try:
        # One transaction with the change: a process that dies leaves neither of them, and a second
        # request that comes meanwhile waits for the first one's end.
        with transaction.atomic():
            row.save()
            response = answer()
            if response.status_code >= 300 or response.streaming:
                # What was refused may be sent again, corrected.
                transaction.set_rollback(True)
            else:
                row.status, row.answer = response.status_code, _kept(request, response)
                row.save()
            return response
    except IntegrityError:
        return _first_answer(request, key, digest)


def _kept(request: HttpRequest, response: HttpResponseBase) -> str:
    """The answer as a repeated request gets it."""
    content: str = response.content.decode()
    if not (fields := getattr(request, "shown_once", ())):
        return content
    return json.dumps(json.loads(content) | dict.fromkeys(fields, ""))


def _first_answer(request: HttpRequest, key: str, digest: str) -> HttpResponse:
    first = IdempotencyKey.objects.filter(user=request.user.pk, key=key).first()
    if first is None:
        # The error was about something else, or the first request was refused just now.
        raise Problem(409, "Another request changed the same data. Try again.")
    if first.request != digest:
        raise Problem(422, "This idempotency key was used for a different request.")
    response = HttpResponse(first.answer, status=first.status, content_type="application/json")
    response["Idempotent-Replayed"] = "true"
    return response


def _digest_of(request: HttpRequest) -> str:
    """Of the address, what was sent, and the only team that the token is for. Files count by name
    and content."""
    parts = hashlib.sha256(
        f"{request.access_token.team_id or ''}{request.get_full_path()}".encode()
    )
    if request.content_type.startswith("multipart/"):
        parts.update(repr(sorted(request.POST.lists())).encode(errors="replace"))
        for name, files in sorted(request.FILES.lists()):
            for file in files:
                parts.update(f"{name} {file.name}".encode(errors="replace"))
                for chunk in file.chunks():
                    parts.update(chunk)
                file.seek(0)
    else:
        parts.update(request.body)
    return parts.hexdigest()


def _finished(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    response["Cache-Control"] = "private, no-cache"
    response["X-Content-Type-Options"] = "nosniff"
    if response.status_code >= 400 and response["Content-Type"] != CONTENT_TYPE:
        response = _as_problem(response)
    if response.status_code == 200 and request.method == "GET" and not response.streaming:
        own = f'"{hashlib.sha256(response.content).hexdigest()[:32]}"'
        response["ETag"] = etag = getattr(request, "etag", own)
        return get_conditional_response(request, etag=etag, response=response)  # type: ignore
    return response


def _as_problem(response: HttpResponseBase) -> HttpResponse:
    status = response.status_code
    problem = Problem(status, _DETAILS.get(status, "The request was refused.")).response()
    if "Allow" in response:
        problem["Allow"] = response["Allow"]
    return problem
