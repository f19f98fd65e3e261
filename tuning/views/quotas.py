"""Quotas of teams, for administrators: all of them, and those of one."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from tuning.actions.quotas import set_quotas
from tuning.analysis.quotas import QUOTAS, meters_of
from tuning.forms.quotas import QuotasForm
from tuning.models import Team

from .people import for_administrators

PAGE = 50


@for_administrators
@require_GET
def quota_list(request: HttpRequest) -> HttpResponse:
    page = Paginator(Team.objects.all(), PAGE).get_page(request.GET.get("page"))
    rows = meters_of(list(page))
    context = {"page": page, "rows": rows, "quotas": QUOTAS.values()}
    return render(request, "quotas/list.html", context)


@for_administrators
@require_http_methods(["GET", "POST"])
def team_quotas(request: HttpRequest, pk: int) -> HttpResponse:
    team = get_object_or_404(Team, pk=pk)
    form = QuotasForm(request.POST or None, instance=team)
    if request.method == "POST" and form.is_valid():
        set_quotas(team, form.cleaned_data)
        messages.success(request, f"Quotas of {team} saved.")
        return redirect("quota-list")
    status = 422 if form.errors else 200
    stored = get_object_or_404(Team, pk=pk)
    context = {"team": stored, "form": form, "meters": meters_of([stored])[0].meters}
    return render(request, "quotas/edit.html", context, status=status)
