"""The people of the site, for its administrators."""

from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Case, Count, Q, QuerySet, When

from tuning.figures import counted
from tuning.models import Membership, Role, Team


def people(text: str = "") -> QuerySet[Any]:
    """Everybody, or those whose name or address contains the text; with their number of teams."""
    fields = ("username", "first_name", "last_name", "email")
    found = Q()
    for field in fields if text else ():
        found |= Q(**{f"{field}__icontains": text})
    rows = get_user_model().objects.filter(found)
    return rows.annotate(teams_count=Count("memberships")).order_by("username")


def heirs(team: Team, *leaving: Any) -> list[Any]:
    """The other active members of a team, who may own it after those who leave: who may do most and
    joined first comes first."""
    rank = Case(When(role=Role.OWNER, then=0), When(role=Role.EDITOR, then=1), default=2)
    rows = team.memberships.filter(user__is_active=True).exclude(user__in=leaving)
    return [row.user for row in rows.select_related("user").order_by(rank, "pk")]


def teams_only_owned_by(*people: Any) -> QuerySet[Team]:
    """Teams without another owner whose account is active."""
    owners = Membership.objects.filter(role=Role.OWNER)
    others = owners.filter(user__is_active=True).exclude(user__in=people)
    teams = Team.objects.filter(pk__in=owners.filter(user__in=people).values("team"))
    return teams.exclude(pk__in=others.values("team"))


def teams_to_hand_over(*people: Any) -> QuerySet[Team]:
    """Teams of which another member has to become the owner before these people can go. One without
    other members has nobody to choose from."""
    others = Membership.objects.filter(user__is_active=True).exclude(user__in=people)
    return teams_only_owned_by(*people).filter(pk__in=others.values("team"))


def ownerless_text(count: int) -> str:
    return f"{counted(count, 'team')} would have no active owner."
