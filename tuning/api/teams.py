"""Teams: their members, their owners, archiving one.

What an owner may do needs a token that manages teams: a token that only changes projects, and is
lost, takes nobody's team away."""

from typing import Any

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router, Status

from tuning.actions import invitations
from tuning.actions import teams as actions
from tuning.actions.quotas import set_quotas
from tuning.analysis.quotas import meters_of
from tuning.forms.invitations import InvitationForm
from tuning.forms.quotas import QuotasForm
from tuning.forms.teams import HandoverForm, MemberForm, TeamForm
from tuning.models import Invitation, Team
from tuning.views.access import owned_or_404, visible_or_404

from . import rows
from .bodies import body_of, checked
from .changes import (
    check_administers,
    check_all_teams,
    check_manages,
    name_body,
    owned_team,
    rename_row,
)
from .paging import Cursor, Limit, Page, page_of
from .problems import Problem
from .schemas import InvitationOut, InvitationWithLink, QuotaOut, TeamDetail, TeamOut, TeamQuotasOut
from .serving import show_once

router = Router(tags=["Teams"])

TeamIn = body_of("TeamIn", TeamForm.base_fields)
TeamChange = name_body("TeamChange", Team, archived=(bool | None, None))
MemberIn = body_of("MemberIn", MemberForm.base_fields, without=["username"])
InvitationIn = body_of("InvitationIn", {**InvitationForm.base_fields})
QuotasIn = body_of("QuotasIn", QuotasForm().fields)
HandoverIn = body_of("HandoverIn", HandoverForm.base_fields)


@router.get("/teams", response=Page[TeamOut])
def list_teams(
    request: HttpRequest, name: str = "", limit: Limit = 100, cursor: Cursor = ""
) -> dict[str, Any]:
    """Your teams, the newest first."""
    found = Team.objects.visible_to(request.user)
    found = found.filter(name=name) if name else found
    return page_of(request, found, lambda row: rows.team(request, row), limit, cursor)


@router.get("/teams/{number:team}", response=TeamDetail)
def show_team(request: HttpRequest, team: int) -> dict[str, Any]:
    """A team with its members."""
    return rows.team_detail(request, visible_or_404(request, Team.objects.all(), team))


@router.post("/teams", response={201: TeamDetail})
def create_team(request: HttpRequest, body: TeamIn) -> Any:
    """Create a team, whose owner you are."""
    check_all_teams(request)
    form = checked(lambda data, _: TeamForm(data), body.given)
    made = actions.create_team(request.user, form.cleaned_data["name"])
    return Status(201, rows.team_detail(request, made))


@router.patch("/teams/{number:team}", response=TeamDetail)
def change_team(request: HttpRequest, team: int, body: TeamChange) -> Any:
    """Rename, archive or restore a team. For owners."""
    row, given = owned_team(request, team), body.given
    archived = given.pop("archived", None)
    rename_row(row, given)
    if archived and (refusal := actions.archive_team(row)):
        raise Problem(409, refusal)
    if archived is False:
        actions.restore_team(row)
    return _detail(request, row)


@router.put("/teams/{number:team}/members/{username}", response=TeamDetail)
def set_member(request: HttpRequest, team: int, username: str, body: MemberIn) -> Any:
    """Add an account to a team, or change a member's role: owner, editor or viewer. For owners."""
    row = owned_team(request, team)
    form = checked(lambda data, _: MemberForm(data, team=row), {**body.given, "username": username})
    try:
        given = form.cleaned_data
        actions.set_member(row, given["username"], given["role"], by=request.user)
    except actions.LastOwner as error:
        raise Problem(409, str(error)) from error
    return _detail(request, row)


