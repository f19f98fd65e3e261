"""Names and descriptions, edited in place: of projects, searches, datasets, templates and teams."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from tuning.actions.names import rename
from tuning.forms.names import name_form
from tuning.models import Dataset, HyperModel, Project, Search, Team


@dataclass(frozen=True)
class Kind:
    """`rows` gives what a person may rename."""

    model: type[Model]
    noun: str
    page: str
    rows: Callable[[Any], QuerySet[Any]]
    optional: bool = False


KINDS = {
    "project": Kind(Project, "project", "project-detail", Project.objects.editable_by),
    "search": Kind(
        Search, "search", "search-detail",
        lambda user: Search.objects.editable_by(user).defer("oracle_state", "space"), optional=True,
    ),
    "dataset": Kind(Dataset, "dataset", "dataset-detail", Dataset.objects.editable_by),
    "hypermodel": Kind(HyperModel, "template", "hypermodel-detail", HyperModel.objects.editable_by),
    "team": Kind(Team, "team", "team-detail", Team.objects.owned_by),
}  # fmt: skip


@require_http_methods(["GET", "POST"])
def edit_name(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """GET gives the form, with htmx in the place of the title; POST saves."""
    traits = KINDS[kind]
    row = get_object_or_404(traits.rows(request.user), pk=pk)
    form = name_form(traits.model, optional=traits.optional)(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        rename(form.instance, form.changed_data)
        return redirect(traits.page, row.pk)
    in_place = request.htmx and request.method == "GET"  # type: ignore[attr-defined]
    context = {"form": form, "noun": traits.noun, "page": traits.page, "pk": row.pk}
    template = "names/_form.html" if in_place else "names/edit.html"
    return render(request, template, context, status=422 if form.errors else 200)
