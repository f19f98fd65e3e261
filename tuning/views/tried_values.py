"""Trying values: a trial whose values a person enters."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from tuning.actions.searches import refusal_to_try, try_values
from tuning.forms.tried_values import TriedValuesForm, start_of
from tuning.models import Search
from tuning.models.addresses import SearchNumbers

from .access import editable_or_404


@require_http_methods(["GET", "POST"])
def search_try(request: HttpRequest, at: SearchNumbers) -> HttpResponse:
    """GET shows the values to begin with (of a trial, `?from=7`), POST runs a trial of them."""
    rows = Search.objects.select_related("project").defer("oracle_state").run_here()
    search = editable_or_404(request, rows, at)
    start, trial = start_of(search, request.GET.get("from", ""))
    form = TriedValuesForm(request.POST or None, search=search, start=start)
    refusal = refusal_to_try(search)
    if request.method == "POST" and not refusal and form.is_valid():
        made = try_values(search, form.cleaned_data["values"], form.cleaned_data["seen"])
        return redirect("trial-detail", made) if made else redirect("search-try", search)
    context = {
        "search": search, "project": search.project, "form": form, "trial": trial,
        "refusal": refusal,
    }  # fmt: skip
    status = 422 if request.method == "POST" else 200
    return render(request, "searches/try.html", context, status=status)
