"""Whether a trial's score was far worse at its end than at its best: it diverged.

Validation losses rise a little wherever a network overfits, which is no news. Three things have to
hold, none of which depends on a metric's scale:

- the end is far from the best: a loss more than tripled, or a score lost more than half of itself;
- the end is worse than the first epoch, so that the training as a whole did harm;
- it is worse by more than the training had gained until its best epoch.
"""

from dataclasses import dataclass
from statistics import fmean

from django.db.models import Max

from tuning.figures import figure
from tuning.models import Search, Trial

# How much of the best value may be lost: twice of a loss, which then has tripled; half of a score.
TOLERATED = {Search.Direction.MIN: 2.0, Search.Direction.MAX: 0.5}


@dataclass(frozen=True)
class Decline:
    """The objective at its best epoch and at the last one; epochs count from the model's start."""

    metric: str
    direction: str
    best: float
    last: float
    best_epoch: int
    last_epoch: int

    @property
    def sentence(self) -> str:
        way = "rose" if self.last > self.best else "fell"
        return (
            f"Best at epoch {self.best_epoch} of {self.last_epoch}: afterwards {self.metric} {way} "
            f"from {figure(self.best)} to {figure(self.last)}."
        )


def is_far_worse(direction: str, first: float, best: float, last: float) -> bool:
    """Whether training went from `first` over `best` to a `last` that is far worse."""
    sign = 1 if direction == Search.Direction.MIN else -1
    lost, gained = sign * (last - best), sign * (first - best)
    far = lost > TOLERATED[Search.Direction(direction)] * abs(best)
    # Worse than the first epoch by more than the gain: the gain is lost twice.
    return far and lost > 2 * gained


def decline_of(trial: Trial) -> Decline | None:
    """Of a completed trial with epochs. Two queries if the end is worse than the best."""
    search = trial.search
    best, last = trial.score, trial.last_metrics.get(search.objective)
    if not search.kind.has_epochs or best is None or last is None or not trial.best_epoch:
        return None
    # Without a gain, the weakest that the rule asks for: nearly all trials end here.
    if not is_far_worse(search.direction, best, best, last):
        return None
    epochs = trial.epochs.filter(attempt=trial.attempt)
    last_epoch = epochs.aggregate(last=Max("epoch"))["last"]
    rows = epochs.filter(epoch=trial.first_epoch + 1).values_list("metrics", flat=True)
    values = [value for metrics in rows if (value := metrics.get(search.objective)) is not None]
    first = fmean(values) if values else best
    if not is_far_worse(search.direction, first, best, last):
        return None
    return Decline(search.objective, search.direction, best, last, trial.best_epoch, last_epoch)
