"""Learning curves: a metric over the epochs, for a trial, a search's running trials, a model. Where
there are no epochs, the scores of the folds."""

from collections.abc import Iterable
from statistics import fmean
from typing import Any

from django.db.models import F, Max, Q, QuerySet

from tuning.models import Epoch, SavedModel, Search, Trial

# (name, epoch, metrics) of one line of the history.
Line = tuple[str, int, dict[str, float | None]]
# Points of one curve: more than a screen has, fewer than a browser minds.
MAX_POINTS = 2000


def running_info(search: Search) -> dict[str, Any]:
    """The objective over the epochs, or the folds, of every trial that trains right now."""
    # Asked for in order, a database may go through all of the search's trials in that order.
    running = list(search.trials.running().order_by().values_list("pk", flat=True))
    rows = Epoch.objects.filter(trial__in=running, attempt=F("trial__attempt")).values_list(
        "trial__number", "execution", "epoch", "metrics"
    )
    curves: dict[str, dict[str, Any]] = {}
    for number, execution, epoch, metrics in sorted(rows.order_by(), key=lambda row: row[:3]):
        name = f"trial {number}"
        if not search.kind.has_epochs:
            epoch = execution + 1
        elif search.executions > 1:
            name += f", {search.part} {execution + 1}"
        curve = curves.setdefault(name, {"name": name, "epochs": [], "values": []})
        curve["epochs"].append(epoch)
        curve["values"].append(metrics.get(search.objective))
    return {
        "metric": search.score_name,
        "x": search.kind.unit,
        "curves": list(curves.values()),
    }


def trial_info(trial: Trial) -> dict[str, Any]:
    """All metrics of a trial's current attempt, a curve for each execution; or its folds. Of one
    that was pruned and began again, also those of the attempt that was pruned."""
    epochs, every = thinned(trial.epochs.filter(attempt=trial.attempt), MAX_POINTS)
    rows = epochs.values_list("execution", "epoch", "metrics")
    if not trial.search.kind.has_epochs:
        return _folds(trial.search, rows)
    found = _of_attempt(trial.search, rows)
    earlier = _of_attempt(trial.search, _pruned_before(trial), f"attempt {trial.pruned_attempt}")
    for plot in earlier["plots"]:
        curves = [{**curve, "pruned": True} for curve in plot["curves"]]
        same = [known for known in found["plots"] if known["metric"] == plot["metric"]]
        if same:
            same[0]["curves"] += curves
        else:
            found["plots"].append({**plot, "curves": curves})
    return {"every": every, **found}


def _of_attempt(
    search: Search, rows: Iterable[tuple[int, int, dict[str, Any]]], name: str = ""
) -> dict[str, Any]:
    several = search.executions > 1

    def named(execution: int) -> str:
        parts = [f"{search.part} {execution + 1}"] if several else []
        return ", ".join([*parts, name] if name else parts)

    lines = ((named(execution), epoch, metrics) for execution, epoch, metrics in rows)
    return grouped(lines, first=search.objective)


def _pruned_before(trial: Trial) -> list[tuple[int, int, dict[str, Any]]]:
    """The epochs of its attempt that was pruned. One that goes on where it stopped has copies of
    them, seconds and all; one that waits for its next attempt shows them as its current ones."""
    if trial.pruned_attempt in (None, trial.attempt):
        return []
    epochs, _ = thinned(trial.epochs.filter(attempt=trial.pruned_attempt), MAX_POINTS)
    rows = list(epochs.values_list("execution", "epoch", "metrics", "seconds"))
    now = trial.epochs.filter(attempt=trial.attempt).values_list("execution", "epoch", "seconds")
    if rows and now.first() == (rows[0][0], rows[0][1], rows[0][3]):
        return []
    return [row[:3] for row in rows]


def thinned(epochs: QuerySet[Epoch], most: int) -> tuple[QuerySet[Epoch], int]:
    """At most about so many epochs of each execution, the last one among them: every n-th, and
    that n."""
    last = epochs.aggregate(last=Max("epoch"))["last"] or 0
    every = -(-last // most) or 1
    if every == 1:
        return epochs, 1
    kept = epochs.annotate(rest=F("epoch") % every).filter(Q(rest=0) | Q(epoch__in=(1, last)))
    return kept, every


def _folds(search: Search, rows: Iterable[tuple[int, int, dict[str, Any]]]) -> dict[str, Any]:
    """A point for each fold, counted from 1, and their mean."""
    scores = {
        execution + 1: value
        for execution, _, metrics in rows
        if (value := metrics.get(search.objective)) is not None
    }
    return {
        "metric": search.score_name,
        "count": search.folds,
        "folds": list(scores),
        "scores": list(scores.values()),
        "mean": fmean(scores.values()) if scores else None,
    }


def saved_model_info(saved_model: SavedModel) -> dict[str, Any]:
    rows = saved_model.history.filter(attempt=saved_model.attempt).values_list("epoch", "metrics")
    return grouped(
        (("", epoch, metrics) for epoch, metrics in rows),
        first=saved_model.trial.search.objective,
    )


def grouped(lines: Iterable[Line], first: str) -> dict[str, Any]:
    """A plot for each metric; its training and validation curves share one.

    The plot of the objective (`first`) comes first, then the loss, then by name.
    """
    plots: dict[str, dict[str, dict[str, Any]]] = {}
    for name, epoch, metrics in lines:
        for metric, value in metrics.items():
            base = metric.removeprefix("val_")
            label = ", ".join(
                part for part in ("validation" if metric != base else "training", name) if part
            )
            curve = plots.setdefault(base, {}).setdefault(
                label,
                {"name": label, "validation": metric != base, "epochs": [], "values": []},
            )
            curve["epochs"].append(epoch)
            curve["values"].append(value)
    order = sorted(plots, key=lambda b: (b != first.removeprefix("val_"), b != "loss", b))
    return {"plots": [{"metric": base, "curves": list(plots[base].values())} for base in order]}
