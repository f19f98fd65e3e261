"""Projects."""

from typing import Any

from django.http import HttpRequest
from ninja import Router

from tuning.models import Project

from . import rows
from .paging import Cursor, Limit, Page, page_of
from .reading import project_of
from .schemas import ProjectDetail, ProjectOut

router = Router(tags=["Projects"])


@router.get("/projects", response=Page[ProjectOut])
def list_projects(
    request: HttpRequest, name: str = "", limit: Limit = 100, cursor: Cursor = ""
) -> dict[str, Any]:
    """The projects of your teams, the newest first."""
    found = Project.objects.visible_to(request.user).select_related("team")
    found = found.filter(name=name) if name else found
    return page_of(request, found, lambda row: rows.project(request, row), limit, cursor)


@router.get("/projects/{int:project}", response=ProjectDetail)
def show_project(request: HttpRequest, project: int) -> dict[str, Any]:
    """A project with the search space and the metrics of its template."""
    return rows.project_detail(request, project_of(request, project))
