"""A lost trial goes on from its last checkpoint, with the epochs that lie before it."""

import os
import signal
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as site_settings
from django.utils import timezone

from tuning.models import Epoch, Search, Trial, Worker
from tuning.protocol.events import CheckpointSaved, EpochEnd, Failed, Resumed, TrialEnd
from tuning.protocol.failures import FailureCode
from tuning.protocol.orders import SearchOrder, TrialOrder
from tuning.protocol.statuses import Status
from tuning.supervisor import resume_folders
from tuning.supervisor.assignments import trial as trial_module

from .fake_runner import Death, Step, good_trial

pytestmark = pytest.mark.django_db
KILLED = Death(signal.SIGKILL)


@pytest.fixture(autouse=True)
def _often(settings: Any, tmp_path: Path) -> None:
    settings.RESUME_ROOT = tmp_path
    # No pause between two.
    settings.CHECKPOINT_SECONDS = 0


def first_attempt(*then: Step, after: int = 3) -> Any:
    """A script whose first attempt saves a checkpoint after each epoch up to `after`, goes on for
    one more epoch and ends as told; later ones are good, and worse by the epoch."""
    attempts: list[TrialOrder] = []

    def script(search: SearchOrder, order: TrialOrder) -> Iterator[Step]:
        attempts.append(order)
        for step in good_trial(search, order):
            yield step
            if len(attempts) == 1 and isinstance(step, EpochEnd):
                if step.epoch <= after:
                    yield CheckpointSaved(step.epoch)
                else:
                    yield from then
                    return

    script.attempts = attempts  # type: ignore[attr-defined]
    return script


def one_trial(make_search: Any, **settings: Any) -> Search:
    search: Search = make_search(max_trials=1, epochs=6, tuner="random", **settings)
    return search


def kept(search: Search) -> list[str]:
    return sorted(p.name for p in (site_settings.RESUME_ROOT / str(search.pk)).glob("*"))


def epochs(trial: Trial, attempt: int) -> dict[int, dict[str, Any]]:
    return dict(trial.epochs.filter(attempt=attempt).values_list("epoch", "metrics"))


