"""Choosing which arrays of an uploaded .npz file are the inputs and the targets."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from tuning.actions import datasets as actions
from tuning.forms.arrays import ArraysForm
from tuning.models import Dataset

from .access import editable_or_404
from .datasets import detail_page


@require_POST
def dataset_arrays(request: HttpRequest, pk: int) -> HttpResponse:
    """Have the arrays prepared as they were chosen."""
    dataset = editable_or_404(request, Dataset.objects.select_related("team"), pk)
    if not dataset.is_arrays or not dataset.awaits_choices:
        messages.error(request, "The arrays of this dataset were already selected.")
        return redirect("dataset-detail", dataset.pk)
    form = ArraysForm(request.POST, dataset=dataset)
    if not form.is_valid():
        return detail_page(request, dataset, form, status=422)
    actions.prepare_chosen(dataset, form.choices())
    return redirect("dataset-detail", dataset.pk)
