"""Whose token it is."""

from typing import Any

from django.http import HttpRequest
from ninja import Router

from tuning.models import AccessToken, Membership

from .schemas import MeOut

router = Router(tags=["Account"])


@router.get("/me", response=MeOut)
def show_me(request: HttpRequest) -> dict[str, Any]:
    """The person whose token this is, with their teams."""
    token: AccessToken = request.access_token
    rows = Membership.objects.of(request.user).select_related("team")
    return {
        "username": request.user.get_username(),
        "scope": token.scope,
        "team": token.team_id,
        "expires_at": token.expires_at,
        "teams": [{"id": row.team_id, "name": row.team.name, "role": row.role} for row in rows],
    }
