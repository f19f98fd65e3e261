"""The trials of a search, or of all searches of a project: filters, plots, table. The URL holds the
state of the page."""

from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from tuning.analysis.next_step import actions_of
from tuning.analysis.trials.column_menus import actions_for
from tuning.analysis.trials.columns import Column
from tuning.analysis.trials.facets import facet_of
from tuning.analysis.trials.families import grouped
from tuning.analysis.trials.saved_views import view_of
from tuning.analysis.trials.scope import Scope, project_scope, search_scope
from tuning.analysis.trials.selection import PLAIN, Selection
from tuning.analysis.trials.table import table_of
from tuning.forms.filters import FilterForm
from tuning.forms.searches import ExtendForm
from tuning.models import Project, Search
from tuning.models.addresses import SearchNumbers
from tuning.protocol.statuses import Status

from .access import may_change, visible_or_404
from .scripts import exports_for_scripts
from .shared import key_of, shared_fragment
from .trial_exports import trial_export


@exports_for_scripts
@require_GET
@never_cache
@vary_on_headers("HX-Request")
def trial_list(request: HttpRequest, at: SearchNumbers | int) -> HttpResponseBase:
    """The page; for scripts its changing parts, or 204 if nothing has changed `since`."""
    try:
        scope = scope_of(request, at)
    except NoSearches as empty:
        return render(request, "projects/no_trials.html", _project_head(request, empty.project))
    is_fragment = "HX-Request" in request.headers
    if is_fragment and request.GET.get("since") == str(scope.revision):
        return HttpResponse(status=204)
    # A view is opened by its key alone; the project's default by the bare address.
    if not set(request.GET) - {"view", "format"}:
        view = view_of(request.user, scope.project, request.GET.get("view", ""))
        if view is not None and view.query:
            format = {key: request.GET[key] for key in ("format",) if key in request.GET}
            return _to_list(scope, f"{view.query}&{urlencode({'view': view.pk} | format)}")
    selection = Selection.read(scope, request.GET, request.user)
    if "format" in request.GET:
        return trial_export(request, selection)
    can_edit = may_change(request, scope.project)
    # Scripts on other machines read the table at its whole address.
    address = request.build_absolute_uri(request.path)
    if not is_fragment:
        context = _context(selection, can_edit, address)
        if scope.is_project:
            head = _project_head(request, scope.project)
            return render(request, "projects/trials.html", context | head)
        head = {"extend_form": ExtendForm(search=scope.search)}
        return render(request, "trials/list.html", context | head)
    text = shared_fragment(
        request, scope, "trials/_live_list.html", lambda: _context(selection, can_edit, address),
        can_edit, address, *key_of(selection),
    )  # fmt: skip
    return HttpResponse(text)


@require_GET
@never_cache
@vary_on_headers("HX-Request")
def trial_columns(request: HttpRequest, at: SearchNumbers | int) -> HttpResponse:
    """Which columns are shown, and in which order; with `to=filter` which one to filter by."""
    selection = Selection.read(scope_of(request, at), request.GET, request.user)
    is_filter = request.GET.get("to") == "filter"
    shown = selection.shown[1:]
    hidden = [column for column in selection.columns if column not in selection.shown]
    context = _panel(request, selection, "Add a filter" if is_filter else "Columns") | {
        "lists": [(shown, True), (hidden, False)],
        "columns": selection.columns,
        # Everything but the columns themselves, which are the form's own fields.
        "kept": [pair for pair in selection.pairs(chosen=()) if pair[0] != "column"],
        "grouped": selection.query(chosen=tuple(grouped(shown))),
        "everything": selection.query(chosen=tuple(selection.columns)[1:]),
        "reset": selection.query(chosen=()),
    }
    return _render_panel(
        request, "trials/_filter_list.html" if is_filter else "trials/_columns.html", context
    )


