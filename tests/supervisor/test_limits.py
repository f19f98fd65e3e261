"""A search ends at whichever limit it reaches first."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from tuning.actions.searches import (
    change_limits,
    extend_search,
    pause_search,
    resume_search,
    stop_search,
    train_to_end,
)
from tuning.analysis.limits import EARLY, bars, early_end, training_seconds
from tuning.models import Search, Trial, TrialIndex
from tuning.models.trials import checkpoint_folder
from tuning.protocol.events import EpochEnd, Failed, TrialEnd
from tuning.protocol.failures import Failure, FailureCode
from tuning.protocol.orders import SearchOrder, TrialOrder
from tuning.protocol.statuses import SearchStatus, Status
from tuning.recording import recorder
from tuning.supervisor import claims, schedule
from tuning.supervisor.checkpoints import sweep

from .fake_runner import Script, Step

pytestmark = pytest.mark.django_db


def _scores(*scores: float | None) -> Script:
    """Trials that end with these scores, one after the other; None: they fail."""
    left = iter(scores)

    def script(order: SearchOrder, trial: TrialOrder) -> Iterator[Step]:
        score = next(left)
        if score is None:
            yield Failed("code_error", "ValueError: no", "")
            return
        yield EpochEnd(0, 1, 0.1, {order.objective: score})
        yield TrialEnd({order.objective: score}, 0)

    return script


def _ended(search: Search) -> tuple[str, int, str]:
    search.refresh_from_db()
    return search.status, search.trials.completed().count(), search.end_reason


@pytest.mark.parametrize(
    ("direction", "target", "scores", "count"),
    [
        ("max", 0.9, (0.5, 0.89, 0.9, 0.95), 3),
        ("max", 0.4, (0.5, 0.6), 1),
        ("min", 0.2, (0.5, 0.21, 0.2, 0.1), 3),
        ("min", -0.1, (0.0, -0.09, -0.2), 3),
        # Already better than asked for: a low number is not "reached from below".
        ("min", 0.9, (0.5, 0.4), 1),
    ],
)
def test_the_target_score_ends_it(
    direction: str, target: float, scores: tuple[float, ...], count: int,
    make_search: Any, make_slot: Any,
) -> None:  # fmt: skip
    search = make_search(direction=direction, target_score=target, max_trials=20)
    make_slot(_scores(*scores)).run()
    sentence = f"Reached the target score {target:g} with trial {count}."
    assert _ended(search) == (SearchStatus.COMPLETED, count, sentence)
    assert search.finished_at is not None
    assert not search.trials.active().exists()


@pytest.mark.parametrize(
    ("direction", "scores", "count", "best"),
    [
        ("max", (0.9, 0.1, 0.2, 0.3, 0.95), 4, 1),
        ("max", (0.1, 0.2, 0.3, 0.3, 0.3, 0.3, 0.4), 6, 3),
        ("min", (0.9, 0.1, 0.2, 0.3, 0.4, 0.05), 5, 2),
        ("min", (0.1, 0.2, 0.3, 0.4, 0.05), 4, 1),
        # Failed trials are no trials without improvement.
        ("max", (0.9, None, 0.1, None, 0.2, 0.3, 0.95), 4, 1),
    ],
)
def test_no_improvement_ends_it(
    direction: str, scores: tuple[float | None, ...], count: int, best: int,
    make_search: Any, make_slot: Any,
) -> None:  # fmt: skip
    """Three completed trials after the best one. The baseline counts, a tie is no improvement."""
    search = make_search(direction=direction, patience_trials=3, max_trials=20)
    make_slot(_scores(*scores)).run()
    status, completed, reason = _ended(search)
    assert (status, completed) == (SearchStatus.COMPLETED, count)
    assert reason.startswith(f"No improvement in 3 trials since trial {best} (")


def test_improvements_are_judged_in_the_order_of_ends(make_search: Any) -> None:
    """Trial 2 ended last and is the best: nothing has ended since."""
    search = make_search(patience_trials=1, max_trials=20)
    for number, score, order in ((1, 0.5, 1), (2, 0.9, 3), (3, 0.7, 2)):
        Trial.objects.update_or_create(
            search=search, number=number,
            defaults={"status": Status.COMPLETED, "score": score, "end_order": order},
        )  # fmt: skip
    assert early_end(search) == ""
    Trial.objects.filter(number=2).update(end_order=1)
    Trial.objects.filter(number=1).update(end_order=3)
    assert early_end(search) == "No improvement in 2 trials since trial 2 (0.9000)."


def _started(search: Search, seconds: float) -> None:
    begun = timezone.now() - timedelta(seconds=seconds)
    Search.objects.filter(pk=search.pk).update(created_at=begun)


def test_wall_time_ends_a_search_that_nobody_runs(make_search: Any) -> None:
    search = make_search(max_time=3600)
    _started(search, 3590)
    schedule.reap()
    assert _ended(search) == (SearchStatus.RUNNING, 0, "")
    _started(search, 3601)
    schedule.reap()
    assert _ended(search) == (SearchStatus.COMPLETED, 0, "Reached the maximum duration of 1 h.")
    assert search.trials.get().status == Status.STOPPED


def test_pauses_are_no_wall_time(make_search: Any) -> None:
    search = make_search(max_time=3600)
    _started(search, 5000)
    pause_search(search)
    # It ran for 1,000 seconds, then it was paused for 4,000.
    Search.objects.update(paused_at=timezone.now() - timedelta(seconds=4000))
    search.refresh_from_db()
    assert search.active_seconds() == pytest.approx(1000, abs=5)
    resume_search(search)
    search.refresh_from_db()
    assert search.active_seconds() == pytest.approx(1000, abs=5)
    schedule.reap()
    assert _ended(search)[0] == SearchStatus.RUNNING
    Search.objects.update(idle_seconds=1300)
    schedule.reap()
    assert _ended(search)[0] == SearchStatus.COMPLETED


def test_a_trial_is_not_claimed_after_the_time(make_search: Any, make_slot: Any) -> None:
    search = make_search(max_time=60)
    _started(search, 61)
    assert make_slot(_scores()).run() == 0
    assert _ended(search) == (SearchStatus.COMPLETED, 0, "Reached the maximum duration of 1 min.")


def test_training_time_is_the_sum_of_the_trials(make_search: Any, worker: Any) -> None:
    search = make_search(max_training_time=100, parallel_trials=3, max_trials=20)
    slots = [claims.Slot(worker, number) for number in range(3)]
    for seconds, slot in zip((40, 50), slots, strict=False):
        trial = claims.claim_trial_of(search.pk, slot)
        assert trial is not None
        begun = timezone.now() - timedelta(seconds=seconds)
        Trial.objects.filter(pk=trial.pk).update(started_at=begun)
        recorder.complete_trial(trial, {"val_accuracy": 0.5}, 0)
    assert sum(TrialIndex.objects.values_list("seconds", flat=True)) == pytest.approx(90, abs=5)
    third = claims.claim_trial_of(search.pk, slots[2])
    assert third is not None
    # What runs counts as well.
    Trial.objects.filter(pk=third.pk).update(started_at=timezone.now() - timedelta(seconds=20))
    assert claims.claim_trial_of(search.pk, slots[0]) is None
    reason = "Reached the maximum training time of 1 min 40 s."
    assert _ended(search) == (SearchStatus.RUNNING, 2, reason)
    recorder.complete_trial(third, {"val_accuracy": 0.6}, 0)
    assert _ended(search) == (SearchStatus.COMPLETED, 3, reason)


def _claimed_ago(search: Search, worker: Any, seconds: float) -> Trial:
    """A trial that this slot has had so long."""
    claimed = claims.claim_trial_of(search.pk, claims.Slot(worker, 0))
    assert claimed is not None
    begun = timezone.now() - timedelta(seconds=seconds)
    Trial.objects.filter(pk=claimed.pk).update(started_at=begun)
    return Trial.objects.get(pk=claimed.pk)


def _seconds(search: Search) -> tuple[float, float | None]:
    """What the search's limit counts, and what the trial table has."""
    cell = TrialIndex.objects.values_list("seconds", flat=True).get()
    return round(training_seconds(search), -1), cell and round(cell, -1)


