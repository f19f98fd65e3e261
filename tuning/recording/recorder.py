"""The one writer of what a trial reports and how it ends.

Trials are made elsewhere: by actions (the baseline, runs of scripts), suggestions and imports.

Every write is conditional on (trial, attempt, still running): a supervisor or a script that lost
its lease changes nothing and hears so by LeaseLost.
"""

import logging
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now

from tuning.analysis import limits
from tuning.models import Attempt, Epoch, Execution, Search, Trial, TrialIndex
from tuning.models.fixed_queries import FixedInsert, FixedQuery, FixedUpdate
from tuning.models.resource_use import NOTHING_SEEN, Used
from tuning.models.trial_index import mean_of_last, without_number
from tuning.models.trials import NO_CHECKPOINT
from tuning.protocol.events import EpochEnd, MeanReconstruction, Metrics, TrialEnd
from tuning.protocol.failures import INFRASTRUCTURE, Failure, FailureCode
from tuning.protocol.measured import label_of
from tuning.protocol.scorers import spread_of
from tuning.protocol.statuses import SEARCH_ACTIVE, SearchStatus, Status

from . import announcing, judging, pruning

logger = logging.getLogger(__name__)

# Of 600 trials under 84 kills, one had three in every other run, by chance.
MAX_LOST_ATTEMPTS = 5


class LeaseLost(Exception):
    """This attempt no longer has the work; whatever it wanted to write was not written."""


@dataclass(frozen=True)
class News:
    """What an attempt has reported since it was last written down: epochs, and what the trial says
    of its model. `done` counts all epochs of the attempt; None where several slots report them."""

    epochs: Sequence[EpochEnd] = ()
    done: int | None = 0
    built: dict[str, Any] = field(default_factory=dict)

    @property
    def columns(self) -> dict[str, Any]:
        """What it changes in the trial's own row."""
        if self.done is None or not (self.epochs or self.built):
            return self.built
        return {"epochs_done": self.done, **self.built}


NO_NEWS = News()


def record_mean_reconstruction(search: Search, event: MeanReconstruction) -> None:
    """Each of its runners says the same."""
    errors = {"squared": event.squared, "absolute": event.absolute}
    Search.objects.filter(pk=search.pk, mean_reconstruction={}).update(mean_reconstruction=errors)


def record_news(trial: Trial, news: News, execution: Execution | None = None) -> None:
    """Store what the trial's current attempt has reported so far. `execution`: the one that another
    slot trains, which reports it."""
    with transaction.atomic():
        # First of all, as in all other places: two that lock in two orders wait for each other.
        lock_and_touch(trial.search_id)
        if execution:
            must_hold(execution)
        _write_news(trial, news)


def merge_epochs(trial: Trial, epochs: Sequence[EpochEnd]) -> None:
    """Store epochs whose metrics may come one after the other, and more than once: of two values
    of one metric the first is kept. `seconds` are those of all that an epoch did so far. Called in
    a transaction that holds the search's lock."""
    # The first of two that came together.
    merged: dict[tuple[int, int], Epoch] = {}
    numbers = {event.epoch for event in epochs}
    stored = trial.epochs.filter(attempt=trial.attempt, epoch__in=numbers)
    known = {(row.execution, row.epoch): row for row in stored}
    for event in epochs:
        key = event.execution, event.epoch
        row = merged[key] = (
            merged.get(key)
            or known.get(key)
            or Epoch(
                trial=trial, attempt=trial.attempt, execution=event.execution, epoch=event.epoch,
                seconds=0.0, metrics={},
            )
        )  # fmt: skip
        row.metrics = {**event.metrics, **row.metrics}
        row.seconds = max(row.seconds, event.seconds)
    new = [row for key, row in merged.items() if key not in known]
    Epoch.objects.bulk_create(new)
    Epoch.objects.bulk_update(
        [row for key, row in merged.items() if key in known], ["metrics", "seconds"]
    )
    held = Trial.objects.held(trial.pk, trial.attempt)
    if not held.update(epochs_done=F("epochs_done") + len(new)):
        raise LeaseLost
    Search.objects.touch(trial.search_id)


