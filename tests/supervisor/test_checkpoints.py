"""Which checkpoints are on the disk while searches run, and after crashes."""

import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User

from tuning.actions.saved_models import retrain
from tuning.actions.searches import change_limits, delete_search, pin_weights, train_to_end
from tuning.analysis.lineage import hyperband_place
from tuning.models import Search, Trial
from tuning.models.trials import checkpoint_folder
from tuning.protocol.events import EpochEnd, TrialEnd
from tuning.protocol.orders import SearchOrder, TrialOrder
from tuning.protocol.statuses import SearchStatus, Status
from tuning.strategies import hyperband_plan
from tuning.strategies.pruners import MAX_WAITING
from tuning.supervisor.checkpoints import sweep, tidy

from .fake_runner import Script, Step

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

SPACE = {
    "space": [{"class_name": "Float", "config": {
        "name": "units", "default": 0.5, "conditions": [], "min_value": 0.0, "max_value": 1.0,
        "step": None, "sampling": "linear"}}],
    "values": {},
}  # fmt: skip
ASHA = {
    "tuner": "random", "space": SPACE, "epochs": 9, "pruner": "asha", "pruning_warmup": 0,
    "pruning_factor": 3,
}  # fmt: skip
RUNGS = (1, 3)
HYPERBAND = {"tuner": "hyperband", "space": SPACE, "epochs": 9, "hyperband_factor": 3}


def noisy(search: SearchOrder, trial: TrialOrder) -> Iterator[Step]:
    """Curves that cross each other, so that trials are promoted late. The same each time."""
    first = int(trial.values.get("tuner/initial_epoch", 0))
    last = int(trial.values.get("tuner/epochs", search.epochs))
    found = []
    for epoch in range(1, last + 1):
        noise = random.Random(f"{trial.values['units']} {epoch}").gauss(0, 0.05)
        score = trial.values["units"] * (1 - 1 / (1 + epoch)) + noise
        if epoch > first:
            found.append(score)
            yield EpochEnd(0, epoch, 0.1, {search.objective: score})
    yield TrialEnd({search.objective: max(found)}, best_step=found.index(max(found)))


def stored(search: Search) -> set[str]:
    folder = Path(settings.CHECKPOINTS_ROOT) / str(search.pk)
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


def watched(look: Any) -> Script:
    """noisy, with a look at the disk before each trial."""

    def script(search: SearchOrder, trial: TrialOrder) -> Iterator[Step]:
        look()
        yield from noisy(search, trial)

    return script


def best_of_rungs(search: Search) -> set[str]:
    """By hand: of the pruned trials of each rung, the best by their epochs' rows."""
    found = set()
    pruned = search.trials.filter(status=Status.PRUNED)
    for rung, following in zip(RUNGS, (*RUNGS[1:], search.epochs), strict=True):
        here = pruned.filter(epochs_done__gte=rung, epochs_done__lt=following)
        values = {
            f"{trial.oracle_id}-{trial.attempt}": trial.epochs.get(
                attempt=trial.attempt, epoch=rung
            ).metrics["val_accuracy"]
            for trial in here
        }
        found |= set(sorted(values, key=lambda name: -values[name])[:MAX_WAITING])
    return found


def test_pruned_trials_keep_what_may_be_promoted(make_search: Any, make_slot: Any) -> None:
    search = make_search(max_trials=60, **ASHA)
    dropped: set[str] = set()
    most = 0

    def look() -> None:
        nonlocal most
        best, here = best_of_rungs(search), stored(search)
        # The trial that begins now goes on from its own weights.
        going_on = search.trials.running().exclude(pruned_after=None)
        own = {f"{trial.oracle_id}-{trial.pruned_attempt}" for trial in going_on}
        assert here <= best | own
        assert best - here <= dropped, "one of the best has no weights"
        dropped.update(
            f"{trial.oracle_id}-{trial.attempt}"
            for trial in search.trials.filter(status=Status.PRUNED)
            if f"{trial.oracle_id}-{trial.attempt}" not in best
        )
        most = max(most, len(here))

    make_slot(watched(look)).run()
    search.refresh_from_db()
    assert search.status == SearchStatus.COMPLETED
    promoted = search.trials.filter(attempt__gt=1)
    assert promoted.exists(), "nothing was promoted, so that nothing was tested"
    assert search.trials.filter(status=Status.PRUNED).count() > 30
    assert MAX_WAITING < most <= MAX_WAITING * len(RUNGS) + 1
    # Nothing can be promoted any more.
    assert stored(search) == set()


