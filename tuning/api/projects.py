"""Projects."""

from typing import Any

from django.http import HttpRequest
from ninja import Router, Status

from tuning.actions import projects as actions
from tuning.forms.projects import ProjectForm
from tuning.models import Project
from tuning.views.access import restorable_or_404, team_for_new

from . import rows
from .bodies import body_of, checked
from .changes import check_may_create, name_body, rename_row
from .paging import Cursor, Limit, Page, page_of
from .problems import Problem
from .reading import project_of
from .schemas import ProjectDetail, ProjectOut

router = Router(tags=["Projects"])

ProjectIn = body_of("ProjectIn", ProjectForm.base_fields)
ProjectChange = name_body("ProjectChange", Project, archived=(bool | None, None))


@router.get("/projects", response=Page[ProjectOut])
def list_projects(
    request: HttpRequest, name: str = "", limit: Limit = 100, cursor: Cursor = ""
) -> dict[str, Any]:
    """The projects of your teams, the newest first."""
    found = Project.objects.visible_to(request.user).select_related("team")
    found = found.filter(name=name) if name else found
    return page_of(request, found, lambda row: rows.project(request, row), limit, cursor)


@router.get("/projects/{number:project}", response=ProjectDetail)
def show_project(request: HttpRequest, project: int) -> dict[str, Any]:
    """A project with the search space and the metrics of its template."""
    return rows.project_detail(request, project_of(request, project))


@router.post("/projects", response={201: ProjectDetail})
def create_project(request: HttpRequest, body: ProjectIn) -> Any:
    """Create a project. A worker validates its template on its dataset; then searches can start."""
    check_may_create(request)
    team = team_for_new(request)
    form = checked(lambda data, _: ProjectForm(data, user=request.user, team=team), body.given)
    made = actions.create_project(request.user, form.save(commit=False))
    return Status(201, rows.project_detail(request, project_of(request, made.pk)))


@router.patch("/projects/{number:project}", response=ProjectDetail)
def change_project(request: HttpRequest, project: int, body: ProjectChange) -> Any:
    """Rename, describe, archive or restore a project."""
    row: Project = restorable_or_404(request, Project.objects.all(), project)
    given = body.given
    archived = given.pop("archived", None)
    if archived is False:
        actions.restore_project(row)
    if given:
        rename_row(project_of(request, project, edit=True), given)
    if archived and (refusal := actions.archive_project(row)):
        raise Problem(409, refusal)
    return rows.project_detail(request, project_of(request, project))


@router.delete("/projects/{number:project}", response={204: None})
def delete_project(request: HttpRequest, project: int) -> Any:
    """Delete a project with its searches, trials and models, permanently."""
    actions.delete_project(restorable_or_404(request, Project.objects.all(), project))
    return Status(204, None)
