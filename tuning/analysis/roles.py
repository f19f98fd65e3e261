"""What the roles of a team may do, and what people read who lack one."""

from dataclasses import dataclass
from typing import Any

from tuning.figures import in_words
from tuning.models import Membership, Project, Role, Team
from tuning.models.people import display_name
from tuning.models.teams import EDITING_ROLES

MAX_NAMES = 3


@dataclass(frozen=True)
class Right:
    """A line of the table on the help page of teams."""

    text: str
    roles: tuple[Role, ...]


_ALL, _EDITORS, _OWNERS = tuple(Role), EDITING_ROLES, (Role.OWNER,)
RIGHTS = (
    Right("See the team’s projects, searches, trials, models, datasets and templates", _ALL),
    Right("Export tables and plots, download models", _ALL),
    Right("Star, comment, and edit or delete their own comments", _ALL),
    Right("Save views of the trial table for themselves", _ALL),
    Right("Create, edit and delete projects, datasets, templates and searches", _EDITORS),
    Right("Pause, stop, extend and refine searches, retrain and delete models", _EDITORS),
    Right("Tag trials and searches, share views with the team", _EDITORS),
    Right("Set up webhooks and see what was delivered", _EDITORS),
    Right("See and export the team’s audit log", _OWNERS),
    Right("Invite and remove people, change their roles, rename the team", _OWNERS),
    Right("Hand the team over, archive and restore it, move projects to another team", _OWNERS),
    Right("Delete other people’s comments, change the views that they shared", _OWNERS),
)


def role_in(user: Any, team: Team) -> Role | None:
    role = Membership.objects.of(user).filter(team=team).values_list("role", flat=True).first()
    return Role(role) if role else None


def missing_role_text(user: Any, team: Team, needed: Role) -> str:
    """For a member of the team whose role is not enough, or who cannot create anything in it. Who
    is no member, and sees what it shares with others, learns no names."""
    if needed == Role.EDITOR and (text := archived_text(user, team, None)):
        return text
    role = role_in(user, team)
    if role is None:
        return f"Only members of team {team} can change this."
    access = "view-only" if role == Role.VIEWER else role.label.lower()
    return (
        f"You have {access} access in team {team}. {_whom_to_ask(team)} for the "
        f"{needed.label.lower()} role."
    )


def archived_text(user: Any, team: Team, project: Project | None) -> str:
    """For a member who may edit, if the row belongs to what is archived; else empty."""
    if role_in(user, team) not in EDITING_ROLES:
        return ""
    if team.archived_at is not None:
        return f"Team {team} is archived. {_whom_to_ask(team)} to restore it."
    if project is not None and project.archived_at is not None:
        return f"Project “{project}” is archived. Restore it on its settings page to change it."
    return ""


def _whom_to_ask(team: Team) -> str:
    owners = team.memberships.filter(role=Role.OWNER, user__is_active=True).select_related("user")
    names = [f"{display_name(owner.user)} (owner)" for owner in owners[:MAX_NAMES]]
    if not names:
        return "Ask an administrator of this site"
    return f"Ask {in_words(names).replace(' and ', ' or ')}"