def test_a_trial_that_goes_on_keeps_its_training_time(make_search: Any, worker: Any) -> None:
    """After it was given back, lost and pruned, and while it waits."""
    search = make_search(max_training_time=10_000, pruner="median", max_trials=1, retries=3)
    recorder.release_trial(_claimed_ago(search, worker, 1000), "The worker shut down.")
    assert _seconds(search) == (1000, None)
    lost = Failure(FailureCode.WORKER_LOST, "")
    recorder.fail_trial(_claimed_ago(search, worker, 200), lost)
    assert _seconds(search) == (1200, None)
    recorder.prune_trial(_claimed_ago(search, worker, 3000), 1)
    assert _seconds(search) == (4200, 4200)
    assert train_to_end(search.trials.get())
    assert _seconds(search) == (4200, None)
    last = _claimed_ago(search, worker, 100)
    assert _seconds(search) == (4300, None)
    recorder.complete_trial(last, {"val_accuracy": 0.6}, 0)
    assert _seconds(search) == (4300, 4300)
    assert round(search.trials.get().seconds, -1) == 4300


def test_waiting_to_go_on_is_no_training(make_search: Any, worker: Any) -> None:
    search = make_search(pruner="median", max_trials=1)
    recorder.prune_trial(_claimed_ago(search, worker, 3000), 1)
    assert train_to_end(search.trials.get())
    # It ended an hour ago.
    Trial.objects.update(started_at=timezone.now() - timedelta(seconds=6600))
    stop_search(search)
    assert search.trials.get().status == Status.PRUNED
    assert _seconds(search) == (3000, 3000)


