"""Model templates: the gallery, and one with its code."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from tuning.analysis.space import combinations, read_space
from tuning.models import Dataset, HyperModel, Inspection, Project

from .access import visible_or_404


@require_GET
def hypermodel_list(request: HttpRequest) -> HttpResponse:
    context = {"hypermodels": HyperModel.objects.visible_to(request.user).current()}
    return render(request, "hypermodels/list.html", context)


@require_GET
def hypermodel_detail(request: HttpRequest, pk: int) -> HttpResponse:
    hypermodel = visible_or_404(request, HyperModel.objects.all(), pk)
    projects = Project.objects.visible_to(request.user).filter(hypermodel=hypermodel)
    inspection = (
        Inspection.objects.completed()
        .filter(project__in=projects)
        .select_related("project__dataset")
        .first()
    )
    space = read_space(inspection.space) if inspection else []
    context = {
        "hypermodel": hypermodel,
        "inspection": inspection,
        "space": space,
        "combinations": combinations(space),
        "projects": projects.select_related("dataset"),
        "datasets": [
            dataset
            for dataset in Dataset.objects.visible_to(request.user)
            if hypermodel.fits(dataset)
        ],
    }
    return render(request, "hypermodels/detail.html", context)
