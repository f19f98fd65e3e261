"""Nothing starts in what is archived, also not at the moment at which that happens.

Starting locks project and team, moving a project the team that gets it. What lets a completed
search go on (more trials, values to try, a trial trained to its end, other limits) locks the
search. Archiving locks all of these before it counts the active searches.
"""

from typing import Any

from django.core.exceptions import PermissionDenied

from tuning.models import Project, Team
from tuning.protocol.statuses import SEARCH_ACTIVE


def locked_to_start(project_id: int) -> Project:
    """The project, which stays as it is until the transaction ends, and so does its team. Raises
    PermissionDenied if one of them is archived."""
    rows = Project.objects.select_for_update(of=("self", "team")).select_related("team")
    project: Project = rows.get(pk=project_id)
    refuse_archived(project)
    return project


def refuse_archived(project: Project) -> None:
    """Raises PermissionDenied if the project or its team is archived."""
    refuse_archived_team(project.team)
    if project.archived_at is not None:
        raise PermissionDenied(f"Project “{project}” is archived.")


def refuse_archived_team(team: Team) -> None:
    """Raises PermissionDenied."""
    if team.archived_at is not None:
        raise PermissionDenied(f"Team {team} is archived.")


def lock_searches(searches: Any) -> None:
    """None of them becomes active again until the transaction ends."""
    list(searches.select_for_update(of=("self",)).order_by("pk").values_list("pk"))


def count_active(searches: Any) -> int:
    count: int = searches.with_status(*SEARCH_ACTIVE).count()
    return count
