"""Who may send more than a form, and how many of such requests at once."""

from collections import Counter
from collections.abc import Callable
from threading import Lock
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.response import HttpResponseBase
from django.shortcuts import render

# Of one person. Others' uploads have to find a thread as well.
MAX_PARALLEL = 2


def takes_files(view: Any) -> Any:
    """Marks a view whose requests may be larger than a form; it has to limit them itself."""
    view.takes_files = True
    return view


def allow_requests_to(response: Any, origin: str) -> None:
    """Let the scripts of this page send something there, too."""
    response._csp_update = {"connect-src": [origin]}


class UploadsMiddleware:
    """Refuses large bodies before anything reads them: Django would store an uploaded file for any
    address, and the check of a form's token reads the whole form.

    Also gives a client that broke off, or sent too slowly, its answer, and the log no traceback.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self._lock = Lock()
        self._uploading: Counter[int] = Counter()

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        try:
            return self.get_response(request)
        finally:
            self._end(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], _args: Any, _kwargs: Any
    ) -> HttpResponse | None:
        length = request.META.get("CONTENT_LENGTH") or ""
        size = int(length) if length.isdecimal() else 0
        if size <= settings.FORM_MAX_KB * 1024:
            return None
        # The API has a form of its own for what is refused, and asks for a token before all else.
        refuse = getattr(view, "refuse", refusal)
        if not request.user.is_authenticated:
            takes_tokens = getattr(view, "takes_tokens", False)
            return None if takes_tokens else refuse("Sign in to upload files.", 413)
        if not getattr(view, "takes_files", False):
            limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
            return _too_large(request, refuse) if size > limit else None
        if not self._begin(request):
            text = "Too many uploads at once. Wait until one of them has finished."
            return refuse(text, 429)
        return None

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        view = request.resolver_match.func if request.resolver_match else None
        refuse = getattr(view, "refuse", refusal)
        if isinstance(error, RequestDataTooBig):
            return _too_large(request, refuse)
        if not isinstance(error, UnreadablePostError):
            return None
        return refuse("The upload was interrupted or too slow. Try again.", 408)

    def _begin(self, request: HttpRequest) -> bool:
        person: int = request.user.pk or 0
        with self._lock:
            if self._uploading[person] >= MAX_PARALLEL:
                return False
            self._uploading[person] += 1
        request.uploading_person = person  # type: ignore[attr-defined]
        return True

    def _end(self, request: HttpRequest) -> None:
        person = getattr(request, "uploading_person", None)
        if person is None:
            return
        with self._lock:
            self._uploading[person] -= 1
            # Else it would have a number for everybody who ever uploaded something.
            self._uploading += Counter()


def _too_large(request: HttpRequest, refuse: Callable[[str, int], HttpResponse]) -> HttpResponse:
    """Pages say it beside the field, by `form_size.js`; this is for those without scripts."""
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE >> 20
    what = "form" if refuse is refusal else "request"
    text = f"The {what} has more than {limit} MB of text. Shorten the longest text and try again."
    if refuse is not refusal or "text/html" not in request.headers.get("Accept", ""):
        return refuse(text, 413)
    return render(request, "413.html", {"text": text}, status=413)


def refusal(text: str, status: int) -> HttpResponse:
    """A line of text, for scripts and programs."""
    return HttpResponse(text + "\n", status=status, content_type="text/plain; charset=utf-8")
