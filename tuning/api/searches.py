"""Searches."""

from collections.abc import Callable
from typing import Any

from django.forms import IntegerField
from django.http import HttpRequest, QueryDict
from django.http.response import HttpResponseBase
from ninja import Router, Status

from tuning.actions import searches as actions
from tuning.analysis.limits import LIMITS
from tuning.analysis.refinement import Beginning, beginning, import_refusal
from tuning.forms.estimator_searches import EstimatorSearchForm
from tuning.forms.limits import LimitsForm, limit_field
from tuning.forms.script_searches import ScriptSearchForm
from tuning.forms.searches import ExtendForm, GpuForm, PriorityForm, SearchForm
from tuning.models import Project, Search
from tuning.models.addresses import SearchNumbers
from tuning.protocol.statuses import Status as WorkStatus
from tuning.views.search_forms import Forms, judged, new_forms, start
from tuning.views.tensorboard import search_tensorboard

from . import rows
from .bodies import api_names, body_of, checked, form_data
from .changes import name_body, rename_row
from .paging import Cursor, Limit, Page, page_of
from .problems import FieldError, Problem, form_errors, invalid
from .reading import project_of, search_of
from .schemas import SearchDetail, SearchOut
from .serving import check_etag
from .spaces import configurations, space_data, space_errors

router = Router(tags=["Searches"])

_SEARCH = "/projects/{number:project}/searches/{number:search}"

# Which of the settings apply depends on what the template builds.
SearchIn = body_of(
    "SearchIn",
    {
        **EstimatorSearchForm.base_fields,
        **ScriptSearchForm.base_fields,
        **SearchForm.base_fields,
    },
    space=(dict[str, Any] | None, None),
    search=(int | None, None),
    warm_start=(bool | None, None),
    enqueue=(list[dict[str, Any]] | None, None),
)
SearchChange = name_body(
    "SearchChange",
    Search,
    {limit.name: limit_field(limit) for limit in LIMITS}
    | PriorityForm.base_fields
    | GpuForm.base_fields,
)
_MORE = {"more": IntegerField(label="More trials, or Hyperband iterations.")}
ExtendIn = body_of("ExtendIn", {**ExtendForm.base_fields, **_MORE})


@router.get("/projects/{number:project}/searches", response=Page[SearchOut])
def list_searches(
    request: HttpRequest, project: int, name: str = "", limit: Limit = 100, cursor: Cursor = ""
) -> dict[str, Any]:
    """The searches of a project, the newest first. `name` finds those with a name."""
    found = project_of(request, project).searches.for_list().defer("oracle_state", "space")
    found = found.filter(name=name) if name else found
    return page_of(request, found, lambda row: rows.search(request, row), limit, cursor)


@router.get(_SEARCH, response=SearchDetail)
def show_search(request: HttpRequest, project: int, search: int) -> dict[str, Any]:
    """A search with its settings, its search space and its best trial. Its ETag changes with each
    change that its page would show."""
    row = search_of(request, project, search)
    check_etag(request, "search", row.pk, row.revision)
    return detail_of(request, row)


def detail_of(request: HttpRequest, search: Search) -> dict[str, Any]:
    """Read anew, with the counts of its trials."""
    row = Search.objects.for_list().defer("oracle_state").get(pk=search.pk)
    return rows.search_detail(request, row)


@router.post("/projects/{number:project}/searches", response={201: SearchDetail})
def create_search(request: HttpRequest, project: int, body: SearchIn) -> Any:
    """Start a search. What the body leaves out is as the form of the page proposes it. `space`
    edits hyperparameters by name: a range `{"low": 8, "high": 32}`, a list of values, or a single
    value. `search` is the number of an earlier search to begin with; `enqueue` are configurations
    to run first."""
    of = project_of(request, project, edit=True)
    check_space(of)
    given = body.given
    edits, enqueue = given.pop("space", None) or {}, given.pop("enqueue", None) or []
    earlier, warm = given.pop("search", None), given.pop("warm_start", None)
    begun = None
    if earlier is not None:
        begun = _beginning(request, of, earlier)
    data = search_data(of, given, edits, begun)
    if warm:
        data["warm_start"] = "on"
    forms = new_forms(of, data, begun)
    valid, context = judged(of, forms)
    if not valid:
        raise invalid(errors_of(forms))
    first = configurations(forms.space.space, enqueue)
    made = start(request.user, forms, context, first)
    return Status(201, detail_of(request, made))


def check_space(project: Project) -> None:
    """Raises Problem before the template was validated."""
    if project.inspection.status != WorkStatus.COMPLETED:
        raise Problem(409, "The search space is not available yet.")


