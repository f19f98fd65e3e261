"""A search from its first to its last trial, with runners that train nothing."""

import signal
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tuning.actions.searches import extend_search, pause_search
from tuning.models import Epoch, Search, Trial
from tuning.protocol.events import EpochEnd, Failed, MeanReconstruction, TrialEnd
from tuning.protocol.orders import SearchOrder, TrialOrder
from tuning.protocol.statuses import SearchStatus, Status
from tuning.recording.recorder import record_mean_reconstruction
from tuning.supervisor.usage import DiskUse

from .fake_runner import Death, Silence, Step, good_trial

pytestmark = pytest.mark.django_db


def test_a_random_search_runs_to_its_end(make_search: Any, make_slot: Any) -> None:
    search = make_search(max_trials=4, epochs=3)
    assert make_slot().run() == 4
    search.refresh_from_db()
    assert search.status == SearchStatus.COMPLETED
    trials = list(search.trials.all())
    assert [trial.number for trial in trials] == [1, 2, 3, 4]
    assert {trial.status for trial in trials} == {Status.COMPLETED}
    assert trials[0].is_baseline
    assert trials[0].values == {"units": 16, "optimizer": "adam", "learning_rate": 0.001}
    for trial in trials:
        assert trial.score == pytest.approx(trial.values["units"] / 100 + 0.003)
        assert trial.epochs.count() == trial.epochs_done == 3
        assert trial.best_epoch == 3
        assert trial.attempts.get().outcome == "Completed"


def test_what_the_training_mean_reconstructs_is_beside_the_scores(
    make_search: Any, as_dora: Client
) -> None:
    search = make_search(objective="val_loss", direction="min")
    page = reverse("search-detail", args=[search])
    record_mean_reconstruction(search, MeanReconstruction(0.0625, 0.2))
    # Another of its runners says the same once more.
    record_mean_reconstruction(search, MeanReconstruction(0.5, 0.5))
    assert (
        "Baseline that answers each validation row with the mean of the training rows: mean "
        "squared error 0.06250, mean absolute error 0.2000."
    ) in as_dora.get(page).content.decode()


def test_one_runner_serves_all_trials_of_a_search(make_search: Any, make_slot: Any) -> None:
    make_search(max_trials=3)
    slot = make_slot()
    slot.run()
    assert len(slot.started) == 1
    assert slot.started[0].ended


def test_random_with_a_seed_repeats_itself(make_search: Any, make_slot: Any) -> None:
    first, second, other = (make_search(seed=seed, max_trials=5) for seed in (7, 7, 8))
    make_slot().run()
    values = [
        list(search.trials.values_list("values", flat=True)) for search in (first, second, other)
    ]
    assert values[0] == values[1] != values[2]


def test_grid_visits_every_combination_once(make_search: Any, make_slot: Any) -> None:
    space = {
        "space": [
            {"class_name": "Choice", "config": {
                "name": "units", "default": 8, "values": [8, 16, 32],
                "ordered": True, "conditions": []}},
            {"class_name": "Boolean", "config": {
                "name": "bias", "default": False, "conditions": []}},
        ],
        "values": {},
    }  # fmt: skip
    search = make_search(tuner="grid", space=space, max_trials=100)
    make_slot().run()
    seen = [tuple(sorted(trial.values.items())) for trial in search.trials.all()]
    assert len(seen) == len(set(seen)) == 6
    assert search.trials.get(number=1).is_baseline
    search.refresh_from_db()
    assert search.status == SearchStatus.COMPLETED


def test_two_slots_share_a_search(make_search: Any, make_slot: Any) -> None:
    """The second slot works in the middle of the first one's trial."""
    search = make_search(max_trials=4, parallel_trials=2)
    second = make_slot(number=1)

    def script(order: SearchOrder, trial: TrialOrder) -> Iterator[Step]:
        steps = good_trial(order, trial)
        yield next(steps)
        if search.trials.count() == 1:
            yield lambda: second.run()
        yield from steps

    make_slot(script).run()
    assert search.trials.completed().count() == 4
    assert set(search.trials.values_list("slot", flat=True)) == {0, 1}


def test_parallel_trials_are_limited(make_search: Any, make_slot: Any) -> None:
    make_search(max_trials=4, parallel_trials=1)
    second = make_slot(number=1)
    done = []

    def script(order: SearchOrder, trial: TrialOrder) -> Iterator[Step]:
        yield lambda: done.append(second.run())
        yield from good_trial(order, trial)

    make_slot(script).run()
    assert done == [0, 0, 0, 0]


