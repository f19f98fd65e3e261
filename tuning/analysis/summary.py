"""What became of a search so far: counts, the best trial against the baseline, the time left."""

import statistics
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Sum

from tuning.figures import counted, duration, figure
from tuning.models import Execution, Search, Trial, Work
from tuning.protocol.objectives import is_better
from tuning.protocol.statuses import FINISHED, SearchStatus, Status
from tuning.spaces.combinations import grid_size
from tuning.spaces.hyperparameters import read_space
from tuning.strategies import hyperband_plan

from .decline import Decline, decline_of
from .forecast import Range, time_left
from .front import Front, front_of, suggested
from .search_names import origin_text


@dataclass(frozen=True)
class Spread:
    """The scores of one trial's executions."""

    mean: float
    deviation: float
    lowest: float
    highest: float
    count: int

    @property
    def text(self) -> str:
        return (
            f"mean {figure(self.mean)}, standard deviation {figure(self.deviation, 2)}, "
            f"range {figure(self.lowest)} to {figure(self.highest)} (n = {self.count})"
        )


@dataclass(frozen=True)
class Summary:
    """`best` is the suggested compromise where there is a `front` of several objectives."""

    best: Trial | None
    baseline: Trial | None
    counts: dict[Status, int]
    planned: int
    training_seconds: float
    remaining: Range | None
    # How far the best trial's score was lost by the end of its training, if it diverged.
    decline: Decline | None
    front: Front | None = None

    @property
    def finished(self) -> int:
        return sum(self.counts[status] for status in FINISHED)

    @property
    def completed(self) -> int:
        return self.counts[Status.COMPLETED]

    @property
    def pruned(self) -> int:
        return self.counts[Status.PRUNED]

    @property
    def infeasible(self) -> int:
        return self.counts[Status.INFEASIBLE]

    @property
    def failed(self) -> int:
        return self.counts[Status.FAILED]

    @property
    def running(self) -> int:
        return self.counts[Status.RUNNING]

    @property
    def stopped(self) -> int:
        return self.counts[Status.STOPPED]

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def difference(self) -> float | None:
        """Best minus baseline; None unless both have a score."""
        best = self.best.score if self.best else None
        baseline = self.baseline.score if self.baseline else None
        return None if best is None or baseline is None else best - baseline

    @property
    def best_is_baseline(self) -> bool:
        return self.best is not None and self.best == self.baseline

    @property
    def spread(self) -> Spread | None:
        return spread(self.best.execution_scores) if self.best else None


def spread(scores: list[float | None]) -> Spread | None:
    """Mean and sample standard deviation over executions; None for fewer than two."""
    known = [score for score in scores if score is not None]
    if len(known) < 2:
        return None
    return Spread(
        statistics.fmean(known), statistics.stdev(known), min(known), max(known), len(known)
    )


def trials_text(search: Search, summary: Summary) -> str:
    """ "3 of 20 trials"; of a log nobody knows how many there will be."""
    if search.is_log:
        return counted(summary.total, "trial") if summary.total else "No trials yet"
    return f"{summary.finished:,} of {summary.planned:,} trials"


def progress_note(search: Search, summary: Summary) -> str:
    """What is said beside the number of finished trials."""
    if search.is_ending:
        return "finishing running trials"
    if search.status == SearchStatus.PAUSED:
        return "paused"
    if search.is_imported:
        return origin_text(search)
    if search.status != SearchStatus.RUNNING:
        seconds = summary.training_seconds
        return f"trained for {duration(seconds)}" if seconds else ""
    if search.is_log:
        return f"{origin_text(search)}, open for more"
    if search.is_of_scripts and not summary.running:
        return "waiting for a script"
    remaining = summary.remaining
    return f"Time left: {remaining.duration_text}" if remaining else "Estimating…"


def planned_trials(search: Search) -> int:
    """How many trials the search runs in all, the baseline included."""
    if search.is_log:
        return int(search.trials.count())
    if search.is_imported:
        return search.max_trials
    if search.strategy.has_rounds:
        return 1 + hyperband_plan.trial_count(
            search.epochs, search.hyperband_factor, search.hyperband_iterations
        )
    if search.strategy.enumerates:
        # What it begins with are combinations of its grid.
        size = grid_size(read_space(search.space)) or search.max_trials
        return min(search.max_trials, max(size - search.warm_start_count, 0))
    return search.max_trials