def reopen_trial(trial: Trial, search: Search) -> None:
    """The script that was taken for lost is back, and goes on where it was. Called in a transaction
    that holds the search's lock."""
    if not Trial.objects.reopen(trial):
        raise LeaseLost
    if not search.is_active:
        Search.objects.filter(pk=search.pk).update(**search.going_on())
        search.refresh_from_db(fields=["status"])
    trial.refresh_from_db()
    trial.search = search
    trial.attempts.filter(number=trial.attempt).update(ended_at=None, outcome="")
    TrialIndex.objects.fill(search, [trial])
    Search.objects.touch(search.pk)


def complete_trial(
    trial: Trial, metrics: Metrics, best_step: int | None, log_tail: str = "",
    used: Used = NOTHING_SEEN, news: News = NO_NEWS, measures: Metrics | None = None,
    weights: str = "", scores: Sequence[float] = (),
) -> None:  # fmt: skip
    """A trial ended well, unless its score or something else that it is judged by is not a number.
    One that violates a constraint is infeasible and has no score. `best_step` counts from 0; None
    if no epochs were reported. `measures`: what the runner measured; `news`: its last, written with
    its end: a short trial is written once; `weights`: the hash of those that it leaves; `scores`:
    of each execution, if the runner says so."""
    score = metrics.get(trial.search.objective)
    if score is None or not math.isfinite(score):
        message = f"{trial.search.objective} was not a number at the end of the trial."
        fail_trial(trial, Failure(FailureCode.NAN_SCORE, message), log_tail, used, news)
        return
    judged = judging.judge(
        trial, metrics, measures or {}, used.peak_memory, news.built, news.epochs
    )
    if judged.missing:
        message = f"{label_of(judged.missing)} was not measured, so the trial cannot be compared."
        fail_trial(trial, Failure(FailureCode.NAN_SCORE, message), log_tail, used, news)
        return
    with transaction.atomic():
        search = locked(trial.search_id)
        status = Status.INFEASIBLE if judged.is_infeasible else Status.COMPLETED
        _end(
            trial,
            search,
            status,
            news,
            outcome=status.caption,
            scores=scores,
            score=None if judged.is_infeasible else score,
            metrics=metrics,
            measures=judged.measures,
            best_epoch=None if best_step is None else trial.first_epoch + best_step + 1,
            log_tail=log_tail,
            **used.fields,
            checkpoint_sha256=weights,
        )
        if not judged.is_infeasible:
            announcing.trial_scored(trial, search, score)
        pruning.promote(search)
        close_if_done(search)


def refuse_trial(
    trial: Trial, log_tail: str = "", used: Used = NOTHING_SEEN, news: News = NO_NEWS
) -> None:
    """A trial was not trained, because its model violates a constraint."""
    with transaction.atomic():
        search = locked(trial.search_id)
        ended: dict[str, Any] = {"log_tail": log_tail, **used.fields}
        _end(trial, search, Status.INFEASIBLE, news, outcome="Infeasible, not trained", **ended)
        close_if_done(search)


def prune_trial(
    trial: Trial, units: int, log_tail: str = "", used: Used = NOTHING_SEEN,
    news: News = NO_NEWS, weights: str = "", by_itself: bool = False,
) -> None:  # fmt: skip
    """A trial was ended early, after so many epochs or folds. It has no score. `weights`: the hash
    of those that it leaves; `by_itself`: its code gave it up, and would each time, so that no
    pruner lets it go on later."""
    with transaction.atomic():
        search = locked(trial.search_id)
        _end(
            trial,
            search,
            Status.PRUNED,
            news,
            outcome=f"Pruned at {search.kind.unit} {units:,}",
            pruned_after=units,
            pruned_attempt=None if by_itself else trial.attempt,
            log_tail=log_tail,
            **used.fields,
            checkpoint_sha256=weights,
        )
        pruning.promote(search)
        close_if_done(search)


