"""Deactivating an account while another transaction changes its teams, for test_races.py: a team
never loses its last active owner, and no two of them wait for each other.

    python -m tests.system.race_people

In each case one transaction has changed a team and not ended yet. Only then another one deactivates
the account, until it waits for a lock or has ended; then the first one goes on.
"""

# ruff: noqa: E402

import os
import threading
from collections.abc import Callable
from typing import Any

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "webapp.settings"
django.setup()

from django.contrib.auth.models import User
from django.db import connection, transaction

from tests.services import wait_for
from tuning.actions.people import deactivate
from tuning.actions.teams import hand_over, set_member
from tuning.models import Membership, Role, Team

WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"


def race() -> None:
    erin = User.objects.create_superuser("erin")
    grace = User.objects.create_superuser("grace")

    team, alice, bob = _team(Role.OWNER, Role.OWNER)
    _deactivate_during(alice, erin, lambda: set_member(team, bob, Role.VIEWER))
    assert _owners(team) == {bob}, "the other owner lost the role"

    team, alice, bob = _team(Role.EDITOR, Role.OWNER)
    _deactivate_during(alice, erin, lambda: hand_over(team, bob, alice, Role.VIEWER))
    assert _owners(team) == {bob}, "the team was handed over to the account"

    team, alice, bob = _team(Role.OWNER, Role.EDITOR)
    _deactivate_during(
        alice, erin,
        lambda: set_member(team, bob, Role.VIEWER), lambda: set_member(team, grace, Role.EDITOR),
    )  # fmt: skip
    assert _owners(team) == {grace}, "an administrator became a member"


def _team(*roles: Role) -> tuple[Any, ...]:
    """A team and its members."""
    team = Team.objects.create(name="Team")
    people = [User.objects.create(username=f"{team.pk}-{number}") for number in range(len(roles))]
    for person, role in zip(people, roles, strict=True):
        Membership.objects.create(team=team, user=person, role=role)
    return (team, *people)


def _owners(team: Team) -> set[User]:
    rows = team.memberships.filter(role=Role.OWNER, user__is_active=True)
    return {row.user for row in rows.select_related("user")}


def _deactivate_during(person: User, by: User, *changes: Callable[[], Any]) -> None:
    """Deactivate an account in a transaction that begins after the first of the changes."""
    errors: list[Exception] = []

    def act() -> None:
        try:
            deactivate(person, by=by)
        except Exception as error:  # noqa: BLE001  raised again where somebody sees it
            errors.append(error)
        finally:
            connection.close()

    first, *others = changes
    other = threading.Thread(target=act)
    with transaction.atomic():
        first()
        other.start()
        wait_for(lambda: not other.is_alive() or _somebody_waits(), "the account or a lock")
        for change in others:
            change()
    other.join()
    if errors:
        raise errors[0]


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(WAITING)
        return bool(cursor.fetchone()[0])


if __name__ == "__main__":
    race()
