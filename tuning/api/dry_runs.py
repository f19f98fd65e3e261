"""Dry runs: what building sampled models says before a search begins. Each person sees their
own."""

from typing import Any

from django.http import HttpRequest
from ninja import Router, Status

from tuning.actions.dry_runs import dry_run_of_space, start_dry_run
from tuning.analysis.dry_runs import Summary
from tuning.forms.estimator_searches import EstimatorSearchForm
from tuning.forms.hypermodels import DatasetForm
from tuning.forms.searches import SearchForm
from tuning.models import DryRun, HyperModel, Inspection
from tuning.views.access import editable_or_404, visible_or_404
from tuning.views.dry_runs import VALIDATE_FIRST, dry_run_of
from tuning.views.search_forms import new_forms, sketch_of

from . import rows
from .bodies import body_of, checked
from .problems import Problem, invalid
from .reading import project_of
from .schemas import DryRunOut
from .searches import check_space, errors_of, search_data

router = Router(tags=["Dry runs"])

# Of what a search would be started with.
DryRunIn = body_of(
    "DryRunIn",
    {**EstimatorSearchForm.base_fields, **SearchForm.base_fields},
    space=(dict[str, Any] | None, None),
)
TemplateDryRunIn = body_of("TemplateDryRunIn", DatasetForm.base_fields)


@router.post("/projects/{number:project}/dry-runs", response={202: DryRunOut})
def start_project_dry_run(request: HttpRequest, project: int, body: DryRunIn) -> Any:
    """Have models of random values built and trained for a few steps, with the settings and the
    `space` that a search would have. It replaces your last one of the same template and dataset."""
    of = project_of(request, project, edit=True)
    check_space(of)
    if refusal := of.inspection.kind.no_dry_run:
        raise Problem(409, refusal)
    given = body.given
    data = search_data(of, given, given.pop("space", None) or {})
    forms = new_forms(of, data, None)
    if not forms.is_valid():
        raise invalid(errors_of(forms))
    return Status(202, _detail(start_dry_run(request.user, dry_run_of(of, sketch_of(of, data)))))


@router.post("/templates/{number:template}/dry-runs", response={202: DryRunOut})
def start_template_dry_run(request: HttpRequest, template: int, body: TemplateDryRunIn) -> Any:
    """Have models of the template's whole space built on a dataset that it was validated with."""
    row = editable_or_404(request, HyperModel.objects.select_related("team"), template)
    make = lambda data, _: DatasetForm(data, user=request.user, hypermodel=row)  # noqa: E731
    dataset = checked(make, body.given).cleaned_data["dataset"]
    known = Inspection.objects.visible_to(request.user).usable()
    inspection = known.filter(hypermodel=row, dataset=dataset).first()
    if inspection is None:
        raise Problem(409, VALIDATE_FIRST)
    if refusal := inspection.kind.no_dry_run:
        raise Problem(409, refusal)
    return Status(202, _detail(dry_run_of_space(request.user, inspection)))


@router.get("/dry-runs/{number:dry_run}", response=DryRunOut)
def show_dry_run(request: HttpRequest, dry_run: int) -> dict[str, Any]:
    """A dry run of yours, as far as it has come."""
    found = DryRun.objects.select_related("inspection").defer("space", "inspection__summary")
    return _detail(visible_or_404(request, found, dry_run))


def _detail(row: DryRun) -> dict[str, Any]:
    summary = Summary(row)
    return {
        **rows.fields(row, "status", "created_at", "finished_at"),
        "id": row.pk,
        "project": row.project_id,
        "template": row.inspection.hypermodel_id,
        "dataset": row.inspection.dataset_id,
        "failure": rows.failure(row),
        "models": row.tried,
        "expected": summary.expected,
        "limits": [] if row.is_active else summary.limits,
    }