def record_checkpoint(trial: Trial, epoch: int, sha256: str) -> None:
    """A checkpoint of the current attempt is in the storage, and all epochs up to it are stored."""
    held = Trial.objects.held(trial.pk, trial.attempt)
    if not held.update(resume_epoch=epoch, resume_attempt=trial.attempt, resume_sha256=sha256):
        raise LeaseLost
    trial.resume_epoch, trial.resume_attempt, trial.resume_sha256 = epoch, trial.attempt, sha256


def resume_epochs(trial: Trial, attempt: int, last: int) -> None:
    """Copy the epochs of an earlier attempt, up to the last one that counts, to the current one,
    which goes on from there."""
    with transaction.atomic():
        locked(trial.search_id)
        copies = list(trial.epochs.filter(attempt=attempt, epoch__lte=last))
        for row in copies:
            row.pk, row.attempt = None, trial.attempt
        Epoch.objects.bulk_create(copies, ignore_conflicts=True)
        if not Trial.objects.held(trial.pk, trial.attempt).update(epochs_done=len(copies)):
            raise LeaseLost


def fail_trial(
    trial: Trial, failure: Failure, log_tail: str = "", used: Used = NOTHING_SEEN,
    news: News = NO_NEWS,
) -> None:  # fmt: skip
    """A trial ended badly: it runs again if the search or the rules allow it, else it failed."""
    with transaction.atomic():
        search = locked(trial.search_id)
        infrastructure = failure.code in INFRASTRUCTURE
        lost_attempts = trial.lost_attempts + (1 if infrastructure else 0)
        failures = trial.code_failures + (0 if infrastructure else 1)
        counts: dict[str, Any] = {"lost_attempts": lost_attempts, "code_failures": failures}
        allowed = (
            lost_attempts < MAX_LOST_ATTEMPTS if infrastructure else failures <= search.retries
        )
        if allowed and search.is_active and not trial.brings_values:
            _write_news(trial, news)
            if not infrastructure:
                # What led to the failure may be in the checkpoint.
                counts |= NO_CHECKPOINT
                trial.resume_epoch = None
            counts["earlier_seconds"] = trial.seconds
            if not Trial.objects.requeue(trial.pk, trial.attempt, **counts):
                raise LeaseLost
            _close_attempt(trial, f"{failure.code.caption}. {_what_follows(trial)}")
            _withdraw_executions(trial, search)
            Search.objects.touch(search.pk)
            end_at_limit(search)
            return
        if infrastructure and not search.is_active:
            stop_trial(trial, log_tail, used, news)
            return
        if infrastructure and lost_attempts > 1:
            failure = lost_too_often(lost_attempts, failure)
        _end(
            trial,
            search,
            Status.FAILED,
            news,
            outcome=failure.code.caption,
            failure_code=failure.code,
            failure_message=failure.message,
            failure_traceback=failure.traceback,
            log_tail=log_tail,
            **used.fields,
            **counts,
        )
        _stop_after_failures(search)
        close_if_done(search)


def lost_too_often(lost_attempts: int, last: Failure) -> Failure:
    return Failure(last.code, f"{last.code.caption} {lost_attempts} times. {last.message}")


def stop_trial(
    trial: Trial, log_tail: str = "", used: Used = NOTHING_SEEN, news: News = NO_NEWS
) -> None:
    """A trial was ended because its search was."""
    with transaction.atomic():
        search = locked(trial.search_id)
        ended: dict[str, Any] = {"log_tail": log_tail, **used.fields}
        _end(trial, search, Status.STOPPED, news, outcome="Stopped", **ended)