def waiting_for_rounds(search: Search) -> set[str]:
    """By hand, from the plan and the rows of one iteration: of each round, the best completed
    trials that no other one continues, as many as the next round still has places."""
    found = set()
    trials = list(search.trials.exclude(oracle_id=""))
    parents = [trial.tuner_values.get("tuner/trial_id") for trial in trials]
    for bracket in hyperband_plan.brackets(search.epochs, search.hyperband_factor):
        for here, following in zip(bracket.rounds, bracket.rounds[1:], strict=False):
            rounds = {
                number: [
                    trial
                    for trial in trials
                    if trial.tuner_values["tuner/bracket"] == bracket.number
                    and trial.tuner_values["tuner/round"] == number
                ]
                for number in (here.number, following.number)
            }
            free = following.trials - len(rounds[following.number])
            scores = {
                f"{trial.oracle_id}-{trial.attempt}": trial.score
                for trial in rounds[here.number]
                if trial.status == Status.COMPLETED and trial.oracle_id not in parents
            }
            found |= set(sorted(scores, key=lambda name: -scores[name])[:free])
    return found


def test_rounds_keep_their_next_parents(make_search: Any, make_slot: Any, alice: User) -> None:
    search = make_search(**HYPERBAND)
    looked = []

    def look() -> None:
        running = search.trials.running().get()
        parent = running.tuner_values.get("tuner/trial_id")
        of_parent = search.trials.filter(oracle_id=parent or "none").values_list("attempt").first()
        own = {f"{parent}-{of_parent[0]}"} if of_parent else set()
        assert stored(search) == waiting_for_rounds(search) | own
        looked.append(len(stored(search)))

    make_slot(watched(look)).run()
    search.refresh_from_db()
    assert search.status == SearchStatus.COMPLETED
    assert set(search.trials.values_list("status", flat=True)) == {Status.COMPLETED}
    assert 1 < max(looked) <= hyperband_plan.max_promotable(9, 3) + 1
    assert stored(search) == set()

    # A retraining needs none.
    best = search.trials.best_first("max").first()
    model = retrain(alice, best, None, "")
    make_slot().run()
    model.refresh_from_db()
    assert model.status == Status.COMPLETED


def test_rounds_that_overlap_find_their_parents(make_search: Any, make_slot: Any) -> None:
    """A second slot runs whatever it finds in the middle of a trial, so that brackets overlap."""
    search = make_search(hyperband_iterations=2, parallel_trials=2, **HYPERBAND)
    most = 0

    def script(order: SearchOrder, trial: TrialOrder) -> Iterator[Step]:
        nonlocal most
        if search.trials.count() % 3 == 0:
            make_slot(noisy, number=1).run()
        most = max(most, len(stored(search)))
        yield from noisy(order, trial)

    make_slot(script).run()
    search.refresh_from_db()
    assert search.status == SearchStatus.COMPLETED
    assert set(search.trials.values_list("status", flat=True)) == {Status.COMPLETED}
    assert search.trials.count() == 1 + hyperband_plan.trial_count(9, 3, 2)
    assert brackets_shown(search) == brackets_by_parents(search)
    brackets = hyperband_plan.brackets(9, 3)
    assert most <= sum(each.trials for bracket in brackets for each in bracket.rounds[1:]) + 2


def brackets_shown(search: Search) -> dict[str, tuple[int, int]]:
    places = {t.oracle_id: hyperband_place(t) for t in search.trials.exclude(tuner_values={})}
    return {name: (place.bracket, place.rounds) for name, place in places.items() if place}


def brackets_by_parents(search: Search) -> dict[str, tuple[int, int]]:
    """Only of trials without a parent KerasTuner's number is always that of their own bracket."""
    found: dict[str, tuple[int, int]] = {}
    for trial in search.trials.exclude(tuner_values={}).order_by("number"):
        number = trial.tuner_values["tuner/bracket"]
        parent = trial.tuner_values.get("tuner/trial_id")
        found[trial.oracle_id] = found[parent] if parent else (3 - number, number + 1)
    return found


@pytest.fixture
def pruned(make_search: Any, make_slot: Any) -> Trial:
    """Of a search that has not ended."""
    search = make_search(max_trials=6, **ASHA)
    make_slot(noisy).run()
    Search.objects.filter(pk=search.pk).update(status=SearchStatus.PAUSED, end_reason="")
    trial: Trial = search.trials.filter(status=Status.PRUNED).first()
    store(trial.search, trial.oracle_id, trial.attempt)
    return Trial.objects.select_related("search").get(pk=trial.pk)


