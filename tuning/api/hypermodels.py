"""Model templates."""

from typing import Any

from django.http import HttpRequest
from ninja import Router, Status

from tuning.actions import hypermodels as actions
from tuning.figures import counted
from tuning.forms.hypermodels import DatasetForm, HyperModelForm
from tuning.models import Dataset, HyperModel, Team
from tuning.views.access import editable_or_404, team_for_new, visible_or_404

from . import rows
from .bodies import body_of, checked
from .changes import check_may_create, name_body, rename_row
from .paging import Cursor, Limit, Page, page_of
from .problems import Problem
from .schemas import TemplateOut, TemplateWithCode

router = Router(tags=["Templates"])

TemplateIn = body_of("TemplateIn", HyperModelForm.base_fields, without=["file"])
VersionIn = body_of("VersionIn", HyperModelForm.base_fields, without=["file", "team"])
TemplateChange = name_body("TemplateChange", HyperModel)
ValidationIn = body_of("ValidationIn", DatasetForm.base_fields)


@router.get("/templates", response=Page[TemplateOut])
def list_templates(
    request: HttpRequest, name: str = "", limit: Limit = 100, cursor: Cursor = ""
) -> dict[str, Any]:
    """The newest version of each template, built-in ones and those of your teams."""
    found = HyperModel.objects.offered_to(request.user).select_related("team")
    found = found.filter(name=name) if name else found
    make = lambda row: rows.template(request, row)  # noqa: E731
    return page_of(request, found.defer("code"), make, limit, cursor)


@router.get("/templates/{number:template}", response=TemplateWithCode)
def show_template(request: HttpRequest, template: int) -> dict[str, Any]:
    """A version of a template with its code."""
    row = visible_or_404(request, HyperModel.objects.select_related("team"), template)
    return rows.template(request, row) | {"code": row.code}


@router.post("/templates", response={201: TemplateWithCode})
def create_template(request: HttpRequest, body: TemplateIn) -> Any:
    """Add a template. With a `dataset`, a worker validates it on that dataset. `constants` are
    lines such as `depth = 3`."""
    check_may_create(request)
    team = team_for_new(request)
    form = checked(lambda data, _: HyperModelForm(data, user=request.user, team=team), body.given)
    row = form.save(commit=False)
    row.code, row.constants = form.cleaned_data["code"], form.cleaned_data["constants"]
    actions.create_hypermodel(request.user, row)
    return Status(201, _validated(request, row, form.cleaned_data["dataset"]))


@router.post("/templates/{number:template}/versions", response={201: TemplateWithCode})
def create_version(request: HttpRequest, template: int, body: VersionIn) -> Any:
    """Change a template. Changed code or constants are a new version, with a new `id`: projects
    keep theirs."""
    row = _editable(request, template)
    current = HyperModel.objects.versions_of(row).select_related("team")[0]

    def make(data: Any, _: Any) -> HyperModelForm:
        return HyperModelForm(
            data, instance=current, user=request.user, team=current.team or Team()
        )

    known = {"name": current.name, "kinds": current.kinds, "gpu": current.gpu}
    form = checked(make, known | body.given)
    changed = actions.change_hypermodel(request.user, current, form.cleaned_data)
    return Status(201, _validated(request, changed, form.cleaned_data["dataset"]))


@router.post("/templates/{number:template}/validate", response={202: TemplateOut})
def validate_template(request: HttpRequest, template: int, body: ValidationIn) -> Any:
    """Have a worker build models of the template for a dataset."""
    row = _editable(request, template)
    form = checked(lambda data, _: DatasetForm(data, user=request.user, hypermodel=row), body.given)
    actions.inspect(row, form.cleaned_data["dataset"])
    return Status(202, rows.template(request, row))


@router.patch("/templates/{number:template}", response=TemplateOut)
def change_template(request: HttpRequest, template: int, body: TemplateChange) -> Any:
    """Rename or describe a template, with all its versions."""
    row = _editable(request, template)
    rename_row(row, body.given)
    return rows.template(request, row)


@router.delete("/templates/{number:template}", response={204: None})
def delete_template(request: HttpRequest, template: int) -> Any:
    """Delete all versions of a template that no project uses, permanently."""
    try:
        actions.delete_hypermodel(_editable(request, template))
    except actions.InUse as error:
        uses = counted(error.projects, "project")
        raise Problem(409, f"The template is used by {uses}. Delete them first.") from error
    return Status(204, None)


def _editable(request: HttpRequest, template: int) -> HyperModel:
    row: HyperModel = editable_or_404(request, HyperModel.objects.select_related("team"), template)
    return row


def _validated(request: HttpRequest, row: HyperModel, dataset: Dataset | None) -> dict[str, Any]:
    if dataset is not None:
        actions.inspect(row, dataset)
    return rows.template(request, row) | {"code": row.code}
