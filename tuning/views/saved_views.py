"""Saved views of trial tables: which there are, saving one, changing and deleting it."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST
from django.views.decorators.vary import vary_on_headers

from tuning.actions import saved_views as actions
from tuning.analysis.trials.saved_views import views_of
from tuning.analysis.trials.scope import Scope
from tuning.analysis.trials.selection import PLAIN, Selection
from tuning.forms.saved_views import ChangeViewForm, SaveViewForm
from tuning.models import Membership, Role, SavedView
from tuning.models.addresses import SearchNumbers, is_number
from tuning.models.people import display_name

from .access import may_change, missing_right
from .trial_tables import scope_of


@require_http_methods(["GET", "POST"])
@never_cache
@vary_on_headers("HX-Request")
def view_list(request: HttpRequest, at: SearchNumbers | int) -> HttpResponse:
    """The views of the project; POST saves what is shown as a new one. Everybody who sees the
    trials may keep views of their own."""
    scope = scope_of(request, at)
    query = _query_of(request, scope, request.POST.get("query", request.GET.urlencode()))
    can_edit = may_change(request, scope.project)
    own = scope.project.views.filter(owner=request.user)
    form = SaveViewForm(request.POST or None, can_edit=can_edit, own=own, query=query)
    if form.is_valid():
        given = form.cleaned_data
        view = actions.save_view(
            request.user, scope.project, given["name"], query,
            shared=given.get("shared", False), default=given.get("default", False),
        )  # fmt: skip
        messages.success(request, f"View “{view.name}” saved.")
        return _to_table(scope, query, view)
    views = views_of(request.user, scope.project)
    now = request.GET.get("view", "")
    owns = _owns_team(request, scope.project.team_id)
    context = {
        "scope": scope,
        "search": None if scope.is_project else scope.search,
        "project": scope.project,
        "title": "Views",
        "panel": "trials/_views.html",
        "form": form,
        "query": query,
        "is_plain": now in ("", PLAIN),
        "can_edit": can_edit,
        "views": [
            (view, _is_own(request, view) or (view.shared and owns), str(view.pk) == now)
            for view in views
        ],
    }
    page = "trials/_views.html" if "HX-Request" in request.headers else "trials/panel.html"
    return render(request, page, context, status=422 if form.errors else 200)


@require_POST
def view_change(request: HttpRequest, pk: int) -> HttpResponse:
    """Rename it, share it, make it the default, or overwrite it with what is shown now."""
    view = _changeable_or_404(request, pk)
    scope = _scope_of(request, view)
    form = ChangeViewForm(request.POST, view=view)
    if form.is_valid():
        changes = form.changes
        if changes.get("shared") or changes.get("is_default"):
            _check_may_edit(request, view)
        if "query" in changes:
            changes["query"] = _query_of(request, scope, changes["query"])
        actions.change_view(view, **changes)
        view.refresh_from_db()
        messages.success(request, f"View “{view.name}” updated.")
    else:
        for problems in form.errors.values():
            messages.error(request, " ".join(map(str, problems)))
    return _to_table(scope, view.query, view)


@require_POST
def view_delete(request: HttpRequest, pk: int) -> HttpResponse:
    view = _changeable_or_404(request, pk)
    scope = _scope_of(request, view)
    actions.delete_view(view)
    messages.success(request, f"View “{view.name}” deleted.")
    return _to_table(scope, view.query, None)


def _changeable_or_404(request: HttpRequest, pk: int) -> SavedView:
    shown = SavedView.objects.shown_to(request.user).select_related("project__team")
    view: SavedView | None = shown.filter(pk=pk).first()
    if view is None:
        raise Http404
    if not _is_own(request, view) and not _owns_team(request, view.project.team_id):
        maker = f"{display_name(view.owner)} and " if view.owner else ""
        raise PermissionDenied(f"Only {maker}the owners of the team can change this view.")
    # Its owner may have become a person who only looks, and others open their tables with it.
    if view.shared:
        _check_may_edit(request, view)
    return view


def _check_may_edit(request: HttpRequest, view: SavedView) -> None:
    """For what the whole team sees."""
    if not may_change(request, view.project):
        raise missing_right(request, view.project, Role.EDITOR)


def _is_own(request: HttpRequest, view: SavedView) -> bool:
    return view.owner_id == request.user.pk


def _owns_team(request: HttpRequest, team_id: int) -> bool:
    """Owners of a team may change the views that are shared in it, whoever made them."""
    owners = Membership.objects.filter(team=team_id, role=Role.OWNER)
    return owners.filter(user=request.user.pk).exists()


def _scope_of(request: HttpRequest, view: SavedView) -> Scope:
    """The trials at whose table the person is: of a search (its number), or of the project."""
    requested = request.POST.get("search", "")
    at = SearchNumbers(view.project_id, int(requested)) if is_number(requested) else view.project_id
    return scope_of(request, at)


def _query_of(request: HttpRequest, scope: Scope, text: str) -> str:
    """What a view keeps of an address: no page, and not the view that it came from."""
    selection = Selection.read(scope, QueryDict(text), request.user)
    return selection.query(page=1, view="")


def _to_table(scope: Scope, query: str, view: SavedView | None) -> HttpResponse:
    key: Any = view.pk if view and query else PLAIN
    parts = [query] * bool(query) + [f"view={key}"]
    return redirect(f"{scope.table_url}?{'&'.join(parts)}")
