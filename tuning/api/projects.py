"""Projects."""

from typing import Any

from django.http import HttpRequest
from ninja import Router, Status

from tuning.actions import projects as actions
from tuning.analysis.moving import parts_of
from tuning.forms.projects import MoveForm, ProjectForm
from tuning.models import Project, Team
from tuning.views.access import owned_or_404, restorable_or_404, team_for_new

from . import rows
from .bodies import body_of, checked
from .changes import check_manages, check_may_create, name_body, rename_row
from .paging import Cursor, Limit, Page, page_of
from .problems import Problem
from .reading import project_of, projects
from .schemas import MovedProject, MoveOut, ProjectDetail, ProjectOut

router = Router(tags=["Projects"])

ProjectIn = body_of("ProjectIn", ProjectForm.base_fields)
MoveIn = body_of("MoveIn", MoveForm.base_fields)
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


@router.post("/projects/{number:project}/validate", response={202: ProjectDetail})
def validate_project(request: HttpRequest, project: int) -> Any:
    """Have the template validated on the dataset again, after that has failed."""
    row = project_of(request, project, edit=True)
    actions.inspect_again(row)
    return Status(202, rows.project_detail(request, project_of(request, project)))


@router.post("/projects/{number:project}/upgrade-template", response=ProjectDetail)
def upgrade_template(request: HttpRequest, project: int) -> Any:
    """Use the newest version of the template from now on. Searches keep theirs."""
    actions.use_newest_version(project_of(request, project, edit=True))
    return rows.project_detail(request, project_of(request, project))


@router.post("/projects/{number:project}/upgrade-dataset", response=ProjectDetail)
def upgrade_dataset(request: HttpRequest, project: int) -> Any:
    """Use the newest version of the dataset from now on, while the project has no searches."""
    if refusal := actions.use_newest_data(project_of(request, project, edit=True)):
        raise Problem(409, refusal)
    return rows.project_detail(request, project_of(request, project))


@router.get("/projects/{number:project}/move", response=MoveOut)
def show_move(request: HttpRequest, project: int) -> dict[str, Any]:
    """The teams in which you may create projects, and what becomes of dataset and template of a
    project that moves there."""
    row = project_of(request, project)
    teams = Team.objects.editable_by(request.user).exclude(pk=row.team_id)
    return {
        "teams": [rows.team(request, team) for team in teams],
        "consequences": [part.sentence for part in parts_of(row)],
    }


@router.post("/projects/{number:project}/move", response=MovedProject)
def move_project(request: HttpRequest, project: int, body: MoveIn) -> Any:
    """Move a project to another team, in which you may create projects. Running work continues. For
    owners of its team. `note` says if its dataset got another name there."""
    row: Project = owned_or_404(request, projects(), project)
    check_manages(request)
    make = lambda data, _: MoveForm(data, user=request.user, project=row)  # noqa: E731
    form = checked(make, body.given)
    try:
        note = actions.move_project(row, form.cleaned_data["team"])
    except actions.AlreadyMoved as error:
        raise Problem(409, str(error)) from error
    return {**rows.project_detail(request, project_of(request, project)), "note": note}


@router.delete("/projects/{number:project}", response={204: None})
def delete_project(request: HttpRequest, project: int) -> Any:
    """Delete a project with its searches, trials and models, permanently."""
    actions.delete_project(restorable_or_404(request, Project.objects.all(), project))
    return Status(204, None)
