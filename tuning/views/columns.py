"""Choosing what is to be predicted from an uploaded table, and from which columns."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from tuning.actions import datasets as actions
from tuning.forms.columns import ColumnsForm
from tuning.models import Dataset
from tuning.models.addresses import is_number

from .access import editable_or_404
from .datasets import detail_page


@require_POST
def dataset_columns(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep what was chosen, then prepare the table, read it again or go to another page."""
    dataset = editable_or_404(request, Dataset.objects.select_related("team"), pk)
    address = reverse("dataset-detail", args=[dataset.pk])
    if not dataset.is_table or not dataset.awaits_choices:
        messages.error(request, "The columns of this dataset were already selected.")
        return redirect(address)
    form = ColumnsForm(request.POST, dataset=dataset, page=request.POST.get("page"))
    if not form.is_valid():
        return detail_page(request, dataset, form, status=422)
    choices, to_page = form.choices(), request.POST.get("to_page", "")
    if is_number(to_page):
        actions.keep_choices(dataset, choices)
        return redirect(f"{address}?page={int(to_page)}#columns")
    if "read_again" in request.POST or form.changes_columns:
        actions.look_again(dataset, choices)
    else:
        actions.prepare_chosen(dataset, choices)
    return redirect(address)
