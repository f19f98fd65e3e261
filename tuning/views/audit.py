"""The audit log: of a team, for its owners; of the site and its sign-ins, for administrators. And
the middleware that says whose acts are recorded."""

from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseBadRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from tuning.actions.audit import Actor, acting, record
from tuning.analysis.audit import FORMATS, page_of
from tuning.analysis.browsers import browser_name
from tuning.figures import in_words
from tuning.forms.audit import AuditFilterForm
from tuning.models import AuditEntry, Team
from tuning.models.addresses import is_number
from tuning.models.audit import AuditEntryQuerySet, Via
from tuning.models.audit_kinds import AuditGroup

from .access import owned_or_404
from .client_addresses import client_address
from .people import for_administrators
from .streams import Reader, pieces_for


@require_GET
@never_cache
def team_audit_log(request: HttpRequest, pk: int) -> HttpResponseBase:
    """For owners: members need not know who was invited or removed."""
    team = owned_or_404(request, Team.objects.all(), pk)
    entries = AuditEntry.objects.visible_to(request.user).of_team(team)
    groups = [group for group in AuditGroup if group not in SITE_GROUPS]
    return _log(request, entries, groups, team=team, title="Audit log", lead=TEAM_LEAD)


@for_administrators
@require_GET
@never_cache
def audit_log(request: HttpRequest) -> HttpResponseBase:
    entries = AuditEntry.objects.visible_to(request.user)
    return _log(request, entries, AuditGroup, title="Audit log", lead=SITE_LEAD)


@for_administrators
@require_GET
@never_cache
def sign_in_log(request: HttpRequest) -> HttpResponseBase:
    entries = AuditEntry.objects.visible_to(request.user).in_group(AuditGroup.SIGN_INS)
    groups = [AuditGroup.SIGN_INS]
    return _log(request, entries, groups, title="Sign-ins", lead=SIGN_INS_LEAD, is_sign_ins=True)


# They belong to no team.
SITE_GROUPS = {AuditGroup.SIGN_INS, AuditGroup.ACCOUNTS}
TEAM_LEAD = "What people did in this team. Only its owners see this page."
SITE_LEAD = "What people did on this site, in all teams. Only administrators see this page."
SIGN_INS_LEAD = (
    "Who signed in and out, and who tried to. Only administrators see this page. Names without an "
    "account are left out, since people type their password there."
)


def _log(
    request: HttpRequest, entries: AuditEntryQuerySet, groups: Iterable[AuditGroup],
    team: Team | None = None, **context: Any,
) -> HttpResponseBase:  # fmt: skip
    """The page, or with `format` a file of all entries that match, unless a filter is wrong."""
    form = AuditFilterForm(request.GET, groups)
    entries = form.chosen(entries) if form.is_valid() else entries.none()
    if "format" in request.GET and not form.errors:
        return _export(request, entries, team)
    before = request.GET.get("before", "")
    context |= {
        "page": page_of(entries, int(before) if is_number(before) else None),
        "before": before, "form": form, "team": team, "formats": FORMATS.items(),
        "is_filtered": bool(form.errors) or any(form.cleaned_data.values()),
        "days": settings.AUDIT_LOG_DAYS,
    }  # fmt: skip
    return render(request, "audit/log.html", context, status=422 if form.errors else 200)


def _export(
    request: HttpRequest, entries: AuditEntryQuerySet, team: Team | None
) -> HttpResponseBase:
    format = FORMATS.get(request.GET["format"])
    if format is None:
        text = f"Available formats: {in_words(list(FORMATS))}.\n"
        return HttpResponseBadRequest(text, content_type="text/plain; charset=utf-8")
    record_download(request, "audit.export", team=team, format=format.label)
    pieces: Any = format.pieces(entries, team is None)
    if newest := entries.first():
        pieces = pieces_for(Reader(request, newest), pieces)
    response = StreamingHttpResponse(pieces, content_type=format.content_type)
    name = f"team-{team.pk}-audit-log" if team else "audit-log"
    response["Content-Disposition"] = f'attachment; filename="{name}.{format.ending}"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


class ActorMiddleware:
    """Says whose acts are recorded while a request is answered."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with acting(lambda: _actor_of(request)):
            return self.get_response(request)


def _actor_of(request: HttpRequest) -> Actor:
    token = getattr(request, "access_token", None)
    return Actor(
        person=request.user if request.user.is_authenticated else None,
        via=Via.API if token else Via.PAGE,
        token=token.name if token else "",
        address=client_address(request),
        browser="" if token else browser_name(request.headers.get("User-Agent", "")),
    )


def record_download(request: HttpRequest, kind: str, subject: Any = None, **details: Any) -> None:
    """HEAD, which is answered as GET, downloads nothing."""
    if request.META["REQUEST_METHOD"] != "HEAD":
        record(kind, subject, **details)
