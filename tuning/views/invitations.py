"""Invitations: owners create and revoke them on their team's page, people open their links."""

from typing import Any

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from tuning.actions import invitations as actions
from tuning.actions.people import NameTaken
from tuning.actions.single_sign_on import sign_on_label
from tuning.analysis.invitations import problem_of
from tuning.forms.accounts import AccountForm
from tuning.forms.invitations import InvitationForm
from tuning.models import Invitation, Membership, Team

from .access import owned_or_404
from .accounts import BACKEND
from .client_addresses import client_address
from .rate_limits import allowed, too_many_attempts
from .teams import team_page


@require_POST
@never_cache
def invitation_create(request: HttpRequest, pk: int) -> HttpResponse:
    """For owners. The link is in the answer and never again."""
    team = owned_or_404(request, Team.objects.all(), pk)
    form = InvitationForm(request.POST, team=team)
    if not form.is_valid():
        return team_page(request, team, invitation_form=form)
    invitation = form.save(commit=False)
    token = actions.invite(request.user, invitation, form.valid_for)
    link = request.build_absolute_uri(reverse("invitation-open", args=[token]))
    mailed = actions.mail_invitation(invitation, link)
    return team_page(request, team, made=invitation, link=link, mailed=mailed)


@require_POST
def invitation_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    invitation = owned_or_404(request, Invitation.objects.select_related("team"), pk)
    actions.revoke(invitation)
    messages.success(request, "Invitation revoked. Its link no longer works.")
    return redirect("team-detail", invitation.team_id)


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def invitation_open(request: HttpRequest, token: str) -> HttpResponse:
    """GET only shows: programs that read mails open every link in them. POST joins."""
    invitation = actions.invitation_of(token)
    if invitation is None and not allowed("invitation", client_address(request)):
        return too_many_attempts(request)
    if invitation is None or problem_of(invitation):
        return _unusable(request, invitation)
    if request.method == "POST" and not allowed("invitation", invitation.digest):
        return too_many_attempts(request)
    answer = _join if request.user.is_authenticated else _create_account
    return answer(request, invitation)


def _join(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    """With the account that the person is signed in with."""
    role = Membership.objects.filter(team=invitation.team_id, user=request.user.pk).first()
    if request.method == "POST" and role is None:
        return accept(request, invitation, request.user) or _unusable(request, invitation)
    return render(request, "invitations/join.html", {"invitation": invitation, "member": role})


def _create_account(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    form = AccountForm(request.POST or None, initial={"email": invitation.email})
    if request.method == "POST" and form.is_valid():
        user = form.save(commit=False)
        try:
            return accept(request, invitation, user) or _unusable(request, invitation)
        except NameTaken as error:
            form.add_error("username", str(error))
    context = {
        "invitation": invitation, "form": form, "here": request.path,
        "sign_on_label": sign_on_label(),
    }  # fmt: skip
    status = 422 if form.errors else 200
    return render(request, "invitations/create_account.html", context, status=status)


def accept(
    request: HttpRequest, invitation: Invitation, user: Any, backend: str = BACKEND
) -> HttpResponse | None:
    """Lands in the project or on the team's page, signed in. None if the link was used a moment
    ago. Raises NameTaken for a new account."""
    try:
        actions.accept(invitation, user)
    except actions.NotPending:
        invitation.refresh_from_db()
        return None
    if not request.user.is_authenticated:
        # The session gets a new key.
        login(request, user, backend=backend)
    role = invitation.get_role_display().lower()
    messages.success(request, f"You have joined {invitation.team} as {role}.")
    project = invitation.project
    if project and project.team_id == invitation.team_id:
        return redirect("project-detail", project.pk)
    return redirect("team-detail", invitation.team_id)


def _unusable(request: HttpRequest, invitation: Invitation | None) -> HttpResponse:
    context = {"problem": problem_of(invitation)}
    return render(request, "invitations/unusable.html", context, status=410 if invitation else 404)
