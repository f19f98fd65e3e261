"""What pruning saved: the epochs or folds that pruned trials did not train, and their time."""

from dataclasses import dataclass

from django.db.models import Avg, Count, F, Q, Sum
from django.db.models.functions import Greatest

from tuning.figures import counted, duration
from tuning.models import Epoch, Search
from tuning.protocol.statuses import Status

# The epochs of so many trials, the latest ones, say how long epochs take.
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
    """None where no trial was pruned, or those that were had nothing left to train. Few queries,
    however many trials there are."""
    steps = search.epochs * search.executions
    pruned = Q(status=Status.PRUNED)
    # What a custom tuner trains besides is not in the plan.
    counts = search.index_rows.filter(pruned | Q(status=Status.COMPLETED)).aggregate(
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
    """Each trial would have gone on at its own pace. First epochs are slow, because the model is
    traced in them: they say nothing about later ones. Where a trial has no others, what the other
    trials' later ones took on average."""
    judged = (Status.PRUNED, Status.COMPLETED)
    latest = search.index_rows.filter(status__in=judged).order_by("-number")
    keys = list(latest.values_list("trial", flat=True)[:MAX_TIMED])
    timed = Epoch.objects.filter(trial__in=keys, attempt=F("trial__attempt")).order_by()
    later = timed.filter(epoch__gt=1) if search.kind.has_epochs else timed
    usual = later.aggregate(mean=Avg("seconds"))["mean"]
    paces = dict(later.values_list("trial").annotate(mean=Avg("seconds")))
    pruned = search.index_rows.filter(status=Status.PRUNED, trial__in=keys)
    left = [
        (max(steps - (done or 0), 0), paces.get(trial, usual))
        for trial, done in pruned.values_list("trial", "epochs")
    ]
    timed_left = [(more, pace) for more, pace in left if pace is not None]
    saved = sum(more for more, _ in timed_left)
    return sum(more * pace for more, pace in timed_left) * units / saved if saved else None