def test_a_trial_of_weeks_may_save_after_each_epoch(
    make_search: Any, make_slot: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr("tuning.supervisor.supervise.MAX_NEWS", 4)
    search = one_trial(make_search)
    make_slot(first_attempt(after=6)).run()
    assert search.trials.get().status == Status.COMPLETED


def test_checkpoints_without_epochs_are_a_flood(
    make_search: Any, make_slot: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr("tuning.supervisor.supervise.MAX_NEWS", 4)
    search = one_trial(make_search)
    make_slot(first_attempt(*[CheckpointSaved(1)] * 9)).run()
    trial = search.trials.get()
    assert trial.status == Status.FAILED
    assert "more than 4 events" in trial.failure_message


def test_a_trial_goes_on_after_its_last_checkpoint(make_search: Any, make_slot: Any) -> None:
    search, script = one_trial(make_search), first_attempt(KILLED)
    make_slot(script).run()
    trial = search.trials.get()
    assert [order.resume_after for order in script.attempts] == [0, 3]
    assert (trial.status, trial.attempt, trial.lost_attempts) == (Status.COMPLETED, 2, 1)
    before, after = epochs(trial, 1), epochs(trial, 2)
    assert [*before] == [1, 2, 3, 4], "what was lost stays in the history"
    assert [*after] == [1, 2, 3, 4, 5, 6]
    assert {n: after[n] for n in (1, 2, 3)} == {n: before[n] for n in (1, 2, 3)}
    assert trial.epochs_done == trial.best_epoch == 6
    assert trial.score == after[6]["val_accuracy"]
    assert trial.attempts.get(number=1).outcome.endswith("Will continue after epoch 3.")
    assert trial.resume_epoch is None
    assert kept(search) == []


def test_the_best_epoch_may_be_one_before_the_checkpoint(make_search: Any, make_slot: Any) -> None:
    """KerasTuner's own result knows the later epochs only."""
    search = one_trial(make_search)

    def script(_: SearchOrder, order: TrialOrder) -> Iterator[Step]:
        if order.resume_after:
            yield Resumed(order.resume_after)
        for epoch in range(order.resume_after + 1, 7):
            yield EpochEnd(0, epoch, 0.1, {"val_accuracy": 0.9 if epoch == 2 else epoch / 100})
            yield CheckpointSaved(epoch)
            if epoch == 4 and not order.resume_after:
                yield KILLED
        yield TrialEnd({"val_accuracy": 0.06}, best_step=1)

    make_slot(script).run()
    trial = search.trials.get()
    assert (trial.score, trial.best_epoch, trial.execution_scores) == (0.9, 2, [0.9])


def test_a_runner_that_begins_again_replaces_all_epochs(make_search: Any, make_slot: Any) -> None:
    """Its Keras is of another version, say."""
    search, attempts = one_trial(make_search), first_attempt(KILLED)

    def script(order: SearchOrder, trial: TrialOrder) -> Iterator[Step]:
        again = TrialOrder(trial.trial_id, trial.values, trial.seed, trial.token)
        yield from attempts(order, again)

    make_slot(script).run()
    trial = search.trials.get()
    assert (trial.status, trial.epochs_done) == (Status.COMPLETED, 6)
    assert [*epochs(trial, 2)] == [1, 2, 3, 4, 5, 6]
    assert trial.best_epoch == 6


@pytest.mark.parametrize("missing", ["folder", "setting"])
def test_without_its_checkpoint_a_trial_begins_again(
    make_search: Any, make_slot: Any, missing: str
) -> None:
    search = one_trial(make_search)

    def lose() -> None:
        if missing == "folder":
            resume_folders.remove_resume_folders(search.trials.get())
        else:
            # Where executions are averaged there are none.
            Search.objects.update(executions_per_trial=1, model_kind="custom")

    script = first_attempt(lose, KILLED)
    make_slot(script).run()
    trial = search.trials.get()
    assert [order.resume_after for order in script.attempts] == [0, 0]
    assert (trial.status, [*epochs(trial, 2)]) == (Status.COMPLETED, [1, 2, 3, 4, 5, 6])


def test_a_failure_of_the_template_is_retried_from_the_start(
    make_search: Any, make_slot: Any
) -> None:
    search = one_trial(make_search, retries=1)
    script = first_attempt(Failed(FailureCode.CODE_ERROR, "Something is wrong."))
    make_slot(script).run()
    assert [order.resume_after for order in script.attempts] == [0, 0]
    assert search.trials.get().attempts.get(number=1).outcome.endswith("Will run again.")
    assert kept(search) == []


def test_a_worker_that_stops_gives_the_trial_to_one_that_goes_on(
    make_search: Any, make_slot: Any
) -> None:
    search = one_trial(make_search)
    slot = make_slot(first_attempt(lambda: slot.stopping.set() or slot.closed.set()))
    slot.run()
    trial = search.trials.get()
    assert (trial.status, trial.lost_attempts) == (Status.QUEUED, 0)
    assert trial.attempts.get().outcome == "The worker shut down. Will continue after epoch 3."
    assert kept(search) == ["1-1-3"], "the former ones are gone"
    make_slot().run()
    trial.refresh_from_db()
    assert (trial.status, trial.epochs_done) == (Status.COMPLETED, 6)


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), OSError(30, "read-only")]
)
def test_a_full_disk_costs_the_checkpoint_and_nothing_else(
    make_search: Any, make_slot: Any, monkeypatch: Any, error: OSError
) -> None:
    search = one_trial(make_search)

    def refuse(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(trial_module, "store_folder", refuse)
    script = first_attempt(KILLED)
    make_slot(script).run()
    assert [order.resume_after for order in script.attempts] == [0, 0]
    assert search.trials.get().status == Status.COMPLETED
    assert kept(search) == []


def test_a_runner_cannot_go_on_from_where_it_was_not_asked_to(
    make_search: Any, make_slot: Any
) -> None:
    search = one_trial(make_search)
    make_slot(lambda *_: iter([Resumed(5)])).run()
    trial = search.trials.get()
    assert (trial.status, trial.failure_code) == (Status.FAILED, FailureCode.BAD_EVENT)
    assert not Epoch.objects.exists()


def test_checkpoints_come_no_faster_than_they_were_ordered(
    make_search: Any, make_slot: Any, settings: Any
) -> None:
    """A runner could fill the storage."""
    settings.CHECKPOINT_SECONDS = 60
    search = one_trial(make_search)
    make_slot(first_attempt(KILLED)).run()
    assert search.trials.get().attempts.get(number=1).outcome.endswith("Will run again.")


def test_only_what_a_trial_may_go_on_from_is_kept(make_search: Any, worker: Worker) -> None:
    search = make_search()
    Trial.objects.update(status=Status.RUNNING, resume_epoch=4, resume_attempt=1)
    trial = search.trials.get()
    needed = trial.resume_folder(4, 1).place
    others = [trial.resume_folder(2, 1).place, trial.resume_folder(4, 2).place]
    for folder in (needed, *others):
        folder.mkdir(parents=True)
        past = (timezone.now() - timedelta(hours=2)).timestamp()
        os.utime(folder, (past, past))
    os.utime(needed.parent, (past, past))
    resume_folders.sweep()
    assert [folder.exists() for folder in (needed, *others)] == [True, False, False]
    Trial.objects.update(status=Status.FAILED)
    resume_folders.sweep()
    assert not needed.exists()


def test_searches_whose_trials_are_more_than_one_training_have_none(make_search: Any) -> None:
    assert make_search().has_checkpoints
    assert not make_search(executions_per_trial=2).has_checkpoints
    assert not make_search(tuner="hyperband").has_checkpoints
    assert not make_search(model_kind="sklearn").has_checkpoints
