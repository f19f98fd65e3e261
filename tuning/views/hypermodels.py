"""Model templates: the gallery, and one with its code."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from tuning.analysis.known_spaces import known_spaces
from tuning.models import Dataset, HyperModel, Project

from .access import visible_or_404


@require_GET
def hypermodel_list(request: HttpRequest) -> HttpResponse:
    hypermodels = HyperModel.objects.visible_to(request.user).current()
    context = {"templates": known_spaces(request.user, hypermodels)}
    return render(request, "hypermodels/list.html", context)


@require_GET
def hypermodel_detail(request: HttpRequest, pk: int) -> HttpResponse:
    hypermodel = visible_or_404(request, HyperModel.objects.all(), pk)
    projects = Project.objects.visible_to(request.user).filter(hypermodel=hypermodel)
    [known] = known_spaces(request.user, [hypermodel])
    context = {
        "hypermodel": hypermodel,
        "known": known,
        "projects": projects.select_related("dataset"),
        "datasets": [
            dataset
            for dataset in Dataset.objects.visible_to(request.user)
            if hypermodel.fits(dataset)
        ],
    }
    return render(request, "hypermodels/detail.html", context)
