"""Teams: founding one, changing its members, handing it over, archiving it.

A team always has an owner whose account is active. Who is the last one cannot leave or get another
role, but hands the team over; when an account is deactivated or deleted, another member (or an
administrator of the site) becomes the owner of the teams that nobody else owns.
"""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models.functions import Now
from django.db.models.signals import post_delete, pre_delete
from django.dispatch import receiver

from tuning.analysis.people import heirs, teams_only_owned_by
from tuning.figures import counted
from tuning.models import IdempotencyKey, Membership, Role, Search, Team
from tuning.models.people import display_name
from tuning.recording import announcing

from .archived import count_active, lock_searches
from .audit import current_actor, record


class LastOwner(Exception):
    """The change would leave a team without an owner."""

    def __str__(self) -> str:
        return "A team needs an owner. Make another member an owner first."


class NotHandedOver(Exception):
    """One of the two is no longer what the handover needs."""

    def __str__(self) -> str:
        return "The members of the team have changed. Check the team and try again."


@transaction.atomic
def create_team(founder: Any, name: str) -> Team:
    team = Team.objects.create(name=name)
    Membership.objects.create(team=team, user=founder, role=Role.OWNER)
    record("team.create", team, by=founder)
    return team


def default_team(user: Any) -> Team:
    """The first team that the user may edit; founded here if there is none."""
    team = Team.objects.editable_by(user).first()
    return team or create_team(user, f"{display_name(user)}'s team"[:80])


@transaction.atomic
def set_member(team: Team, user: Any, role: Role, by: Any = None) -> Membership:
    """Add a member, who is notified if an owner does it, or change the role of one. Raises
    LastOwner."""
    if role != Role.OWNER:
        _refuse_last_owner(team, user)
    before = team.memberships.filter(user=user).values_list("role", flat=True).first()
    membership, is_new = Membership.objects.update_or_create(
        team=team, user=user, defaults={"role": role}
    )
    if is_new:
        record("member.add", user, team=team, role=_label(role))
    elif before and before != role:
        record("member.role", user, team=team, before=_label(before), role=_label(role))
    if is_new and by:
        announcing.joined(membership, by, invited=False)
    return membership


@transaction.atomic
def remove_member(team: Team, user: Any) -> None:
    """Raises LastOwner."""
    _refuse_last_owner(team, user)
    member = team.memberships.filter(user=user).first()
    if member:
        member.delete()
        record("member.remove", user, team=team, role=_label(member.role))


def _label(role: str) -> str:
    return Role(role).label.lower()


@transaction.atomic
def hand_over(team: Team, owner: Any, to: Any, role: Role | None) -> None:
    """Make the member `to` an owner at once; the former `owner` gets `role`, or leaves without
    one. Raises NotHandedOver."""
    Team.objects.select_for_update().get(pk=team.pk)
    # Nobody deactivates the account meanwhile.
    get_user_model().objects.select_for_update(no_key=True).filter(pk=to.pk).first()
    owners = team.memberships.filter(user=owner, role=Role.OWNER)
    members = team.memberships.filter(user=to, user__is_active=True).exclude(user=owner)
    if not owners.exists() or not members.update(role=Role.OWNER):
        raise NotHandedOver
    if role is None:
        owners.delete()
    else:
        owners.update(role=role)
    record("team.hand_over", to, team=team, by=owner)
    announcing.handed_over(team, to, by=owner)


@transaction.atomic
def succeed(user: Any, chosen: Mapping[int, Any], by: Any = None) -> None:
    """Give the teams that only the user owns another owner: the `chosen` one (by the team's key),
    else the member who may do most and joined first, else the administrator `by`. A chosen None
    leaves a team as it is. Locks all teams that the user owns."""
    lock_owned_teams(user)
    for team in teams_only_owned_by(user):
        heir = chosen[team.pk] if team.pk in chosen else next(iter(heirs(team, user)), by)
        if heir is not None:
            set_member(team, heir, Role.OWNER)
            announcing.handed_over(team, heir, by=current_actor().person)


def lock_owned_teams(user: Any) -> None:
    """Also those with several owners: another one may lose the role at this moment. In the order
    of their keys, and before any account is locked, so that no two changes of the same teams and
    accounts wait for each other."""
    list(Team.objects.select_for_update().filter(pk__in=Team.objects.owned_by(user)).order_by("pk"))


@receiver(post_delete, sender=Membership)
def _forget_answers(instance: Membership, **_: Any) -> None:
    """Those that scripts would get again are about what the person may see no more."""
    IdempotencyKey.objects.filter(user=instance.user_id).delete()


@receiver(pre_delete, sender=settings.AUTH_USER_MODEL)
def _succeed_deleted(instance: Any, **_: Any) -> None:
    """Memberships are deleted with their account, which only the admin pages and the shell do."""
    people = get_user_model().objects.filter(is_superuser=True, is_active=True)
    succeed(instance, {}, by=people.exclude(pk=instance.pk).order_by("pk").first())
    if teams_only_owned_by(instance).exists():
        raise PermissionDenied(str(LastOwner()))
    # At once: of several who are deleted together, none shall inherit from or with the others.
    instance.memberships.all().delete()


@transaction.atomic
def archive_team(team: Team) -> str:
    """Leave its projects out of the lists and let nobody change them; returns why not while a
    search is active."""
    searches = Search.objects.filter(project__team=team)
    # In the order in which claims lock them.
    lock_searches(searches)
    Team.objects.select_for_update().get(pk=team.pk)
    if active := count_active(searches):
        verb = "is" if active == 1 else "are"
        said = counted(active, "search", "searches")
        return f"{said} {verb} still active. Stop them before you archive the team."
    if Team.objects.filter(pk=team.pk, archived_at=None).update(archived_at=Now()):
        record("team.archive", team)
    return ""


@transaction.atomic
def restore_team(team: Team) -> None:
    archived = Team.objects.filter(pk=team.pk, archived_at__isnull=False)
    if archived.update(archived_at=None):
        record("team.restore", team)


def _refuse_last_owner(team: Team, user: Any) -> None:
    Team.objects.select_for_update().get(pk=team.pk)
    # A person whose account is deactivated cannot act as an owner.
    rows = team.memberships.filter(role=Role.OWNER, user__is_active=True)
    owners = set(rows.values_list("user_id", flat=True))
    if owners == {user.pk}:
        raise LastOwner
