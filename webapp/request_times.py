"""How long requests take, measured for Prometheus where METRICS_TOKEN is set.

Each process of the site measures its own; with PROMETHEUS_MULTIPROC_DIR, which `manage.py up` sets,
they share a folder, and whichever answers adds all of them up."""

import os
import time
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.multiprocess import MultiProcessCollector

OF_THIS_PROCESS = CollectorRegistry()
REQUESTS = Histogram(
    "tuneroom_request_seconds", "Time until the answer began", ["address", "status"],
    registry=OF_THIS_PROCESS, buckets=(0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)  # fmt: skip


def request_times() -> CollectorRegistry:
    """What was measured, of all processes."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return OF_THIS_PROCESS
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


class RequestTimesMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        if not settings.METRICS_TOKEN:
            raise MiddlewareNotUsed
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        since = time.perf_counter()
        response = self.get_response(request)
        # Names of addresses: what people ask for must not make new series.
        found = request.resolver_match
        address = found.view_name if found else ""
        kind = f"{response.status_code // 100}xx"
        REQUESTS.labels(address, kind).observe(time.perf_counter() - since)
        return response
