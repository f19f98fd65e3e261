"""Learning curves of the chosen trials, one for each execution."""

from dataclasses import replace
from typing import Any

from django.db.models import F

from tuning.analysis.trials.frame import frame_of
from tuning.analysis.trials.selection import Selection, Sort
from tuning.models import Epoch

from .given import Given, Option
from .points import rounded

METRIC = Option("metric", "Metric", "choice")
COUNT = Option(
    "count", "Trials", "choice",
    choices=(("10", "10"), ("5", "5"), ("25", "25"), ("50", "50")),
)  # fmt: skip
# How much of a point comes from those before it: drawn by the script.
SMOOTHING = Option("smoothing", "Smoothing", "share", most=0.95, step=0.05)
LOG = Option("log", "Log axis", "switch")
BY_ITSELF, MOST = 10, 50


def curves_info(selection: Selection, given: Given) -> dict[str, Any]:
    """Of the first trials of the table, in its order; the best ones if it has none."""
    search = selection.search
    ordered = selection if selection.sort else _best_first(selection)
    count = given.whole(COUNT.name, BY_ITSELF, MOST)
    frame = frame_of(ordered, ["number"], order=True, limit=count)
    rows = Epoch.objects.filter(trial__in=frame["pk"], attempt=F("trial__attempt")).order_by(
        "execution", "epoch"
    )
    table = list(rows.values_list("trial_id", "execution", "epoch", "metrics"))
    metrics = sorted({name for *_, found in table for name in found})
    metric = given.text(METRIC.name)
    if metric not in metrics:
        metric = search.objective if search.objective in metrics else next(iter(metrics), "")
    numbers = dict(zip(frame["pk"], frame["number"], strict=True))
    curves: dict[tuple[int, int], dict[str, Any]] = {
        (pk, execution): {
            "pk": pk, "number": numbers[pk], "execution": execution, "epochs": [], "values": [],
        }
        for pk in frame["pk"]
        for execution in sorted({row[1] for row in table if row[0] == pk})
    }  # fmt: skip
    for pk, execution, epoch, found in table:
        curve = curves[pk, execution]
        # Folds are executions of one epoch each.
        curve["epochs"].append(execution + 1 if search.is_cross_validated else epoch)
        curve["values"].append(rounded(found.get(metric)))
    return {
        "pk": frame["pk"],
        "number": frame["number"],
        "total": selection.count,
        "note": _note(len(numbers), selection),
        "metric": metric,
        "used": {METRIC.name: [metric], COUNT.name: [str(count)]},
        "choices": {METRIC.name: [(name, name) for name in metrics]},
        "x": "fold" if search.is_cross_validated else "epoch",
        "several": search.executions_per_trial > 1,
        "curves": [
            curve for curve in curves.values() if any(v is not None for v in curve["values"])
        ],
    }


def _best_first(selection: Selection) -> Selection:
    return replace(selection, sort=(Sort(selection.columns["score"]),))


def _note(shown: int, selection: Selection) -> str:
    if shown >= selection.count:
        return ""
    order = "as the table is sorted" if selection.sort else "with the best scores"
    return f"The first {shown} of {selection.count:,} trials, {order}."