def offer_executions(trial: Trial) -> None:
    """All but the first wait for whichever slot begins them: the trial's own or free ones."""
    with transaction.atomic():
        search = locked(trial.search_id)
        if not Trial.objects.held(trial.pk, trial.attempt).exists():
            raise LeaseLost
        Execution.objects.bulk_create(
            [
                Execution(trial=trial, trial_attempt=trial.attempt, number=number)
                for number in range(1, search.executions)
            ],
            ignore_conflicts=True,
        )


def complete_execution(
    execution: Execution, result: TrialEnd, used: Used = NOTHING_SEEN, news: News = NO_NEWS
) -> None:
    """It ended well on a slot that does not have its trial. The one that has it looks for this."""
    with transaction.atomic():
        lock_and_touch(execution.trial.search_id)
        ended = {"metrics": result.metrics, "best_step": result.best_step}
        if not Execution.objects.finish(
            execution.pk, execution.attempt, Status.COMPLETED, **used.fields, **ended
        ):
            raise LeaseLost
        _write_news(execution.trial, news)


def fail_execution(
    execution: Execution, failure: Failure, log_tail: str = "", used: Used = NOTHING_SEEN,
    news: News = NO_NEWS,
) -> None:  # fmt: skip
    """It ended badly, and with it its trial; but one that was lost with its worker runs again."""
    trial = execution.trial
    with transaction.atomic():
        locked(trial.search_id)
        must_hold(execution)
        lost_attempts = execution.lost_attempts + 1
        if failure.code in INFRASTRUCTURE and lost_attempts < MAX_LOST_ATTEMPTS:
            release_execution(execution, lost_attempts=lost_attempts)
        else:
            fail_trial(trial, failure, log_tail, used, news)


def release_execution(execution: Execution, **values: Any) -> None:
    """It waits again, without what it had reported."""
    trial = execution.trial
    with transaction.atomic():
        lock_and_touch(trial.search_id)
        if not Execution.objects.requeue(execution.pk, execution.attempt, **values):
            raise LeaseLost
        trial.epochs.filter(attempt=trial.attempt, execution=execution.number).delete()
        _count_epochs(trial)


def must_hold(execution: Execution) -> None:
    """Raises LeaseLost if another slot has it, or nobody because its trial's attempt is over."""
    if not Execution.objects.held(execution.pk, execution.attempt).exists():
        raise LeaseLost


def _withdraw_executions(trial: Trial, search: Search) -> None:
    """Whoever trains one of an attempt that is over finds no row, and lets go."""
    if search.spreads:
        trial.executions.all().delete()


def _what_follows(trial: Trial) -> str:
    """What becomes of a trial whose attempt is over and that is queued again."""
    if trial.resumes_after:
        return f"Will continue after epoch {trial.resumes_after:,}."
    return "Will run again."


def release_trial(trial: Trial, outcome: str) -> None:
    """The worker shuts down: the trial goes back to the queue, nothing is counted against it."""
    with transaction.atomic():
        search = locked(trial.search_id)
        if not Trial.objects.requeue(trial.pk, trial.attempt, earlier_seconds=trial.seconds):
            raise LeaseLost
        _close_attempt(trial, f"{outcome} {_what_follows(trial)}")
        _withdraw_executions(trial, search)
        Search.objects.touch(trial.search_id)
        end_at_limit(search)


def locked(search_id: int) -> Search:
    """The search, locked until the end of the transaction (on SQLite, IMMEDIATE transactions
    exclude each other anyway). Raises LeaseLost if it was deleted."""
    search: Search | None = _LOCKED.first(search_id)
    if search is None:
        raise LeaseLost
    return search


def lock_and_touch(search_id: int) -> None:
    """The same where nothing of its row is needed: in one statement with the news for those who
    follow it."""
    if not Search.objects.touch(search_id):
        raise LeaseLost


def _locked_rows(search_id: int) -> QuerySet[Search]:
    rows = Search.objects.select_for_update().filter(pk=search_id)
    return rows.defer("oracle_state", "space").order_by()