def planned_epochs(search: Search) -> int:
    """The most epochs that all trials together train (of estimators: all fits)."""
    if not search.strategy.has_rounds:
        return planned_trials(search) * search.epochs * search.executions
    rounds = hyperband_plan.epoch_count(
        search.epochs, search.hyperband_factor, search.hyperband_iterations
    )
    return (search.epochs + rounds) * search.executions


def summarise(search: Search) -> Summary:
    """Five queries, however many trials there are; two more if the best one diverged."""
    counts = dict.fromkeys(Status, 0)
    # Not of a column: PostgreSQL would read 100,000 wide rows where an index has their status.
    counted = search.trials.order_by().values_list("status").annotate(count=Count("*"))
    for status, count in counted:
        counts[Status(status)] = count
    # Databases are slow to subtract times; the cells have the difference.
    spent = search.index_rows.aggregate(sum=Sum("seconds"))["sum"]
    best = suggested(search)
    return Summary(
        best=best,
        baseline=light(search.trials.filter(is_baseline=True)).first(),
        counts=counts,
        planned=max(planned_trials(search), sum(counts.values())),
        training_seconds=spent or 0.0,
        remaining=time_left(search, counts, planned_trials(search), planned_epochs(search)),
        decline=decline_of(best) if best else None,
        front=front_of(search) if search.has_several_objectives else None,
    )


def light(trials: Any) -> Any:
    """Trials without the texts that only their own page shows."""
    return trials.defer("failure_traceback", "log_tail", "layers")


@dataclass(frozen=True)
class Running:
    """A trial that trains: `done` of `epochs` epochs, over all its executions. `place` says where:
    on its own slot, and which executions on others; it has so many `slots`."""

    trial: Trial
    done: int
    epochs: int
    place: str
    slots: int
    unit: str = "epoch"
    executions: int = 1
    part: str = "execution"

    @property
    def progress_text(self) -> str:
        """ "epoch 3 of 10", or "epoch 3" where nobody knows how many there will be."""
        if not self.epochs:
            return f"{self.unit} {self.done}"
        if self.unit == "epoch" and self.executions == 1:
            return f"epoch {self.done} of {self.epochs}"
        several = f" ({self.executions} {self.part}s)" if self.unit == "epoch" else ""
        return f"{self.done} of {self.epochs} {self.unit}s{several}"


def running_rows(search: Search) -> list[Running]:
    """What trains right now, with the worker of each."""
    # Asked for in order, a database may go through all of the search's trials in that order.
    trials = light(search.trials.running().select_related("worker").order_by())
    running = sorted(trials, key=lambda trial: trial.number)
    elsewhere = _elsewhere(search, running)
    return [_running(search, trial, elsewhere) for trial in running]


def running_row(search: Search, trial: Trial) -> Running:
    """The search is given, so that no trial has to fetch it."""
    return _running(search, trial, _elsewhere(search, [trial] if trial.is_active else []))


def _running(search: Search, trial: Trial, elsewhere: list[Execution]) -> Running:
    last = int(trial.tuner_values.get("tuner/epochs", search.epochs))
    epochs = max(last - trial.first_epoch, 0) * search.executions
    if search.is_of_scripts and "tuner/epochs" not in trial.tuner_values:
        # A script need not say how many there will be.
        epochs = 0
    places = [_place(trial)] if trial.worker else [trial.script] if trial.script else []
    places += [
        f"{search.part} {each.number + 1} on {_place(each)}"
        for each in elsewhere
        if each.trial_id == trial.pk
    ]
    return Running(
        trial, trial.epochs_done, epochs, "; ".join(places), len(places),
        search.kind.unit, search.executions, search.part,
    )  # fmt: skip


def _elsewhere(search: Search, trials: list[Trial]) -> list[Execution]:
    """Executions that other slots train than those that have the trials."""
    if not (trials and search.spreads):
        return []
    rows = Execution.objects.running().filter(trial__in=trials, worker__isnull=False)
    return list(rows.select_related("worker").order_by("trial", "number"))


def _place(work: Work) -> str:
    return f"{work.worker}, slot {work.slot}"


def top_trials(search: Search, count: int = 5) -> list[Trial]:
    return list(light(search.trials.best_first(search.direction))[:count])


def failed_trials(search: Search, count: int = 3) -> list[Trial]:
    """The first failures: usually the cause of all later ones."""
    failed = search.trials.filter(status=Status.FAILED)
    return list(light(failed).order_by("end_order", "number")[:count])


def gain(search: Search, score: float, baseline: float) -> bool:
    """Whether `score` beats the baseline's."""
    return is_better(score, baseline, search.direction)
