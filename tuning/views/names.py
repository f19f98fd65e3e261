"""Names and descriptions, edited in place: of projects, searches, models, datasets, templates and
teams."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from tuning.actions.names import rename
from tuning.forms.names import name_form
from tuning.models import Dataset, HyperModel, Project, SavedModel, Search, Team
from tuning.models.addresses import Address

from .access import editable_or_404, owned_or_404


@dataclass(frozen=True)
class Kind:
    """`reach` gives the row to those who may rename it. `without`: what pages call those that have
    no name; empty where a name is required."""

    rows: QuerySet[Any]
    noun: str
    page: str
    reach: Callable[[HttpRequest, QuerySet[Any], Address], Any] = editable_or_404
    without: str = ""

    def address(self, row: Any) -> str:
        numbered = isinstance(row, Search | SavedModel)
        return reverse(self.page, args=[row if numbered else row.pk])


KINDS = {
    "project": Kind(Project.objects.all(), "project", "project-detail"),
    "search": Kind(
        Search.objects.defer("oracle_state", "space"),
        "search",
        "search-detail",
        without="strategy and number of hyperparameters",
    ),
    "dataset": Kind(Dataset.objects.all(), "dataset", "dataset-detail"),
    "hypermodel": Kind(HyperModel.objects.all(), "template", "hypermodel-detail"),
    "saved-model": Kind(
        SavedModel.objects.all(), "model", "saved-model-detail", without="its number"
    ),
    "team": Kind(Team.objects.all(), "team", "team-detail", reach=owned_or_404),
}


@require_http_methods(["GET", "POST"])
def edit_name(request: HttpRequest, kind: str, at: Address) -> HttpResponse:
    """GET gives the form, with htmx in the place of the title; POST saves."""
    traits = KINDS[kind]
    row = traits.reach(request, traits.rows, at)
    form = name_form(traits.rows.model, without=traits.without)(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        rename(form.instance, form.changed_data)
        return redirect(traits.address(row))
    in_place = request.htmx and request.method == "GET"  # type: ignore[attr-defined]
    context = {"form": form, "noun": traits.noun, "address": traits.address(row)}
    template = "names/_form.html" if in_place else "names/edit.html"
    return render(request, template, context, status=422 if form.errors else 200)
