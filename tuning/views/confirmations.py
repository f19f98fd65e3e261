"""Confirming the top trials of a search: they run again with other seeds."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from tuning.actions.confirmations import confirm, confirmation_of
from tuning.analysis.confirmation import refusal
from tuning.analysis.plan import plan_info
from tuning.forms.confirmations import ConfirmationForm
from tuning.models import Search
from tuning.models.addresses import SearchNumbers

from .access import editable_or_404


@require_http_methods(["GET", "POST"])
def search_confirm(request: HttpRequest, at: SearchNumbers) -> HttpResponse:
    """GET shows which trials would run again and for how long (`?top=5&runs=3`), POST runs them."""
    rows = Search.objects.select_related("project__dataset", "hypermodel").defer("oracle_state")
    search = editable_or_404(request, rows, at)
    refused = refusal(search)
    given = request.POST if request.method == "POST" else request.GET
    form = ConfirmationForm(given if {"top", "runs"} <= set(given) else None, search=search)
    if request.method == "POST" and not refused and form.is_valid():
        new = confirm(request.user, search, form.trials, form.chosen_runs)
        return redirect("search-detail", new)
    trials = form.trials
    plan = None if refused else plan_info(confirmation_of(search, len(trials), form.chosen_runs))
    context = {
        "search": search, "project": search.project, "form": form, "trials": trials, "plan": plan,
        "refusal": refused,
    }  # fmt: skip
    status = 422 if request.method == "POST" else 200
    return render(request, "searches/confirm.html", context, status=status)
