"""How views reach rows. A stranger's request finds nothing: 404. A member of the team who lacks the
role for it gets 403, and reads which owner can give it."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from tuning.actions.teams import default_team
from tuning.analysis.roles import archived_text, missing_role_text
from tuning.models import Project, Role, Team
from tuning.models.addresses import Address, lookup_of


def visible_or_404(request: HttpRequest, queryset: QuerySet[Any], at: Address) -> Any:
    """The row, if the user may look at it."""
    return get_object_or_404(queryset.visible_to(request.user), **lookup_of(at))  # type: ignore[attr-defined]


def editable_or_404(request: HttpRequest, queryset: QuerySet[Any], at: Address) -> Any:
    """The row, if the user may change it. Viewers get 403 and whom to ask."""
    return _row_or_refusal(request, queryset, queryset.editable_by, at, Role.EDITOR)  # type: ignore[attr-defined]


def restorable_or_404(request: HttpRequest, queryset: QuerySet[Any], at: Address) -> Any:
    """The row, archived or not, if the user may restore it."""
    return _row_or_refusal(request, queryset, queryset.restorable_by, at, Role.EDITOR)  # type: ignore[attr-defined]


def owned_or_404(request: HttpRequest, queryset: QuerySet[Any], at: Address) -> Any:
    """The row, if the user owns its team. Other members get 403 and whom to ask."""
    return _row_or_refusal(request, queryset, queryset.owned_by, at, Role.OWNER)  # type: ignore[attr-defined]


def missing_role(request: HttpRequest, team: Team, needed: Role) -> PermissionDenied:
    """To be raised for a member of the team."""
    return PermissionDenied(missing_role_text(request.user, team, needed))


def missing_right(request: HttpRequest, project: Project, needed: Role) -> PermissionDenied:
    """The same for what belongs to a project, which may be archived."""
    archived = needed == Role.EDITOR and archived_text(request.user, project.team, project)
    return PermissionDenied(archived) if archived else missing_role(request, project.team, needed)


def _row_or_refusal(
    request: HttpRequest, queryset: QuerySet[Any], allowed_to: Callable[[Any], Any], at: Address,
    needed: Role,
) -> Any:  # fmt: skip
    try:
        return get_object_or_404(allowed_to(request.user), **lookup_of(at))
    except Http404:
        # What the user does not see either, or what is built in, is not there to be changed.
        visible_or_404(request, queryset, at)
        team = _team_of(queryset, at)
        if team is None:
            raise
        if project := _project_of(queryset, at):
            raise missing_right(request, project, needed) from None
        raise missing_role(request, team, needed) from None


def _team_of(queryset: QuerySet[Any], at: Address) -> Team | None:
    path = "pk" if queryset.model is Team else getattr(queryset, "team_path", "team")
    rows = queryset.model._default_manager.filter(**lookup_of(at))
    return Team.objects.filter(pk__in=rows.values(path)).first()


def _project_of(queryset: QuerySet[Any], at: Address) -> Project | None:
    path = getattr(queryset, "project_path", None)
    if path is None:
        return None
    rows = queryset.model._default_manager.filter(**lookup_of(at))
    return Project.objects.filter(pk__in=rows.values(f"{path}pk")).first()


def may_create(request: HttpRequest) -> bool:
    """People who are only viewers everywhere cannot create; people without a team get one."""
    return (
        Team.objects.editable_by(request.user).exists()
        or not Team.objects.visible_to(request.user).exists()
    )


def create_a_team_first(request: HttpRequest) -> HttpResponse:
    """For people who `may_create` nothing: they are viewers of some team."""
    team = Team.objects.visible_to(request.user)[0]
    asked = missing_role_text(request.user, team, Role.EDITOR)
    messages.error(request, f"{asked} Or create a team.")
    return redirect("team-create")


def team_for_new(request: HttpRequest) -> Team:
    """The team that something new belongs to unless another is chosen. A person without a team gets
    one with what they send; until then it is unsaved."""
    team = Team.objects.editable_by(request.user).first()
    if team is None and request.method == "POST":
        return default_team(request.user)
    return team or Team()


def may_change(request: HttpRequest, project: Project) -> bool:
    """Whether pages offer to change the project and what belongs to it."""
    return project.archived_at is None and may_edit(request, project.team_id)


def may_edit(request: HttpRequest, team_id: int) -> bool:
    return Team.objects.editable_by(request.user).filter(pk=team_id).exists()
