"""The plots of a search's trials, and the trial that opens beside one of them."""

import json
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from tuning.actions.importances import want_importances
from tuning.analysis.notes import star_info
from tuning.analysis.plots import PLOTS
from tuning.analysis.plots.importances import importances_of
from tuning.analysis.trials.selection import Selection
from tuning.models import Trial, Worker
from tuning.models.addresses import SearchNumbers
from tuning.protocol.statuses import Status
from tuning.spaces.hyperparameters import read_space

from .access import visible_or_404
from .shared import key_of, shared_text
from .trial_tables import scope_of


@require_http_methods(["GET", "POST"])
@never_cache
def search_plot(request: HttpRequest, at: SearchNumbers | int, name: str) -> HttpResponse:
    """The figures of one plot for the selection in the address; 204 if there is no news since the
    `version` that an earlier answer had. POST also asks a worker for what takes long to compute."""
    scope = scope_of(request, at)
    plot = PLOTS.get(name)
    if plot is None:
        raise Http404(name)
    selection = Selection.read(scope, request.GET, request.user)
    if request.method == "POST" and name == "importances":
        want_importances(selection)
    version = _version(selection, name)
    if request.GET.get("since") == version:
        return HttpResponse(status=204)

    def make() -> str:
        info = {"version": version, **plot.info(selection)}
        return json.dumps(info, cls=DjangoJSONEncoder, separators=(",", ":"))

    text = shared_text(scope, make, name, version, *key_of(selection))
    return HttpResponse(text, content_type="application/json")


def _version(selection: Selection, name: str) -> str:
    if name != "importances":
        return str(selection.scope.revision)
    row = importances_of(selection)
    if row is None:
        return "none"
    waiting = row.requested_revision > row.for_revision
    online = waiting and Worker.objects.available().exists()
    return f"{row.for_revision}-{waiting:d}-{online:d}"


@require_GET
@never_cache
def trial_card(request: HttpRequest, pk: int) -> HttpResponse:
    """A trial in short, beside the plot in which it was pressed."""
    rows = Trial.objects.select_related("worker", "search__project").defer("search__oracle_state")
    trial = visible_or_404(request, rows, pk)
    star = {"subject": trial, "kind": "trial", **star_info(request.user, trial)}
    return render(request, "trials/_card.html", _card(trial) | star)


def _card(trial: Trial) -> dict[str, Any]:
    search = trial.search
    order = [parameter.name for parameter in read_space(search.space)]
    names = [name for name in order if name in trial.values]
    names += [name for name in trial.values if name not in order]
    metrics = sorted(trial.metrics.items(), key=lambda item: (item[0] != search.objective, item[0]))
    pruned = trial.status == Status.PRUNED
    return {
        "trial": trial,
        "search": search,
        "last_value": trial.last_metrics.get(search.objective) if pruned else None,
        "values": [(name, trial.values[name]) for name in dict.fromkeys(names)],
        "metrics": metrics,
    }
