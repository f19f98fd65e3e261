"""Teams: their members, their next owner, archiving one."""

from typing import Any

from django.contrib import messages
from django.db.models import Count, F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tuning.actions import teams as actions
from tuning.analysis.people import heirs, teams_only_owned_by
from tuning.analysis.quotas import meters_of
from tuning.forms.invitations import InvitationForm
from tuning.forms.teams import HandoverForm, MemberForm, TeamForm
from tuning.models import Membership, Role, Team
from tuning.models.people import display_name

from .access import owned_or_404, visible_or_404


@require_GET
def team_list(request: HttpRequest) -> HttpResponse:
    memberships = (
        Membership.objects.filter(user_id=request.user.pk)
        .select_related("team")
        .annotate(
            members=Count("team__memberships", distinct=True),
            projects=Count("team__projects", distinct=True),
        )
        .order_by(F("team__archived_at").asc(nulls_first=True), "team__name", "team")
    )
    return render(request, "teams/list.html", {"memberships": memberships})


@require_http_methods(["GET", "POST"])
def team_create(request: HttpRequest) -> HttpResponse:
    form = TeamForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        team = actions.create_team(request.user, form.cleaned_data["name"])
        return redirect("team-detail", team.pk)
    return render(request, "teams/create.html", {"form": form}, status=422 if form.errors else 200)


@require_GET
def team_detail(request: HttpRequest, pk: int) -> HttpResponse:
    team = visible_or_404(request, Team.objects.all(), pk)
    return team_page(request, team)


@require_POST
def member_set(request: HttpRequest, pk: int) -> HttpResponse:
    """Add a person, or change the role of a member. For owners."""
    team = owned_or_404(request, Team.objects.all(), pk)
    form = MemberForm(request.POST, team=team)
    if form.is_valid():
        try:
            given = form.cleaned_data
            actions.set_member(team, given["username"], given["role"], by=request.user)
        except actions.LastOwner as error:
            form.add_error("role", str(error))
    if form.errors:
        return team_page(request, team, form=form)
    return redirect("team-detail", team.pk)


@require_http_methods(["GET", "POST"])
def member_remove(request: HttpRequest, pk: int, user_pk: int) -> HttpResponse:
    """GET asks, POST does it. Owners remove anybody; everybody may leave."""
    team = visible_or_404(request, Team.objects.all(), pk)
    if user_pk != request.user.pk:
        team = owned_or_404(request, Team.objects.all(), pk)
    member = team.memberships.filter(user=user_pk).select_related("user").first()
    if member is None:
        return redirect("team-detail", team.pk)
    if request.method == "GET":
        # Whoever is the last owner reads how to leave.
        last = teams_only_owned_by(member.user).filter(pk=team.pk).exists()
        context = {"team": team, "member": member, "last_owner": last,
                   "heirs": last and heirs(team, member.user)}  # fmt: skip
        return render(request, "teams/remove.html", context)
    try:
        actions.remove_member(team, member.user)
    except actions.LastOwner as error:
        messages.error(request, str(error))
        return redirect("team-detail", team.pk)
    if user_pk == request.user.pk:
        messages.success(request, f"You have left {team}.")
        return redirect("team-list")
    messages.success(request, f"{display_name(member.user)} is no longer a member of {team}.")
    return redirect("team-detail", team.pk)


@require_http_methods(["GET", "POST"])
def team_handover(request: HttpRequest, pk: int) -> HttpResponse:
    """GET asks to whom, POST does it."""
    team = owned_or_404(request, Team.objects.all(), pk)
    initial = {"username": request.GET.get("to", ""), "role": request.GET.get("role", "")}
    initial = {name: value for name, value in initial.items() if value}
    form = HandoverForm(request.POST or None, team=team, owner=request.user, initial=initial)
    if request.method == "POST" and form.is_valid():
        owner, role = form.cleaned_data["username"], form.cleaned_data["role"]
        try:
            actions.hand_over(team, request.user, owner, role)
        except actions.NotHandedOver as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"{display_name(owner)} is now an owner of {team}.")
            return redirect("team-detail", team.pk) if role else redirect("team-list")
    context = {"team": team, "form": form}
    status = 422 if form.errors else 200
    return render(request, "teams/handover.html", context, status=status)


@require_POST
def team_archive(request: HttpRequest, pk: int) -> HttpResponse:
    """Archives the team or restores it. For owners."""
    team = owned_or_404(request, Team.objects.all(), pk)
    if request.POST.get("archive") != "1":
        actions.restore_team(team)
        messages.success(request, "Team restored.")
    elif refusal := actions.archive_team(team):
        messages.error(request, refusal)
    else:
        messages.success(request, "Team archived.")
    return redirect("team-detail", team.pk)


def team_page(request: HttpRequest, team: Team, **context: Any) -> HttpResponse:
    """The team's page, with forms that were refused or a new invitation as `context` has them."""
    invitations = team.invitations.pending().select_related("invited_by", "project")
    [quotas] = meters_of([team])
    page = {
        "team": team,
        "form": MemberForm(team=team),
        "invitation_form": InvitationForm(team=team, project=request.GET.get("project", "")),
        "memberships": team.memberships.select_related("user"),
        "projects": team.projects.order_by("name"),
        "roles": Role.choices,
        "quotas": quotas,
        "is_owner": Team.objects.owned_by(request.user).filter(pk=team.pk).exists(),
        "invitations": invitations,
        "disk_use": quotas.disk_use,
        **context,
    }
    refused = page["form"].errors or page["invitation_form"].errors
    return render(request, "teams/detail.html", page, status=422 if refused else 200)