def _two_running(search: Search, worker: Any) -> list[Trial]:
    claimed = [claims.claim_trial_of(search.pk, claims.Slot(worker, n)) for n in range(2)]
    return [trial for trial in claimed if trial is not None]


def test_running_trials_go_on_to_their_end(make_search: Any, worker: Any) -> None:
    search = make_search(target_score=0.9, parallel_trials=2, max_trials=20)
    first, second = _two_running(search, worker)
    recorder.complete_trial(first, {"val_accuracy": 0.95}, 0)
    reason = "Reached the target score 0.9 with trial 1."
    assert _ended(search) == (SearchStatus.RUNNING, 1, reason)
    assert search.is_ending
    assert claims.claim_trial_of(search.pk, claims.Slot(worker, 0)) is None
    assert claims.has_work() == 0
    recorder.complete_trial(second, {"val_accuracy": 0.99}, 0)
    assert _ended(search) == (SearchStatus.COMPLETED, 2, reason)


def test_a_trial_that_would_run_again_is_stopped(make_search: Any, worker: Any) -> None:
    """Also one that its worker gives back: else the search waited for ever."""
    search = make_search(target_score=0.9, parallel_trials=2, max_trials=20, retries=3)
    first, second = _two_running(search, worker)
    recorder.complete_trial(first, {"val_accuracy": 0.95}, 0)
    recorder.release_trial(second, "The worker shut down")
    assert _ended(search)[:2] == (SearchStatus.COMPLETED, 1)
    second.refresh_from_db()
    assert second.status == Status.STOPPED


def test_a_pause_meanwhile_does_not_keep_it(make_search: Any, worker: Any) -> None:
    search = make_search(target_score=0.9, parallel_trials=2, max_trials=20)
    first, second = _two_running(search, worker)
    recorder.complete_trial(first, {"val_accuracy": 0.95}, 0)
    pause_search(search)
    recorder.complete_trial(second, {"val_accuracy": 0.5}, 0)
    assert _ended(search)[:2] == (SearchStatus.COMPLETED, 2)


def test_the_number_of_trials_is_a_limit_with_a_sentence(make_search: Any, make_slot: Any) -> None:
    search = make_search(max_trials=2, target_score=0.99)
    make_slot(_scores(0.1, 0.2)).run()
    assert _ended(search) == (SearchStatus.COMPLETED, 2, "Reached the maximum of 2 trials.")


def test_a_raised_limit_lets_it_go_on(make_search: Any, make_slot: Any) -> None:
    search = make_search(target_score=0.9, max_time=3600, max_trials=20)
    script = _scores(0.95, 0.96, 0.97)
    make_slot(script).run()
    assert _ended(search)[:2] == (SearchStatus.COMPLETED, 1)
    # It ended hours ago; the time since then is no wall time.
    ago = timezone.now() - timedelta(hours=5)
    Search.objects.update(created_at=ago - timedelta(seconds=100), finished_at=ago)
    change_limits(search, {"target_score": 0.97})
    assert _ended(search) == (SearchStatus.RUNNING, 1, "")
    assert search.finished_at is None
    assert search.active_seconds() == pytest.approx(100, abs=5)
    make_slot(script).run()
    assert _ended(search)[1:] == (3, "Reached the target score 0.97 with trial 3.")


