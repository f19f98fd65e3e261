"""Learning curves of several trials: a plot for each metric, a curve for each execution."""

from collections.abc import Sequence
from typing import Any

from tuning.analysis.curves import thinned
from tuning.analysis.trial_metrics import ordered
from tuning.models import Epoch, Trial

from .trials import names_of

# Points of one curve: ten trials of some executions are drawn in every plot.
MAX_POINTS = 400


def curves_info(trials: Sequence[Trial]) -> dict[str, Any]:
    """`trial` of a curve is the trial's place in the comparison. Folds are points of one curve."""
    places = {trial.pk: place for place, trial in enumerate(trials)}
    curves: dict[str, dict[tuple[int, int], dict[str, Any]]] = {}
    every = 1
    for trial in trials:
        epochs, stride = thinned(
            Epoch.objects.filter(trial=trial, attempt=trial.attempt), MAX_POINTS
        )
        every = max(every, stride)
        folds = not trial.search.kind.has_epochs
        for execution, epoch, metrics in epochs.values_list("execution", "epoch", "metrics"):
            place, x = (0, execution + 1) if folds else (execution, epoch)
            for metric, value in metrics.items():
                curve = curves.setdefault(metric, {}).setdefault(
                    (places[trial.pk], place),
                    {"trial": places[trial.pk], "execution": place, "epochs": [], "values": []},
                )
                curve["epochs"].append(x)
                curve["values"].append(value)
    names = ordered(curves, [trial.search.objective for trial in trials])
    return {
        "trials": names_of(trials),
        "every": every,
        "x": "epoch" if any(trial.search.kind.has_epochs for trial in trials) else "fold",
        "plots": [
            {"metric": name, "curves": [curves[name][key] for key in sorted(curves[name])]}
            for name in names
        ],
    }