def store(search: Search, name: str, attempt: int, old: bool = False) -> Path:
    folder = checkpoint_folder(search.pk, name, attempt)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "checkpoint.weights.h5").write_bytes(b"weights")
    if old:
        os.utime(folder, (0, 0))
    return folder


def test_what_a_crash_leaves_is_removed(pruned: Trial, make_search: Any) -> None:
    search = pruned.search
    best = pruned.pruned_weights.place
    # Before its row was written, before it was renamed, after it was renamed to be removed.
    young, old = store(search, "none", 1), store(search, "none", 2, old=True)
    part, gone = store(search, ".x", 1, old=True), store(search, ".x-1", 2, old=True)
    # An attempt that was lost, of a trial that was pruned later.
    Trial.objects.filter(pk=pruned.pk).update(attempt=2, pruned_attempt=2)
    earlier, later = best, store(search, pruned.oracle_id, 2)
    running = search.trials.create(
        number=90, oracle_id="90", status=Status.RUNNING, attempt=2, values={"units": 0.1}
    )
    lost, current = store(search, running.oracle_id, 1), store(search, running.oracle_id, 2)
    later_gone = store(search, "2", 1)
    deleted = store(make_search(), "1", 1, old=True)
    delete_search(Search.objects.get(pk=int(deleted.parent.name)))
    Search.objects.filter(pk=search.pk).update(status=SearchStatus.PAUSED)
    Trial.objects.filter(search=search, oracle_id="2").update(status=Status.STOPPED)
    sweep()
    assert [path.exists() for path in (young, later, current)] == [True] * 3
    removed = (old, part, gone, earlier, lost, later_gone, deleted)
    assert [path.exists() for path in removed] == [False] * len(removed)
    # Also the folder of a search, once nothing is in it.
    os.utime(deleted.parent, (0, 0))
    sweep()
    assert not deleted.parent.exists()
    assert pruned.pruned_weights.place.parent.exists()


def test_pinned_weights_outlast_the_search(pruned: Trial, make_slot: Any) -> None:
    search = pruned.search
    others = stored(search) - {pruned.pruned_weights.place.name}
    assert pin_weights(pruned, True)
    Search.objects.filter(pk=search.pk).update(status=SearchStatus.COMPLETED)
    tidy(search.pk)
    assert stored(search) == {pruned.pruned_weights.place.name}
    assert not others & stored(search)
    # It goes on where it stopped.
    Search.objects.filter(pk=search.pk).update(exhausted=True)
    assert train_to_end(pruned)
    done = pruned.pruned_after
    slot = make_slot(noisy)
    slot.run()
    (order,) = [each for each in slot.started[0].orders if isinstance(each, TrialOrder)]
    assert order.values["tuner/initial_epoch"] == done
    pruned.refresh_from_db()
    assert (pruned.status, pruned.epochs_done) == (Status.COMPLETED, 9)
    assert stored(search) == set()


def test_weights_are_removed_when_they_are_unpinned(pruned: Trial) -> None:
    search = pruned.search
    assert pin_weights(pruned, True)
    Search.objects.filter(pk=search.pk).update(status=SearchStatus.STOPPED)
    sweep()
    assert pin_weights(pruned, False)
    sweep()
    assert stored(search) == set()
    # What is gone cannot be pinned.
    assert not pin_weights(pruned, True)


def test_a_promoted_trial_without_weights_begins_again(
    make_search: Any, make_slot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuning.recording.checkpoints.MAX_WAITING", 0)
    search = make_search(max_trials=20, **ASHA)
    make_slot(noisy).run()
    again = search.trials.filter(attempt__gt=1, status=Status.COMPLETED)
    for trial in again:
        rows = trial.epochs.filter(attempt=trial.attempt)
        assert list(rows.values_list("epoch", flat=True)) == list(range(1, 10))
    assert search.trials.filter(attempt__gt=1).exists()
    assert stored(search) == set()


def test_more_trials_find_the_weights_of_a_round(make_search: Any, make_slot: Any) -> None:
    """A search that a limit ended may go on in the middle of its rounds."""
    search = make_search(target_score=0.1, **HYPERBAND)
    make_slot(noisy).run()
    search.refresh_from_db()
    assert (search.status, search.exhausted) == (SearchStatus.COMPLETED, False)
    sweep()
    assert stored(search) == waiting_for_rounds(search)
    assert change_limits(search, {"target_score": 99.0})
    make_slot(noisy).run()
    search.refresh_from_db()
    assert set(search.trials.values_list("status", flat=True)) == {Status.COMPLETED}
    assert search.trials.count() == 1 + hyperband_plan.trial_count(9, 3, 1)
