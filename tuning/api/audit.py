"""The audit log of a team and of the site, for tokens that manage teams."""

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router

from tuning.analysis.audit import record_of
from tuning.forms.audit import AuditFilterForm
from tuning.models import AuditEntry
from tuning.models.audit import AuditEntryQuerySet

from .bodies import checked
from .changes import check_administers, owned_team
from .paging import Cursor, Limit, Page, page_of
from .schemas import AuditEntryOut

router = Router(tags=["Audit log"])

Text = Annotated[str, Query(max_length=200)]


@router.get("/teams/{number:team}/audit-log", response=Page[AuditEntryOut])
def team_audit_log(
    request: HttpRequest, team: int, person: Text = "", kind: Text = "", project: Text = "",
    since: Text = "", until: Text = "", limit: Limit = 100, cursor: Cursor = "",
) -> dict[str, Any]:  # fmt: skip
    """What people did in a team, the newest first. For owners. `since` and `until` are days such as
    2026-01-31."""
    entries = AuditEntry.objects.visible_to(request.user).of_team(owned_team(request, team))
    given = {"person": person, "kind": kind, "project": project, "since": since, "until": until}
    return _page(request, entries, given, limit, cursor, of_site=False)


@router.get("/audit-log", response=Page[AuditEntryOut])
def site_audit_log(
    request: HttpRequest, person: Text = "", kind: Text = "", project: Text = "",
    since: Text = "", until: Text = "", limit: Limit = 100, cursor: Cursor = "",
) -> dict[str, Any]:  # fmt: skip
    """What people did on the site, the newest first, with the address that they came from. For
    administrators of the site."""
    check_administers(request)
    given = {"person": person, "kind": kind, "project": project, "since": since, "until": until}
    entries = AuditEntry.objects.visible_to(request.user)
    return _page(request, entries, given, limit, cursor, of_site=True)


def _page(
    request: HttpRequest, entries: AuditEntryQuerySet, given: dict[str, str], limit: int,
    cursor: str, of_site: bool,
) -> dict[str, Any]:  # fmt: skip
    form = checked(lambda data, _: AuditFilterForm(data), given)

    def make(entry: AuditEntry) -> dict[str, Any]:
        return record_of(entry, with_origin=of_site)

    return page_of(request, form.chosen(entries), make, limit, cursor)
