"""Learning curves of some trials, one for each execution; those of pruned trials are grey."""

from dataclasses import replace
from typing import Any

from django.db.models import F

from tuning.analysis.trials.frame import frame_of
from tuning.analysis.trials.selection import Selection, Sort
from tuning.models import Epoch, Trial
from tuning.protocol.statuses import Status

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
DEFAULT_TRIALS, MAX_TRIALS = 10, 50
# In the address: the keys of the trials that are ticked, repeated.
TRIAL, CHOSEN = "trial", "chosen"


def curves_info(selection: Selection, given: Given) -> dict[str, Any]:
    """Of the trials that are ticked in the table; else of its first ones, in its order, which are
    the best ones if it has none. A chosen count asks for the first ones again."""
    search = selection.search
    chosen = _chosen(selection, given)
    count = given.whole(COUNT.name, 0 if chosen else DEFAULT_TRIALS, MAX_TRIALS)
    frame = _first(selection, count) if count else _columns(chosen[:MAX_TRIALS])
    rows = Epoch.objects.filter(trial__in=frame["pk"], attempt=F("trial__attempt")).order_by(
        "execution", "epoch"
    )
    table = list(rows.values_list("trial_id", "execution", "epoch", "metrics"))
    metrics = sorted({name for *_, found in table for name in found})
    metric = given.text(METRIC.name)
    if metric not in metrics:
        metric = search.objective if search.objective in metrics else next(iter(metrics), "")
    numbers = dict(zip(frame["pk"], frame["number"], strict=True))
    pruned = set(
        Trial.objects.filter(pk__in=frame["pk"], status=Status.PRUNED).values_list("pk", flat=True)
    )
    curves: dict[tuple[int, int], dict[str, Any]] = {
        (pk, execution): {
            "pk": pk, "number": numbers[pk], "execution": execution, "pruned": pk in pruned,
            "epochs": [], "values": [],
        }
        for pk in frame["pk"]
        for execution in sorted({row[1] for row in table if row[0] == pk})
    }  # fmt: skip
    for pk, execution, epoch, found in table:
        curve = curves[pk, execution]
        # Folds are executions of one epoch each.
        curve["epochs"].append(epoch if search.kind.has_epochs else execution + 1)
        curve["values"].append(rounded(found.get(metric)))
    return {
        "pk": frame["pk"],
        "number": frame["number"],
        "total": selection.count,
        "note": _note(len(numbers), selection) if count else _note_of_chosen(len(chosen)),
        "metric": metric,
        "used": {METRIC.name: [metric], COUNT.name: [str(count) if count else CHOSEN]},
        "choices": {
            METRIC.name: [(name, name) for name in metrics],
            COUNT.name: [*([(CHOSEN, "selected trials")] if chosen else []), *COUNT.choices],
        },
        "x": search.kind.unit,
        "several": any(each.executions > 1 for each in selection.scope.searches),
        "curves": [
            curve for curve in curves.values() if any(v is not None for v in curve["values"])
        ],
    }


def _chosen(selection: Selection, given: Given) -> list[tuple[int, int]]:
    """Keys and numbers of the trials in the address, in its order, as far as they are this
    search's. Whether a filter leaves them does not matter: they were picked one by one."""
    keys = [key for key in given.texts(TRIAL) if key.isascii() and key.isdecimal()]
    requested = dict.fromkeys(int(key) for key in keys if len(key) < 16)
    rows = selection.scope.trials().filter(pk__in=list(requested)[: MAX_TRIALS + 1])
    numbers = dict(rows.values_list("pk", "number"))
    return [(pk, numbers[pk]) for pk in requested if pk in numbers]


def _columns(trials: list[tuple[int, int]]) -> dict[str, list[Any]]:
    return {"pk": [pk for pk, _ in trials], "number": [number for _, number in trials]}


def _first(selection: Selection, count: int) -> dict[str, list[Any]]:
    best = replace(selection, sort=(Sort(selection.columns["score"]),))
    return frame_of(selection if selection.sort else best, ["number"], order=True, limit=count)


def _note_of_chosen(count: int) -> str:
    return f"Only the first {MAX_TRIALS} of the selected trials." if count > MAX_TRIALS else ""


def _note(shown: int, selection: Selection) -> str:
    if shown >= selection.count:
        return ""
    order = "in table order" if selection.sort else "with the best scores"
    return f"The first {shown} of {selection.count:,} trials, {order}."
