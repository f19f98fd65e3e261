"""Names of this machine, such as localhost, are for requests from this machine.

Without ALLOWED_HOSTS the site answers to these names alone. If it also listens on the network
(HOST=0.0.0.0), anybody there could send `Host: localhost` and be answered, over a connection that
is not encrypted. Who names localhost in ALLOWED_HOSTS has decided otherwise: in a container, each
request comes from another address.
"""

from collections.abc import Callable
from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

REFUSAL = (
    "This site is not set up for use over a network. Set ALLOWED_HOSTS to its host name, and put a "
    "reverse proxy with HTTPS in front of it: passwords are not encrypted otherwise. "
    "docs/deployment.md has the steps.\n"
)


class LocalHostMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if settings.ONLY_LOCAL and not _is_local(request.META.get("REMOTE_ADDR", "")):
            return HttpResponse(REFUSAL, status=400, content_type="text/plain; charset=utf-8")
        return self.get_response(request)


def _is_local(address: str) -> bool:
    try:
        found = ip_address(address)
    except ValueError:
        # A Unix socket has no address.
        return address == ""
    mapped = getattr(found, "ipv4_mapped", None)
    return bool((mapped or found).is_loopback)