def test_several_searches_share_one_slot(
    make_search: Any, make_slot: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr("tuning.supervisor.slot.LOYAL_SECONDS", 0)
    first, second = make_search(max_trials=3), make_search(max_trials=3)
    make_slot().run()
    order = Trial.objects.order_by("finished_at").values_list("search", flat=True)
    assert list(order) == [first.pk, second.pk] * 3


@pytest.mark.parametrize(
    ("steps", "code", "words"),
    [
        ([Failed("code_error", "ValueError: no", "Traceback ...")], "code_error", "ValueError"),
        ([TrialEnd({"val_accuracy": float("nan")}, 0)], "nan_score", "not a number"),
        ([Death()], "killed", "SIGSEGV"),
        ([b'{"event": "epoch"}'], "bad_event", "epoch lacks"),
        ([Failed("no such code", "x")], "code_error", "x"),
    ],
)
def test_a_trial_fails_and_the_search_goes_on(
    steps: list[Step], code: str, words: str, make_search: Any, make_slot: Any
) -> None:
    search = make_search(max_trials=3)

    def script(order: SearchOrder, trial: TrialOrder) -> Iterator[Step]:
        yield from steps if trial.trial_id == "baseline" else good_trial(order, trial)

    make_slot(script).run()
    failed = search.trials.get(status=Status.FAILED)
    assert failed.failure_code == code
    assert words in failed.failure_message
    assert failed.log_tail == "the end of the log" or code == "nan_score"
    assert search.trials.completed().count() == 2
    search.refresh_from_db()
    assert search.status == SearchStatus.COMPLETED


def test_a_runner_that_was_killed_from_outside_is_a_lost_attempt(
    make_search: Any, make_slot: Any
) -> None:
    search = make_search(max_trials=1)
    deaths = iter([signal.SIGKILL, signal.SIGTERM])

    def script(order: SearchOrder, trial: TrialOrder) -> Iterator[Step]:
        yield EpochEnd(0, 1, 0.1, {"val_accuracy": 0.9})
        if (by := next(deaths, None)) is not None:
            yield Death(by)
        yield from good_trial(order, trial)

    make_slot(script).run()
    trial = search.trials.get()
    assert (trial.status, trial.lost_attempts, trial.code_failures) == (Status.COMPLETED, 2, 0)
    outcomes = trial.attempts.order_by("number").values_list("outcome", flat=True)
    assert list(outcomes)[:2] == ["The process was killed. Will run again."] * 2


def test_a_runner_that_is_killed_each_time_fails_its_trial(
    make_search: Any, make_slot: Any
) -> None:
    search = make_search(max_trials=1)
    make_slot(lambda *_: iter([Death(signal.SIGKILL)])).run()
    trial = search.trials.get()
    assert (trial.status, trial.failure_code) == (Status.FAILED, "runner_killed")
    assert "killed 5 times" in trial.failure_message


@pytest.mark.parametrize(("kills", "memory"), [([1, 2], 1000), ([1, 1], 9500)])
def test_a_runner_that_the_kernel_killed_for_memory_ran_out_of_it(
    kills: list[int], memory: int, make_search: Any, make_slot: Any, monkeypatch: Any
) -> None:
    """Either the kernel counted one more process, or this one was close to its limit."""
    counts = iter([*kills[:1], *[kills[1]] * 99])
    monkeypatch.setattr("tuning.supervisor.limits.CHECK_EVERY", 0)
    monkeypatch.setattr("tuning.supervisor.limits.oom_kills", lambda: next(counts))
    search = make_search(max_trials=1)
    make_slot(lambda *_: iter([Silence, Death(signal.SIGKILL)]), used_memory=memory).run()
    trial = search.trials.get()
    assert (trial.failure_code, trial.lost_attempts) == ("out_of_memory", 0)


def test_too_much_memory_fails_the_trial(
    make_search: Any, make_slot: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr("tuning.supervisor.limits.CHECK_EVERY", 0)
    search = make_search(max_trials=1)
    make_slot(lambda *_: iter([Silence, Silence]), used_memory=20_000).run()
    assert search.trials.get().failure_code == "out_of_memory"


@pytest.mark.parametrize(
    ("used", "code"),
    [
        ({"used_processes": 1001}, "too_many_processes"),
        ({"used_disk": DiskUse(bytes=16385 * 2**20)}, "too_much_disk"),
        ({"used_disk": DiskUse(files=100_001)}, "too_much_disk"),
        ({"used_processes": 1001, "used_memory": 20_000}, "too_many_processes"),
    ],
)
def test_every_limit_has_a_reason_of_its_own(
    used: Any, code: str, make_search: Any, make_slot: Any
) -> None:
    search = make_search(max_trials=1)
    make_slot(lambda *_: iter([Silence, Silence]), **used).run()
    assert search.trials.get().failure_code == code


def test_nobody_is_ended_for_a_full_disk_who_wrote_little(
    make_search: Any, make_slot: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr("tuning.supervisor.limits.has_room", lambda: False)
    monkeypatch.setattr("tuning.supervisor.limits.CHECK_EVERY", 0)
    search = make_search(max_trials=2)
    make_slot(used_disk=DiskUse(bytes=1000)).run()
    assert search.trials.completed().count() == 2


def test_the_greediest_is_ended_when_the_disk_is_nearly_full(
    make_search: Any, make_slot: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr("tuning.supervisor.limits.has_room", lambda: False)
    search = make_search(max_trials=1)
    make_slot(lambda *_: iter([Silence]), used_disk=DiskUse(bytes=2**30)).run()
    trial = search.trials.get()
    assert trial.failure_code == "too_much_disk"
    assert "nearly full" in trial.failure_message


def test_no_work_begins_while_the_disk_is_nearly_full(
    make_search: Any, make_slot: Any, settings: Any
) -> None:
    search = make_search(max_trials=1)
    settings.DISK_FLOOR_MB = 2**40
    assert make_slot().run() == 0
    settings.DISK_FLOOR_MB = 0
    assert make_slot().run() == 1
    assert search.trials.completed().count() == 1


def test_a_silent_trial_exceeds_its_stall_limit(make_search: Any, make_slot: Any) -> None:
    search = make_search(max_trials=1, stall_limit=0)
    make_slot(lambda *_: iter([Silence])).run()
    assert search.trials.get().failure_code == "stall_limit"


def test_a_slow_trial_exceeds_its_time_limit(make_search: Any, make_slot: Any) -> None:
    search = make_search(max_trials=1, time_limit=0)
    make_slot(lambda *_: iter([Silence])).run()
    assert search.trials.get().failure_code == "time_limit"


def test_failures_in_a_row_end_the_search_with_the_first_reason(
    make_search: Any, make_slot: Any
) -> None:
    search = make_search(max_trials=10, max_consecutive_failures=3)
    numbers = iter(range(1, 100))
    make_slot(lambda *_: iter([Failed("code_error", f"reason {next(numbers)}")])).run()
    search.refresh_from_db()
    assert search.status == SearchStatus.FAILED
    assert "reason 1" in search.failure_message
    assert search.trials.count() == 3


def test_extending_a_failed_search_forgives_its_failures(make_search: Any, make_slot: Any) -> None:
    search = make_search(max_trials=10, max_consecutive_failures=3)
    make_slot(lambda *_: iter([Failed("code_error", "wrong")])).run()
    extend_search(search, more=5, seen=10)
    make_slot(lambda *_: iter([Failed("code_error", "still wrong")])).run()
    search.refresh_from_db()
    assert search.status == SearchStatus.FAILED
    assert search.trials.count() == 6, "three more, not one"
    assert "The first was trial 4" in search.failure_message


def test_a_paused_search_that_is_extended_stays_paused(make_search: Any, make_slot: Any) -> None:
    search = make_search(max_trials=1)
    pause_search(search)
    assert extend_search(search, more=1, seen=1)
    make_slot().run()
    search.refresh_from_db()
    assert (search.status, search.max_trials) == (SearchStatus.PAUSED, 2)
    assert not search.trials.finished().exists()


def test_a_failed_trial_runs_again_when_retries_allow(make_search: Any, make_slot: Any) -> None:
    search = make_search(max_trials=1, retries=1)
    failing = iter([True, False])

    def script(order: SearchOrder, trial: TrialOrder) -> Iterator[Step]:
        yield EpochEnd(0, 1, 0.1, {"val_accuracy": 0.1})
        if next(failing):
            yield Failed("code_error", "once")
            return
        yield from good_trial(order, trial)

    make_slot(script).run()
    trial = search.trials.get()
    assert trial.status == Status.COMPLETED
    assert (trial.attempt, trial.code_failures) == (2, 1)
    assert [attempt.outcome for attempt in trial.attempts.all()] == [
        "The template raised an error. Will run again.",
        "Completed",
    ]
    # The first attempt's epoch is history; the score counts the second attempt only.
    assert Epoch.objects.filter(trial=trial, attempt=1).count() == 1


def test_executions_are_averaged(make_search: Any, make_slot: Any) -> None:
    search = make_search(max_trials=1, executions_per_trial=2, epochs=2)
    make_slot().run()
    trial = search.trials.get()
    assert trial.execution_scores == pytest.approx([0.162, 0.1621])
    assert trial.score == pytest.approx(sum(trial.execution_scores) / 2)


@pytest.mark.parametrize("told", [[0.2, 0.4], []])
def test_executions_have_the_scores_that_a_fit_of_its_own_returns(
    make_search: Any, make_slot: Any, told: list[float]
) -> None:
    """Not those of its epochs, of which 0.3 is no mean."""
    search = make_search(max_trials=1, executions_per_trial=2, epochs=1)

    def script(order: SearchOrder, _: TrialOrder) -> Iterator[Step]:
        for execution in range(2):
            yield EpochEnd(execution, 1, 0.1, {order.objective: 0.7})
        yield TrialEnd({order.objective: 0.3}, 0, told)

    make_slot(script).run()
    trial = search.trials.get()
    assert (trial.score, trial.execution_scores) == (0.3, told)


def test_a_deleted_search_ends_its_running_trial(
    make_search: Any, make_slot: Any, monkeypatch: Any
) -> None:
    from tuning.actions.searches import delete_search

    monkeypatch.setattr("tuning.supervisor.supervise.CANCEL_CHECK_EVERY", 0)
    search = make_search(max_trials=2)

    def script(*_: Any) -> Iterator[Step]:
        yield lambda: delete_search(search)
        while True:
            yield Silence

    slot = make_slot(script)
    slot.run()
    assert slot.started[0].ended
    assert not Search.objects.exists()
    assert not Trial.objects.exists()
