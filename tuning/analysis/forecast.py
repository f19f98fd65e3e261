"""How long a search takes, as a range: from the trials that have ended, never from a guess.

Forecasts (`analysis/forecast.py`) are ranges between quartiles of what up to 50 ended trials
took, and nothing below three trials. Before a search starts, an epoch and what a trial takes
besides its epochs are taken apart, so that trials of two epochs do not overestimate trials of
fifty.
"""

import statistics
from dataclasses import dataclass

from django.db.models import Count, F, Sum

from tuning.figures import counted, duration, size
from tuning.models import Search, Trial, TrialIndex, Worker
from tuning.protocol.statuses import FINISHED, SearchStatus, Status
from tuning.strategies import hyperband_plan, pruners

from .limits import seconds_left

# Fewer tell nothing about how much trials differ.
MIN_TRIALS = 3
# The latest ones: the machines may have changed since older ones.
MAX_TRIALS = 50
FLOAT_BYTES = 4
# Adam keeps two numbers for each weight, plain SGD none.
CHECKPOINT_NUMBERS = (1, 3)


@dataclass(frozen=True)
class Range:
    low: float
    high: float

    def times(self, factor: float) -> "Range":
        return Range(self.low * factor, self.high * factor)

    def plus(self, other: "Range") -> "Range":
        return Range(self.low + other.low, self.high + other.high)

    @property
    def duration_text(self) -> str:
        """ "12 min to 20 min", "about 40 s", "up to 2 h"."""
        low, high = duration(self.low), duration(self.high)
        if self.low <= 0:
            return f"up to {high}"
        return f"about {high}" if low == high else f"{low} to {high}"


@dataclass(frozen=True)
class Estimate:
    """Of a search that has not started: its time, and from how many trials that is known."""

    time: Range
    trials: int

    @property
    def text(self) -> str:
        return f"{self.time.duration_text}, based on {counted(self.trials, 'earlier trial')}"


def quartiles(values: list[float]) -> Range | None:
    """The first and the third, widened to the mean, which sums of many trials approach."""
    if len(values) < MIN_TRIALS:
        return None
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    mean = statistics.fmean(values)
    return Range(min(low, mean), max(high, mean))


def time_left(search: Search, counts: dict[Status, int], planned: int, epochs: int) -> Range | None:
    """Of a running search: until its `planned` trials have run (with rounds: its `epochs`), or a
    limit of time is reached. From 0 on if a score may end it any time."""
    if search.status != SearchStatus.RUNNING or counts[Status.COMPLETED] < MIN_TRIALS:
        return None
    # The latest by number, for which there is an index.
    ended = search.index_rows.filter(
        status__in=(Status.COMPLETED, Status.PRUNED), seconds__isnull=False
    )
    rows = list(ended.order_by("-number").values_list("seconds", "epochs")[:MAX_TRIALS])
    lanes = max(1, min(search.parallel_trials, counts[Status.RUNNING] or 1))
    if search.strategy.has_rounds:
        # Its trials differ in length.
        unit = quartiles([seconds / max(done or 0, 1) for seconds, done in rows])
        left = float(epochs - (search.index_rows.aggregate(sum=Sum("epochs"))["sum"] or 0))
    else:
        unit = quartiles([seconds for seconds, _ in rows])
        ended_count = sum(counts[status] for status in FINISHED)
        # Trials that run are half done, on average.
        left = planned - ended_count - counts[Status.RUNNING] / 2
    if unit is None:
        return None
    longest = max(seconds for seconds, _ in rows)
    return _limited(search, unit.times(max(left, 0.0) / lanes), lanes, longest)


def _limited(search: Search, found: Range, lanes: int, longest: float) -> Range:
    """Not beyond the limits of time. What runs when one is reached goes on to its end."""
    most, may_end_any_time = seconds_left(search, lanes)
    low = 0.0 if may_end_any_time else min(found.low, most)
    return Range(low, min(found.high, most + longest))


def estimate(search: Search, trials: int, epochs: int) -> Estimate | None:
    """Of an unsaved search, from the team's earlier trials of the same version on the same dataset
    with the same batch size. `epochs` counts those of all trials (of estimators: all fits)."""
    rows = TrialIndex.objects.filter(
        search__hypermodel=search.hypermodel_id,
        search__project__dataset=search.project.dataset_id,
        # What other teams run is not for this one to see.
        search__project__team=search.project.team_id,
        search__model_kind=search.model_kind,
        search__batch_size=search.batch_size,
        status=Status.COMPLETED,
        seconds__isnull=False,
    ).order_by("-trial")
    totals = dict(rows.values_list("trial", "seconds")[:MAX_TRIALS])
    known = Trial.objects.filter(pk__in=totals, epochs__attempt=F("attempt")).order_by()
    trained = known.values_list("pk").annotate(Sum("epochs__seconds"), Count("epochs"))
    parts = [(totals[pk], seconds, count) for pk, seconds, count in trained if seconds]
    epoch = quartiles([seconds / count for _, seconds, count in parts])
    # What a trial takes besides its epochs, such as building the model.
    besides = quartiles([max(total - seconds, 0.0) for total, seconds, _ in parts])
    if epoch is None or besides is None:
        return None
    time = epoch.times(epochs).plus(besides.times(trials)).times(1 / lanes(search))
    most, may_end_any_time = seconds_left(search, lanes(search))
    low = 0.0 if may_end_any_time else min(time.low, most)
    return Estimate(Range(low, min(time.high, most)), len(parts))


def lanes(search: Search) -> int:
    """Trials at once. While no worker is online, as many as it asks for."""
    slots = Worker.objects.available().slot_count()
    quota = search.project.team.quota("max_slots")
    most = search.parallel_trials if quota is None else min(search.parallel_trials, quota)
    return max(1, min(most, slots or most))


def disk_text(search: Search, trials: int) -> str:
    """What checkpoints take on the disk at once, at most (`recording/checkpoints.py`); empty where
    none are kept or the size of models is not known."""
    kept = 0
    if search.strategy.has_rounds:
        kept = hyperband_plan.max_promotable(search.epochs, search.hyperband_factor)
    elif search.pruned_trials_resume:
        kept = pruners.MAX_WAITING * len(search.pruning.rungs())
    parameters = kept and search.inspection.samples.get("median")
    if not parameters:
        return ""
    bytes_each = min(trials, kept) * parameters * FLOAT_BYTES
    low, high = (bytes_each * number for number in CHECKPOINT_NUMBERS)
    return f"at most {size(low)} to {size(high)}"
