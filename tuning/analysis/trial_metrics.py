"""The metrics of a trial: at its best epoch and after its last one."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean

from tuning.models import Inspection, Project, Search, Trial
from tuning.models.trial_index import last_metrics
from tuning.protocol.objectives import is_better

Metrics = dict[str, float | None]


@dataclass(frozen=True)
class MetricRow:
    name: str
    best: float | None
    last: float | None
    # Whether it was NaN or infinite, so that no value means this.
    not_finite: bool = False


def metric_rows(trial: Trial) -> list[MetricRow]:
    """The objective first. Of a trial that still trains: so far."""
    if trial.is_active:
        best, last = _best_so_far(trial), last_metrics(trial)
    else:
        best, last = trial.metrics, trial.last_metrics
    names = ordered({*best, *last}, [trial.search.objective])
    bad = set(trial.not_finite or ())
    return [MetricRow(name, best.get(name), last.get(name), name in bad) for name in names]


def score_note(trial: Trial) -> str:
    """Where the score comes from."""
    if not trial.best_epoch:
        return "no score yet" if trial.is_active else "no score"
    search = trial.search
    if not search.has_folds:
        return f"at epoch {trial.best_epoch}"
    text = f"mean of {search.folds} folds"
    if not search.kind.has_epochs:
        return text
    return f"{text}, mean best epoch {trial.best_epoch}, rounded down"


def first_not_finite(trial: Trial) -> str:
    """The first epoch in which a metric was NaN or infinite, in words; empty if that is unknown."""
    if not trial.not_finite:
        return ""
    rows = trial.epochs.filter(attempt=trial.attempt).order_by("epoch")
    epochs = rows.values_list("epoch", "metrics")
    first = next((epoch for epoch, metrics in epochs if None in metrics.values()), None)
    if first is None:
        return ""
    return f"epoch {first}" if trial.search.kind.has_epochs else "a fold"


def ordered(names: Iterable[str], objectives: Iterable[str]) -> list[str]:
    """Objectives first, then what was measured on validation rows, then by name."""
    first = list(objectives)
    return sorted(names, key=lambda name: (name not in first, not name.startswith("val_"), name))


def direction_of(metric: str, searches: Iterable[Search]) -> str | None:
    """Which way a metric improves: as the searches that optimise it say, else as is known of it.
    None if nobody knows or they do not agree."""
    several = list(searches)
    said = {search.direction for search in several if search.objective == metric}
    said = said or {search.direction_of(metric) for search in several} - {""}
    return said.pop() if len(said) == 1 else None


def share_inspections(searches: Iterable[Search]) -> None:
    """Read the inspections of a project's searches at once: directions are looked up in them."""
    run = [search for search in searches if search.runs_here]
    if not run:
        return
    project = Project.objects.filter(pk=run[0].project_id)
    found = Inspection.objects.filter(
        dataset__in=project.values("dataset"), task__in=project.values("task"),
        hypermodel__in={s.hypermodel_id for s in run},
    ).defer("summary", "space")  # fmt: skip
    by_version = {inspection.hypermodel_id: inspection for inspection in found}
    for search in run:
        if search.hypermodel_id in by_version:
            search.inspection = by_version[search.hypermodel_id]


def _best_so_far(trial: Trial) -> Metrics:
    """At the best epoch of each execution, averaged, as KerasTuner will do at the end."""
    search, best = trial.search, dict[int, Metrics]()
    rows = trial.epochs.filter(attempt=trial.attempt).values_list("execution", "metrics")
    for execution, metrics in rows:
        score = metrics.get(search.objective)
        known = best.get(execution, {}).get(search.objective)
        if score is not None and is_better(score, known, search.direction):
            best[execution] = metrics
    found: dict[str, list[float]] = {}
    for metrics in best.values():
        for name, value in metrics.items():
            if value is not None:
                found.setdefault(name, []).append(value)
    return {name: fmean(values) for name, values in found.items()}
