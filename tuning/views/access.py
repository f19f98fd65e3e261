"""How views reach rows: a stranger's request finds nothing, and so does a viewer's change. A member
without the role for it is told who can give it."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from tuning.actions.teams import default_team
from tuning.analysis.roles import missing_role_text
from tuning.models import Role, Team


def visible_or_404(request: HttpRequest, queryset: QuerySet[Any], pk: int) -> Any:
    """The row, if the user may look at it."""
    return get_object_or_404(queryset.visible_to(request.user), pk=pk)  # type: ignore[attr-defined]


def editable_or_404(request: HttpRequest, queryset: QuerySet[Any], pk: int) -> Any:
    """The row, if the user may change it."""
    return get_object_or_404(queryset.editable_by(request.user), pk=pk)  # type: ignore[attr-defined]


def owned_or_404(request: HttpRequest, queryset: QuerySet[Any], pk: int) -> Any:
    """The row, if the user owns its team. Other members get 403 and whom to ask."""
    try:
        return get_object_or_404(queryset.owned_by(request.user), pk=pk)  # type: ignore[attr-defined]
    except Http404:
        raise _refusal(request, queryset, pk, Role.OWNER) from None


def _refusal(request: HttpRequest, queryset: QuerySet[Any], pk: int, needed: Role) -> Exception:
    """404 if the user does not see the row either, or if it belongs to no team."""
    visible = queryset.visible_to(request.user).filter(pk=pk)  # type: ignore[attr-defined]
    path = "pk" if queryset.model is Team else getattr(queryset, "team_path", "team")
    team = Team.objects.filter(pk__in=visible.values(path)).first()
    if team is None:
        return Http404()
    return PermissionDenied(missing_role_text(request.user, team, needed))


def may_create(request: HttpRequest) -> bool:
    """People who are only viewers everywhere cannot create; people without a team get one."""
    return (
        Team.objects.editable_by(request.user).exists()
        or not Team.objects.visible_to(request.user).exists()
    )


def team_for_new(request: HttpRequest) -> Team:
    """The team that something new belongs to unless another is chosen. Somebody without a team gets
    one with what they send; until then it is unsaved."""
    team = Team.objects.editable_by(request.user).first()
    if team is None and request.method == "POST":
        return default_team(request.user)
    return team or Team()


def may_edit(request: HttpRequest, team_id: int) -> bool:
    return Team.objects.editable_by(request.user).filter(pk=team_id).exists()