@require_GET
@never_cache
@vary_on_headers("HX-Request")
def trial_column(request: HttpRequest, at: SearchNumbers | int, key: str) -> HttpResponse:
    """What can be done with a column, and its filters. With `apply` they are those of the form."""
    selection = Selection.read(scope_of(request, at), request.GET, request.user)
    column = selection.columns.get(key)
    if column is None:
        raise Http404
    log = {"log": True, "linear": False}.get(request.GET.get("scale", ""))
    facet = facet_of(selection, column, log)
    data = request.GET if "apply" in request.GET else None
    form = FilterForm(data, selection=selection, column=column, facet=facet)
    if data is not None and form.is_valid():
        return _to_list(selection.scope, form.selection.query(page=1))
    context = _panel(request, selection, column.label) | {
        "column": column,
        "form": form,
        "facet": facet,
        "actions": actions_for(selection, column),
        "kept": selection.pairs(page=1),
        "cleared": _emptied(selection, *own) if (own := _own(selection, column)) else "",
    }
    status = 422 if form.errors else 200
    return _render_panel(request, "trials/_column.html", context, status)


def searches() -> QuerySet[Search]:
    return Search.objects.select_related(
        "project__team", "project__dataset", "project__hypermodel"
    ).defer("oracle_state", "project__hypermodel__code")


class NoSearches(Http404):
    """There is no table of a project's trials yet."""

    def __init__(self, project: Project) -> None:
        super().__init__(f"{project} has no searches.")
        self.project = project


def scope_of(request: HttpRequest, at: SearchNumbers | int) -> Scope:
    """The trials of the search at this address; of a project by its key. Raises NoSearches."""
    if not isinstance(at, int):
        return search_scope(visible_or_404(request, searches(), at))
    rows = Project.objects.select_related("team", "dataset", "hypermodel")
    project = visible_or_404(request, rows.defer("hypermodel__code"), at)
    scope = project_scope(project, request.GET.get("objective", ""))
    if scope is None:
        raise NoSearches(project)
    return scope


def _project_head(request: HttpRequest, project: Project) -> dict[str, Any]:
    return {
        "project": project,
        "can_edit": may_change(request, project),
        "ready": project.inspection.status == Status.COMPLETED,
    }


def _context(selection: Selection, can_edit: bool, address: str) -> dict[str, Any]:
    scope = selection.scope
    table = table_of(selection)
    query = selection.query()
    of_search = {} if scope.is_project else {"actions": actions_of(scope.search)}
    return of_search | {
        "scope": scope,
        "search": None if scope.is_project else scope.search,
        "project": scope.project,
        "selection": selection,
        "is_active": scope.is_active,
        "refine_query": f"&{selection.filter_query}" if selection.filters else "",
        "query": query,
        "table": table,
        "chips": [
            {
                "filter": item,
                "without": _emptied(selection, item.key),
                "editor": f"{scope.columns_url}{item.column.key}/?{query}",
                # Only where it helps: which filter is to blame.
                "count": None if table.rows else selection.without(item.key).count,
            }
            for item in selection.filters
        ],
        "cleared": _emptied(selection, *(f.key for f in selection.filters)),
        "view": view_of(selection.user, scope.project, selection.view or PLAIN),
        "can_edit": can_edit,
        "page_address": address,
    }


def _panel(request: HttpRequest, selection: Selection, title: str) -> dict[str, Any]:
    scope = selection.scope
    return {
        "scope": scope,
        "search": None if scope.is_project else scope.search,
        "project": scope.project,
        "selection": selection,
        "query": selection.query(),
        "title": title,
        "can_edit": may_change(request, scope.project),
    }


def _render_panel(
    request: HttpRequest, template: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """For scripts what opens beside the table, else a page of its own."""
    is_fragment = "HX-Request" in request.headers
    page = template if is_fragment else "trials/panel.html"
    return render(request, page, context | {"panel": template}, status=status)


def _own(selection: Selection, column: Column) -> list[str]:
    return [item.key for item in selection.filters if item.column == column]


def _emptied(selection: Selection, *keys: str) -> str:
    """Without these filters. The bare address would open the project's default view."""
    return selection.without(*keys).query() or f"view={PLAIN}"


def _to_list(scope: Scope, query: str) -> HttpResponse:
    query = query or f"view={PLAIN}"
    return redirect(f"{scope.table_url}?{query}")