def _last_ends(search_id: int) -> QuerySet[Any, Any]:
    rows = Trial.objects.filter(search=search_id, end_order__isnull=False)
    return rows.order_by("-end_order").values_list("end_order", flat=True)[:1]


def _epochs(trial_id: int, attempt: int) -> QuerySet[Any, Any]:
    rows = Epoch.objects.filter(trial=trial_id, attempt=attempt).order_by("execution", "epoch")
    return rows.values_list("execution", "metrics")


_EPOCHS = FixedQuery(_epochs)
_LOCKED, _LAST_END = FixedQuery(_locked_rows), FixedQuery(_last_ends)
_WITH_WORKER = FixedQuery(lambda pk: Trial.objects.filter(pk=pk).select_related("worker"))


def fail_search(search: Search, message: str) -> None:
    """End a search that cannot go on. Its running trials notice. Called in a transaction."""
    failed = Search.objects.change_status(
        search.pk,
        tuple(SEARCH_ACTIVE),
        status=SearchStatus.FAILED,
        failure_message=message,
        finished_at=Now(),
    )
    search.trials.stop_queued()
    if failed:
        announcing.search_failed(search, message)


def close_if_done(search: Search) -> None:
    """Complete a search that has nothing more to run, or that reached a limit. Of a log nobody
    knows what will come: it ends once nothing has come for a while."""
    if (
        search.is_log
        or end_at_limit(search)
        or search.may_suggest()
        or search.trials.active().exists()
    ):
        return
    _complete(search, limits.reached(search))


def end_at_limit(search: Search) -> bool:
    """Whether the search, which is locked, reached one of its early limits. Then no further trial
    starts; it is complete as soon as none runs any more, and those that wait are stopped."""
    reason = search.end_reason or limits.early_end(search)
    if not reason or not search.is_active:
        return False
    if search.trials.running().exists():
        if not search.end_reason:
            Search.objects.change_status(search.pk, tuple(SEARCH_ACTIVE), end_reason=reason)
    else:
        _complete(search, reason)
    return True


def end_idle_log(search: Search) -> None:
    """Complete a log to which nothing has come for a while. The next run makes it go on."""
    if search.is_log and not search.trials.active().exists():
        _complete(search, "")


def _complete(search: Search, reason: str) -> None:
    done = Search.objects.change_status(
        search.pk,
        tuple(SEARCH_ACTIVE),
        status=SearchStatus.COMPLETED,
        end_reason=reason,
        finished_at=Now(),
    )
    if done:
        search.trials.stop_queued()
        announcing.search_ended(search, reason)


def execution_scores(
    epochs: list[tuple[int, Metrics]], objective: str, direction: str
) -> list[float]:
    """The best objective of each execution, in order, of (execution, metrics)."""
    best: dict[int, float] = {}
    pick = max if direction == Search.Direction.MAX else min
    for execution, metrics in epochs:
        value = metrics.get(objective)
        if value is not None:
            best[execution] = pick(best.get(execution, value), value)
    return [best[execution] for execution in sorted(best)]


def fold_spread(search: Search, scores: Sequence[float]) -> Metrics:
    """How far the scores of a network's folds are apart; runners tell it of estimators."""
    if not search.cross_validated or len(scores) < 2:
        return {}
    return {**spread_of(list(scores), search.objective)}


def _making_up(mean: float | None, scores: Sequence[float]) -> Sequence[float]:
    """The scores of several executions; none where the trial's score is not their mean: a `fit` of
    a template's own may return another number than its epochs have."""
    if len(scores) < 2 or mean is None:
        return scores
    close = math.isclose(mean, statistics.fmean(scores), rel_tol=1e-6, abs_tol=1e-9)
    return scores if close else []


def _write_news(trial: Trial, news: News) -> None:
    """Called in a transaction that holds the search's lock."""
    if news.columns and not Trial.objects.held(trial.pk, trial.attempt).update(**news.columns):
        raise LeaseLost
    _insert_epochs(trial, news)
    if news.done is None:
        _count_epochs(trial)


