"""What operations of several kinds look up."""

from django.db.models import QuerySet
from django.http import HttpRequest

from tuning.models import Project, SavedModel, Search, Trial
from tuning.models.addresses import ModelNumbers, SearchNumbers, TrialNumbers
from tuning.views.access import editable_or_404, visible_or_404

_TEXTS = ("layers", "log_tail", "failure_traceback")


def projects() -> QuerySet[Project]:
    return Project.objects.select_related("team", "dataset", "hypermodel").defer("hypermodel__code")


def searches() -> QuerySet[Search]:
    parts = ("project__team", "project__dataset", "project__hypermodel")
    return Search.objects.select_related(*parts).defer("oracle_state", "project__hypermodel__code")


def trials() -> QuerySet[Trial]:
    heavy = ("search__oracle_state", "search__project__hypermodel__code", *_TEXTS)
    parts = ("project__team", "project__dataset", "project__hypermodel")
    related = ("worker", *(f"search__{part}" for part in parts))
    return Trial.objects.select_related(*related).defer(*heavy)


def saved_models() -> QuerySet[SavedModel]:
    heavy = ("trial__search__oracle_state", "trial__search__space", *_TEXTS)
    return SavedModel.objects.select_related("project__team", "trial__search").defer(*heavy)


def project_of(request: HttpRequest, project: int, edit: bool = False) -> Project:
    reach = editable_or_404 if edit else visible_or_404
    found: Project = reach(request, projects(), project)
    return found


def search_of(request: HttpRequest, project: int, search: int, edit: bool = False) -> Search:
    reach = editable_or_404 if edit else visible_or_404
    found: Search = reach(request, searches(), SearchNumbers(project, search))
    return found


def trial_of(
    request: HttpRequest, project: int, search: int, trial: int, edit: bool = False
) -> Trial:
    at = TrialNumbers(SearchNumbers(project, search), trial)
    found: Trial = (editable_or_404 if edit else visible_or_404)(request, trials(), at)
    return found


def saved_model_of(
    request: HttpRequest, project: int, model: int, edit: bool = False
) -> SavedModel:
    reach = editable_or_404 if edit else visible_or_404
    found: SavedModel = reach(request, saved_models(), ModelNumbers(project, model))
    return found
