"""What a trial cost: parameters, memory, seconds an epoch."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

from django.db.models import F

from tuning.models import Epoch, Trial
from tuning.models.resource_use import Used


@dataclass(frozen=True)
class Resources:
    """`epoch_seconds` is the median epoch. The first one of each execution is apart, because
    TensorFlow traces the model there; folds have nothing of that kind."""

    parameters: int | None
    used: Used
    epoch_seconds: float | None
    first_seconds: float | None
    total: timedelta | None


def resources_of(trials: Iterable[Trial]) -> list[Resources]:
    """Of each of these trials, with one query. Their searches must be at hand."""
    listed = list(trials)
    first: dict[int, list[float]] = {trial.pk: [] for trial in listed}
    later: dict[int, list[float]] = {trial.pk: [] for trial in listed}
    starts = {trial.pk: None if _folds(trial) else trial.first_epoch + 1 for trial in listed}
    rows = Epoch.objects.filter(trial__in=listed, attempt=F("trial__attempt"))
    for pk, epoch, seconds in rows.values_list("trial", "epoch", "seconds"):
        (first if epoch == starts[pk] else later)[pk].append(seconds)
    return [
        Resources(
            None if _folds(trial) else trial.parameters,
            trial.used,
            median(later[trial.pk]) if later[trial.pk] else None,
            median(first[trial.pk]) if first[trial.pk] else None,
            trial.duration,
        )
        for trial in listed
    ]


def _folds(trial: Trial) -> bool:
    return not trial.search.kind.has_epochs