def _count_epochs(trial: Trial) -> None:
    """Of several slots none knows how many there are."""
    count = trial.epochs.filter(attempt=trial.attempt).count()
    if not Trial.objects.held(trial.pk, trial.attempt).update(epochs_done=count):
        raise LeaseLost


def _insert_epochs(trial: Trial, news: News) -> None:
    rows = [
        Epoch(
            trial=trial,
            attempt=trial.attempt,
            execution=event.execution,
            epoch=event.epoch,
            seconds=event.seconds,
            metrics=event.metrics,
        )
        for event in news.epochs
    ]
    if rows:
        _NEW_EPOCHS.add_missing(rows)


_NEW_EPOCHS = FixedInsert(Epoch)


def _epochs_of(trial: Trial, news: News) -> list[tuple[int, Metrics]]:
    """(execution, metrics) of all epochs of the trial's attempt, in their order. Those of a short
    trial are all in its last news."""
    if news.epochs and len(news.epochs) == news.done:
        # Of two with one number the first is stored.
        known = {(one.execution, one.epoch): one.metrics for one in reversed(news.epochs)}
        return [(execution, known[execution, epoch]) for execution, epoch in sorted(known)]
    return _EPOCHS.rows(trial.pk, trial.attempt)


def _end(
    trial: Trial, search: Search, status: Status, news: News, outcome: str,
    scores: Sequence[float] = (), **values: Any,
) -> None:  # fmt: skip
    last = _LAST_END.first(search.pk) or 0
    _insert_epochs(trial, news)
    epochs = _epochs_of(trial, news)
    values |= (
        news.columns
        | NO_CHECKPOINT
        | {
            "end_order": last + 1,
            "last_metrics": mean_of_last(epochs),
            "not_finite": without_number([values.get("metrics", {}), *(m for _, m in epochs)]),
        }
    )
    if news.done is None:
        values["epochs_done"] = len(epochs)
    # An infeasible one that was refused has not been trained.
    if "metrics" in values:
        if len(scores) != search.executions or not all(map(math.isfinite, scores)):
            scores = execution_scores(epochs, search.objective, search.direction)
        scores = _making_up(values["metrics"].get(search.objective), scores)
        values["metrics"] = values["metrics"] | fold_spread(search, scores)
        if status == Status.COMPLETED:
            values["execution_scores"] = list(scores)
    if not Trial.objects.finish(trial.pk, trial.attempt, status, **values):
        raise LeaseLost
    TrialIndex.objects.fill(search, _WITH_WORKER.rows(trial.pk))
    _close_attempt(trial, outcome)
    _withdraw_executions(trial, search)
    Search.objects.touch(search.pk)


def _close_attempt(trial: Trial, outcome: str) -> None:
    _ATTEMPT_ENDS.run(trial.pk, trial.attempt, outcome=outcome[:200])


def _attempt(trial: int, number: int) -> QuerySet[Attempt]:
    return Attempt.objects.filter(trial_id=trial, number=number)


_ATTEMPT_ENDS = FixedUpdate(_attempt, ["outcome"], ended_at=Now())


def strategy_failure(error: Exception) -> str:
    return f"The search strategy failed: {type(error).__name__}: {error}"


def _stop_after_failures(search: Search) -> None:
    """End a search whose last N trials all failed; the first of them gives the reason. What scripts
    log, they try anyway."""
    if search.is_log:
        return
    number = search.max_consecutive_failures
    ended = search.trials.filter(end_order__gt=search.forgiven).order_by("-end_order")[:number]
    last = list(ended)
    if len(last) < number or any(trial.status != Status.FAILED for trial in last):
        return
    first = last[-1]
    message = (
        f"{number} consecutive trials failed. The first was trial {first.number}: "
        f"{first.failure_message}"
    )
    fail_search(search, message)
