"""Teams: founding one, changing its members."""

from typing import Any

from django.db import transaction

from tuning.models import Membership, Role, Team
from tuning.models.people import display_name


class LastOwner(Exception):
    """The change would leave a team without an owner."""

    def __str__(self) -> str:
        return "A team needs an owner. Make another member an owner first."


@transaction.atomic
def create_team(founder: Any, name: str) -> Team:
    team = Team.objects.create(name=name)
    Membership.objects.create(team=team, user=founder, role=Role.OWNER)
    return team


def default_team(user: Any) -> Team:
    """The first team that the user may edit; founded here if there is none."""
    team = Team.objects.editable_by(user).first()
    return team or create_team(user, f"{display_name(user)}'s team"[:80])


@transaction.atomic
def set_member(team: Team, user: Any, role: Role) -> Membership:
    """Add a member or change the role of one. Raises LastOwner."""
    if role != Role.OWNER:
        _refuse_last_owner(team, user)
    membership, _ = Membership.objects.update_or_create(
        team=team, user=user, defaults={"role": role}
    )
    return membership


@transaction.atomic
def remove_member(team: Team, user: Any) -> None:
    """Raises LastOwner."""
    _refuse_last_owner(team, user)
    team.memberships.filter(user=user).delete()


def _refuse_last_owner(team: Team, user: Any) -> None:
    Team.objects.select_for_update().get(pk=team.pk)
    # A person whose account is deactivated cannot act as an owner.
    rows = team.memberships.filter(role=Role.OWNER, user__is_active=True)
    owners = set(rows.values_list("user_id", flat=True))
    if owners == {user.pk}:
        raise LastOwner