@router.delete("/teams/{number:team}/members/{username}", response={204: None})
def remove_member(request: HttpRequest, team: int, username: str) -> Any:
    """Remove a member, for owners; or leave the team yourself."""
    row = visible_or_404(request, Team.objects.all(), team)
    if username != request.user.get_username():
        owned_team(request, team)
    check_manages(request)
    member = row.memberships.filter(user__username=username.replace("\x00", "")).first()
    if member is None:
        raise Http404
    try:
        actions.remove_member(row, member.user)
    except actions.LastOwner as error:
        raise Problem(409, str(error)) from error
    return Status(204, None)


@router.post("/teams/{number:team}/handover", response={200: TeamDetail, 204: None})
def hand_over_team(request: HttpRequest, team: int, body: HandoverIn) -> Any:
    """Make a member an owner in your place, at once. `role` is yours afterwards: editor, viewer, or
    `leave` to leave the team (204)."""
    row = owned_team(request, team)
    make = lambda data, _: HandoverForm(data, team=row, owner=request.user)  # noqa: E731
    given = checked(make, body.given).cleaned_data
    try:
        actions.hand_over(row, request.user, given["username"], given["role"])
    except actions.NotHandedOver as error:
        raise Problem(409, str(error)) from error
    return _detail(request, row) if given["role"] else Status(204, None)


@router.get("/teams/{number:team}/invitations", response=Page[InvitationOut])
def list_invitations(
    request: HttpRequest, team: int, limit: Limit = 100, cursor: Cursor = ""
) -> dict[str, Any]:
    """Invitations that can be accepted, the newest first. For owners."""
    found = owned_team(request, team).invitations.pending().select_related("invited_by")
    return page_of(request, found, rows.invitation, limit, cursor)


@router.post("/teams/{number:team}/invitations", response={201: InvitationWithLink})
def create_invitation(request: HttpRequest, team: int, body: InvitationIn) -> Any:
    """Invite whoever has the link, which only this answer contains: sent again with the same
    Idempotency-Key, the request gets an empty one. With an `email`, it is sent there, if the site
    has a mail server. For owners."""
    row = owned_team(request, team)
    form = checked(lambda data, _: InvitationForm(data, team=row), body.given)
    made = form.save(commit=False)
    token = invitations.invite(request.user, made, form.valid_for)
    link = rows.page_url(request, "invitation-open", token)
    invitations.mail_invitation(made, link)
    show_once(request, "link")
    return Status(201, rows.invitation(made) | {"link": link})


@router.delete("/invitations/{number:invitation}", response={204: None})
def revoke_invitation(request: HttpRequest, invitation: int) -> Any:
    """Revoke an invitation: its link no longer works. For owners of its team."""
    row = owned_or_404(request, Invitation.objects.select_related("team"), invitation)
    check_manages(request)
    invitations.revoke(row)
    return Status(204, None)


@router.get("/quotas", response=Page[TeamQuotasOut])
def list_quotas(request: HttpRequest, limit: Limit = 100, cursor: Cursor = "") -> dict[str, Any]:
    """What each team uses of its quotas. For administrators of the site."""
    check_administers(request)
    page = page_of(request, Team.objects.all(), lambda row: row, limit, cursor)
    page["items"] = [
        {"id": found.team.pk, "name": found.team.name, "quotas": rows.quotas(found)}
        for found in meters_of(page["items"])
    ]
    return page


@router.put("/teams/{number:team}/quotas", response=list[QuotaOut])
def change_quotas(request: HttpRequest, team: int, body: QuotasIn) -> Any:
    """Set quotas of a team; null: the default of the site. What is left out stays. `max_storage` is
    in MB here, and in bytes in the answer. For administrators of the site."""
    check_administers(request)
    row = get_object_or_404(Team, pk=team)
    form = checked(lambda data, _: QuotasForm(data, instance=row), body.given)
    set_quotas(row, form.cleaned_data)
    [found] = meters_of([Team.objects.get(pk=team)])
    return rows.quotas(found)


def _detail(request: HttpRequest, row: Team) -> dict[str, Any]:
    return rows.team_detail(request, Team.objects.get(pk=row.pk))
