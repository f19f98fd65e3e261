"""What operations of several kinds change in the same way."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.forms import Field
from django.http import Http404, HttpRequest

from tuning.actions.names import rename
from tuning.analysis.roles import missing_role_text
from tuning.forms.names import name_form
from tuning.models import Role, Scope, Team
from tuning.views.access import may_create, owned_or_404
from tuning.views.names import KINDS

from .bodies import Body, body_of, checked
from .problems import Problem

_WITHOUT = {kind.rows.model: kind.without for kind in KINDS.values()}


def name_body(
    name: str, model: type[Model], fields: Mapping[str, Field] | None = None, **more: Any
) -> type[Body]:
    """The body that changes the name and the description, these fields and `more`."""
    return body_of(name, {**_form(model).base_fields, **(fields or {})}, **more)


def rename_row(row: Any, given: Mapping[str, Any]) -> None:
    """Save what is given of its name and its description."""
    if given:
        form = checked(lambda data, _: _form(type(row))(data, instance=row), given)
        rename(form.instance, form.changed_data)


def check_may_create(request: HttpRequest) -> None:
    """Who only views everywhere cannot create anything."""
    if not may_create(request):
        team = Team.objects.visible_to(request.user)[0]
        raise PermissionDenied(missing_role_text(request.user, team, Role.EDITOR))


def owned_team(request: HttpRequest, team: int) -> Team:
    """The team that a request manages."""
    row: Team = owned_or_404(request, Team.objects.all(), team)
    check_manages(request)
    return row


def check_manages(request: HttpRequest) -> None:
    """After the role, so that others learn nothing of the row."""
    if request.access_token.scope != Scope.MANAGE:
        raise Problem(
            403, "Only tokens that manage teams can do this. Create one with this access."
        )


def check_all_teams(request: HttpRequest) -> None:
    """For what is a person's, beyond any team."""
    if team := request.access_token.team:
        text = f"This access token is for team {team} alone. Create one for all your teams."
        raise Problem(403, text)


def check_administers(request: HttpRequest) -> None:
    """To others than administrators of the site the address does not exist."""
    if not request.user.is_superuser:
        raise Http404
    check_manages(request)


def _form(model: type[Model]) -> Any:
    return name_form(model, without=_WITHOUT[model])
