"""Who may see and change what: every project belongs to a team, people are its members."""

from typing import Any, Self

from django.conf import settings
from django.db import models

from .validators import validate_name


class Role(models.TextChoices):
    OWNER = "owner", "Owner"
    EDITOR = "editor", "Editor"
    VIEWER = "viewer", "Viewer"


EDITING_ROLES = (Role.OWNER, Role.EDITOR)


class TeamQuerySet(models.QuerySet["Team"]):
    def visible_to(self, user: Any) -> "TeamQuerySet":
        return self.filter(pk__in=Membership.objects.of(user).values("team"))

    def editable_by(self, user: Any) -> "TeamQuerySet":
        """Nobody changes what belongs to an archived team."""
        return self._with_role(user, EDITING_ROLES).filter(archived_at=None)

    def owned_by(self, user: Any) -> "TeamQuerySet":
        return self._with_role(user, (Role.OWNER,))

    def _with_role(self, user: Any, roles: tuple[Role, ...]) -> "TeamQuerySet":
        memberships = Membership.objects.of(user).filter(role__in=roles)
        return self.filter(pk__in=memberships.values("team"))


class Team(models.Model):
    name = models.CharField(max_length=80, validators=[validate_name])
    members: Any = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="Membership", related_name="teams"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    # Empty: the site's default, of the settings.
    max_storage = models.PositiveBigIntegerField(null=True, blank=True, help_text="In bytes.")
    max_files = models.PositiveIntegerField(
        null=True, blank=True, help_text="Uploaded datasets and saved models."
    )
    max_slots = models.PositiveIntegerField(
        null=True, blank=True, help_text="Trials, executions and retrainings at once."
    )
    max_trials = models.PositiveIntegerField(null=True, blank=True, help_text="Of each search.")
    weight = models.PositiveSmallIntegerField(
        default=1, db_default=1, help_text="Its share of the slots where teams wait for them."
    )
    archived_at = models.DateTimeField(
        null=True, blank=True, help_text="Its projects can only be read since then."
    )

    objects = TeamQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name

    def quota(self, name: str) -> int | None:
        """A limit such as `max_slots`: the team's own one, else the site's; None if there is
        none."""
        own: int | None = getattr(self, name)
        default: int | None = settings.TEAM_QUOTAS[name]
        return default if own is None else own


class MembershipQuerySet(models.QuerySet["Membership"]):
    def of(self, user: Any) -> Self:
        """A person's. With an access token for one team (`AccessToken.holder`) that one alone:
        everything that is a team's is reached from here."""
        rows, only = self.filter(user_id=user.pk), getattr(user, "only_team", None)
        return rows if only is None else rows.filter(team_id=only)


class Membership(models.Model):
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships"
    )
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.EDITOR)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        ordering = ["user__username"]
        constraints = [
            models.UniqueConstraint(fields=["team", "user"], name="one_membership_per_team")
        ]

    def __str__(self) -> str:
        return f"{self.user} is {self.role} of {self.team}"


class TeamOwnedQuerySet(models.QuerySet[Any]):
    """Rows that are reached through a team. `team_path` is the lookup from the row to its team,
    `project_path` what comes before a project's own fields, for rows that belong to a project."""

    team_path = "team"
    project_path: str | None = None

    def visible_to(self, user: Any) -> Any:
        return self.filter(**{f"{self.team_path}__in": Team.objects.visible_to(user)})

    def editable_by(self, user: Any) -> Any:
        """Nobody changes what is archived."""
        rows = self.restorable_by(user)
        if self.project_path is None:
            return rows
        return rows.filter(**{f"{self.project_path}archived_at__isnull": True})

    def restorable_by(self, user: Any) -> Any:
        """Also what belongs to archived projects: of those who may restore or delete them."""
        return self.filter(**{f"{self.team_path}__in": Team.objects.editable_by(user)})

    def owned_by(self, user: Any) -> Any:
        return self.filter(**{f"{self.team_path}__in": Team.objects.owned_by(user)})