def search_data(
    project: Project, given: dict[str, Any], edits: dict[str, Any], begun: Beginning | None = None
) -> QueryDict:
    """What a browser would send of the form with these settings and edits. Raises Problem."""
    blank = new_forms(project, None, begun)
    data = form_data(blank.search, given)
    for name, texts in space_data(blank.space, edits).lists():
        data.setlist(name, texts)
    return data


def errors_of(forms: Forms) -> list[FieldError]:
    return api_names(form_errors(forms.search.errors)) + space_errors(forms.space)


@router.patch(_SEARCH, response=SearchDetail)
def change_search(request: HttpRequest, project: int, search: int, body: SearchChange) -> Any:
    """Rename or describe a search, or change its limits, its priority or whether it needs a
    GPU."""
    row = search_of(request, project, search, edit=True)
    given = body.given
    names = {name: given.pop(name) for name in ("name", "description") if name in given}
    if "priority" in given:
        priority = {"priority": given.pop("priority")}
        form = checked(lambda data, _: PriorityForm(data), priority)
        actions.set_priority(row, form.cleaned_data["priority"])
    if "gpu" in given:
        if not row.may_use_gpu:
            raise Problem(409, "Trials of this search cannot use a GPU.")
        form = checked(lambda data, _: GpuForm(data), {"gpu": given.pop("gpu")})
        actions.set_gpu(row, form.cleaned_data["gpu"])
    if given:
        form = checked(lambda data, _: LimitsForm(data, search=row), given)
        if form.changes and not actions.change_limits(row, form.changes):
            raise Problem(409, _ended(row))
    rename_row(row, names)
    return detail_of(request, row)


@router.get(_SEARCH + "/tensorboard.zip")
def export_tensorboard(request: HttpRequest, project: int, search: int) -> HttpResponseBase:
    """A log folder for TensorBoard with all trials, as a .zip archive."""
    return search_tensorboard(request, SearchNumbers(project, search))


@router.post(_SEARCH + "/pause", response=SearchDetail)
def pause_search(request: HttpRequest, project: int, search: int) -> Any:
    """Start no new trials; those that run go on to their end."""
    return _changed(request, _begun_here(request, project, search), actions.pause_search, "paused")


@router.post(_SEARCH + "/resume", response=SearchDetail)
def resume_search(request: HttpRequest, project: int, search: int) -> Any:
    """Go on with a paused search."""
    return _changed(
        request, _begun_here(request, project, search), actions.resume_search, "running"
    )


@router.post(_SEARCH + "/stop", response=SearchDetail)
def stop_search(request: HttpRequest, project: int, search: int) -> Any:
    """End a search with its running trials."""
    return _changed(request, _begun_here(request, project, search), actions.stop_search, "stopped")


@router.post(_SEARCH + "/extend", response=SearchDetail)
def extend_search(request: HttpRequest, project: int, search: int, body: ExtendIn) -> Any:
    """Run `more` further trials (Hyperband: iterations), also after the search has ended. With
    `seen`, the limit that you know, a repeated request changes nothing."""
    row = _begun_here(request, project, search)
    form = checked(lambda data, _: ExtendForm(data, search=row), body.given)
    actions.extend_search(row, form.cleaned_data["more"], form.cleaned_data["seen"])
    return detail_of(request, row)


@router.delete(_SEARCH, response={204: None})
def delete_search(request: HttpRequest, project: int, search: int) -> Any:
    """Delete a search with its trials and the models retrained from them, permanently."""
    actions.delete_search(search_of(request, project, search, edit=True))
    return Status(204, None)


def _begun_here(request: HttpRequest, project: int, search: int) -> Search:
    """Imported searches have ended before."""
    row = search_of(request, project, search, edit=True)
    if row.is_imported:
        raise Problem(409, row.no_code_text)
    return row


def _changed(
    request: HttpRequest, search: Search, change: Callable[[Search], bool], status: str
) -> dict[str, Any]:
    """What is asked for twice is done once; a search that has ended is refused."""
    if not change(search):
        search.refresh_from_db(fields=["status"])
        if search.status != status:
            raise Problem(409, _ended(search))
    return detail_of(request, search)


def _ended(search: Search) -> str:
    return f"The search is {search.get_status_display().lower()}."


def _beginning(request: HttpRequest, project: Project, number: int) -> Beginning:
    found = Search.objects.filter(project=project, number=number).defer("oracle_state").first()
    if found is None:
        raise invalid([FieldError("search", f"The project has no search {number}.")])
    if refusal := import_refusal(found, project.inspection.space):
        raise invalid([FieldError("search", refusal)])
    return beginning(found, QueryDict(), request.user)
