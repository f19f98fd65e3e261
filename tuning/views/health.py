"""Whether the site works and how much it does, for machines that watch it."""

import hmac

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from tuning.analysis.metrics import SiteCollector
from tuning.analysis.readiness import readiness
from webapp.request_times import request_times


@login_not_required
@never_cache
@require_GET
def health(_request: HttpRequest) -> JsonResponse:
    """The process lives. It is not to be restarted because something else is away."""
    return JsonResponse({"status": "ok"})


@login_not_required
@never_cache
@require_GET
def ready(_request: HttpRequest) -> JsonResponse:
    """200 if people can work, else 503 with what fails."""
    checks = {name: fault or "ok" for name, fault in readiness().items()}
    is_ready = {*checks.values()} == {"ok"}
    answer = {"status": "ready" if is_ready else "not ready", "checks": checks}
    return JsonResponse(answer, status=200 if is_ready else 503)


@login_not_required
@never_cache
@require_GET
def metrics(request: HttpRequest) -> HttpResponse:
    """For Prometheus. There is no such page without METRICS_TOKEN."""
    if not settings.METRICS_TOKEN:
        raise Http404
    shown = request.headers.get("Authorization", "").encode(errors="replace")
    if not hmac.compare_digest(shown, f"Bearer {settings.METRICS_TOKEN}".encode()):
        refused = HttpResponse("Send METRICS_TOKEN as a bearer token.\n", status=401)
        refused["WWW-Authenticate"] = 'Bearer realm="Tuneroom metrics"'
        return refused
    of_site = CollectorRegistry(auto_describe=False)
    of_site.register(SiteCollector())
    text = generate_latest(of_site) + generate_latest(request_times())
    return HttpResponse(text, content_type=CONTENT_TYPE_LATEST)


# It has a token of its own kind.
metrics.takes_tokens = True  # type: ignore[attr-defined]
