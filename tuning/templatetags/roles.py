"""What a person may do in a team."""

from typing import Any

from django import template

from tuning.models import Team

register = template.Library()


@register.filter
def owns(user: Any, team_id: int) -> bool:
    """{{ user|owns:project.team_id }}: a query."""
    return Team.objects.owned_by(user).filter(pk=team_id).exists()


@register.filter
def edits(user: Any, team_id: int) -> bool:
    """The same for who may edit."""
    return Team.objects.editable_by(user).filter(pk=team_id).exists()
