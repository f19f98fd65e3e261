"""What pruning saved: the epochs or folds that pruned trials did not train, and their time."""

from dataclasses import dataclass

from django.db.models import Count, F, Q, Sum
from django.db.models.functions import Greatest

from tuning.figures import counted, duration
from tuning.models import Epoch, Search
from tuning.protocol.statuses import Status

# The time of so many pruned trials, the latest ones, stands for that of all.
MAX_TIMED = 500


@dataclass(frozen=True)
class Savings:
    """Of the `trials` that were pruned, `units` epochs or folds were not trained; `planned` are
    those of all trials that were trained to their end or pruned. `seconds` is an estimate; None
    where no epoch was timed."""

    trials: int
    units: int
    planned: int
    unit: str
    seconds: float | None

    @property
    def percent(self) -> float:
        return 100 * self.units / self.planned

    @property
    def sentence(self) -> str:
        """ "Pruning saved 34 % of the epochs: 120 of 350 planned, about 12 min of training." """
        share = "less than 1 %" if self.percent < 1 else f"{self.percent:.0f} %"
        planned = f"{self.units:,} of {self.planned:,} planned"
        time = f", about {duration(self.seconds)} of training" if self.seconds else ""
        return f"Pruning saved {share} of the {self.unit}s: {planned}{time}."

    @property
    def trials_text(self) -> str:
        return counted(self.trials, "trial")


def savings(search: Search) -> Savings | None:
    """None where no trial was pruned, or those that were had nothing left to train. Three queries,
    however many trials there are."""
    steps = search.epochs * search.executions
    pruned = Q(status=Status.PRUNED)
    # What a custom tuner trains besides is not in the plan.
    counts = search.cells.filter(pruned | Q(status=Status.COMPLETED)).aggregate(
        judged=Count("pk"),
        pruned=Count("pk", filter=pruned),
        units=Sum(Greatest(steps - F("epochs"), 0), filter=pruned),
    )
    if not counts["units"]:
        return None
    seconds = _seconds(search, steps, counts["units"])
    planned = steps * counts["judged"]
    return Savings(counts["pruned"], counts["units"], planned, search.kind.unit, seconds)


def _seconds(search: Search, steps: int, units: int) -> float | None:
    """Each trial would have gone on at its own pace."""
    latest = search.cells.filter(status=Status.PRUNED).order_by("-number")
    pruned = list(latest.values_list("trial", flat=True)[:MAX_TIMED])
    timed = Epoch.objects.filter(trial__in=pruned, attempt=F("trial__attempt")).order_by()
    rows = timed.values_list("trial", "trial__epochs_done")
    paces = rows.annotate(Count("pk"), Sum("seconds"))
    left = [(max(steps - done, 0), seconds / count) for _, done, count, seconds in paces]
    saved = sum(more for more, _ in left)
    return sum(more * pace for more, pace in left) * units / saved if saved else None