def test_a_limit_that_is_still_reached_keeps_it_ended(make_search: Any, make_slot: Any) -> None:
    search = make_search(target_score=0.9, max_trials=20)
    make_slot(_scores(0.95)).run()
    change_limits(search, {"target_score": 0.93, "max_trials": 30})
    assert _ended(search)[0] == SearchStatus.COMPLETED
    change_limits(search, {"target_score": None})
    assert _ended(search)[0] == SearchStatus.RUNNING


def test_a_limit_set_meanwhile_holds(make_search: Any, make_slot: Any, worker: Any) -> None:
    search = make_search(max_trials=20, parallel_trials=2)
    first, second = _two_running(search, worker)
    recorder.complete_trial(first, {"val_accuracy": 0.95}, 0)
    change_limits(search, {"target_score": 0.9})
    schedule.reap()
    assert _ended(search)[2] == "Reached the target score 0.9 with trial 1."
    # Raised before the last trial ended: as if nothing had been.
    change_limits(search, {"target_score": 0.99})
    recorder.complete_trial(second, {"val_accuracy": 0.5}, 0)
    assert _ended(search) == (SearchStatus.RUNNING, 2, "")


def test_more_trials_after_the_last_one(make_search: Any, make_slot: Any) -> None:
    """By either way."""
    search = make_search(max_trials=1)
    script = _scores(0.1, 0.2, 0.3)
    make_slot(script).run()
    change_limits(search, {"max_trials": 2})
    make_slot(script).run()
    assert _ended(search)[:2] == (SearchStatus.COMPLETED, 2)
    assert extend_search(search, more=1, seen=2)
    make_slot(script).run()
    assert _ended(search) == (SearchStatus.COMPLETED, 3, "Reached the maximum of 3 trials.")


def test_a_stopped_search_stays_stopped(make_search: Any) -> None:
    search = make_search(max_trials=4)
    Search.objects.update(status=SearchStatus.STOPPED)
    assert not change_limits(search, {"max_trials": 9})
    assert _ended(search)[0] == SearchStatus.STOPPED


def test_hyperband_ends_at_a_target(make_search: Any, make_slot: Any) -> None:
    search = make_search(tuner="hyperband", target_score=0.9, epochs=4)
    make_slot(_scores(0.5, 0.91)).run()
    assert _ended(search)[1:] == (2, "Reached the target score 0.9 with trial 2.")
    # It may go on in the middle of a round, whose parents' weights are still needed.
    trial = search.trials.get(number=2)
    folder = checkpoint_folder(search.pk, trial.oracle_id, trial.attempt)
    assert folder.exists()
    sweep()
    assert folder.exists()
    Search.objects.update(exhausted=True)
    sweep()
    assert not folder.exists()


@pytest.mark.parametrize("name", [limit.name for limit in EARLY])
def test_each_limit_alone_has_a_bar(name: str, make_search: Any) -> None:
    (bar,) = bars(make_search(**{name: 7}))
    assert bar.limit.name == name
    assert 0 <= bar.percent <= 100
    assert bar.standing.text
    assert not bar.standing.sentence


def test_bars_say_how_far_it_is(make_search: Any) -> None:
    search = make_search(
        direction="min", target_score=0.1, patience_trials=4, max_time=7200, max_training_time=600
    )
    now = timezone.now()
    for number, score in ((1, 0.9), (2, 0.3), (3, 0.5)):
        trial, _ = Trial.objects.update_or_create(
            search=search, number=number,
            defaults={
                "status": Status.COMPLETED, "score": score, "end_order": number,
                "started_at": now - timedelta(seconds=50), "finished_at": now,
            },
        )  # fmt: skip
        TrialIndex.objects.fill(search, [trial])
    # Last, since half a second later it is another text.
    _started(search, 1800)
    search.refresh_from_db()
    found = {bar.limit.name: (bar.percent, bar.standing.text) for bar in bars(search)}
    assert found == {
        "target_score": (75, "best 0.3000, target 0.1"),
        "patience_trials": (25, "1 of 4 trials"),
        "max_time": (25, "30 min of 2 h"),
        "max_training_time": (25, "2 min 30 s of 10 min"),
    }
