"""What is refused before a request has a view is a problem below /api/, too."""

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.views import defaults

from .problems import Problem


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler of 400."""
    if not request.path.startswith("/api/"):
        return defaults.bad_request(request, exception)
    if isinstance(exception, DisallowedHost):
        return Problem(400, "The site does not know this host name (ALLOWED_HOSTS).").response()
    return Problem(400, "The request cannot be read.").response()
