"""Whatever happens to the trials of a search, in whatever order: their cells are what would be
written anew."""

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import transaction

from tuning.actions.searches import extend_search, pause_search, resume_search, stop_search
from tuning.models import Search, Trial, TrialIndex
from tuning.protocol.events import Built, EpochEnd, Failed, TrialEnd
from tuning.protocol.orders import SearchOrder, TrialOrder
from tuning.recording.recorder import release_trial
from tuning.supervisor.claims import Slot, claim_next
from tuning.supervisor.slot import SlotLoop

from .fake_runner import Death, Step, good_trial

pytestmark = pytest.mark.django_db


def fates(draw: random.Random) -> Callable[[SearchOrder, TrialOrder], Iterator[Step]]:
    """A script under which a trial ends in one of many ways, mostly after some epochs."""

    def script(order: SearchOrder, trial: TrialOrder) -> Iterator[Step]:
        yield Built(parameters=draw.randrange(1000), summary="dense")
        for epoch in range(1, draw.randrange(1, 4)):
            figures = {order.objective: draw.random(), draw.choice(["loss", "odd"]): draw.random()}
            # The sum of two such is no float any more.
            yield EpochEnd(0, epoch, 0.1, {**figures, "largest": 1.7e308})
            yield EpochEnd(1, epoch, 0.1, {"largest": 1.7e308})
        match draw.choice(["good", "good", "nan", "code_error", "out_of_memory", "death", "bad"]):
            case "good":
                yield from good_trial(order, trial)
            case "nan":
                yield TrialEnd({order.objective: None, "loss": None}, best_step=0)
            case "death":
                yield Death()
            case "bad":
                yield b"nonsense"
            case code:
                yield Failed(code, "No.")

    return script


def assert_cells_follow(search: Search) -> None:
    search.refresh_from_db()
    index = TrialIndex.objects.filter(search=search).order_by("number")
    kept = search.index_columns, list(index.values())
    with transaction.atomic():
        TrialIndex.objects.fill(search)
    search.refresh_from_db()
    anew = search.index_columns, list(index.all().values())
    assert kept == anew
    assert len(anew[1]) == search.trials.count()


@pytest.mark.parametrize("seed", range(6))
def test_cells_are_what_would_be_written_anew(
    seed: int, make_search: Any, make_slot: Callable[..., SlotLoop], worker: Any
) -> None:
    draw = random.Random(seed)
    search = make_search(
        max_trials=5, retries=draw.randrange(3), executions_per_trial=2,
        max_consecutive_failures=draw.choice([2, 50]),
    )  # fmt: skip
    for _ in range(6):
        match draw.choice(["run", "run", "claim", "release", "extend", "pause", "stop", "delete"]):
            case "run":
                make_slot(fates(draw)).run()
            case "claim":
                claim_next(Slot(worker, 1))
            case "release":
                for trial in Trial.objects.filter(search=search).running():
                    release_trial(trial, "The worker stopped")
            case "extend":
                extend_search(search, 2, search.max_trials)
            case "pause":
                pause_search(search)
                resume_search(search)
            case "stop" if draw.random() < 0.3:
                stop_search(search)
            case "delete":
                search.trials.finished().first() and search.trials.finished().first().delete()
        assert_cells_follow(search)


def test_a_stopped_trial_keeps_what_an_earlier_attempt_left(
    make_search: Any, make_slot: Callable[..., SlotLoop], worker: Any
) -> None:
    """It waited to run again when its search was stopped."""
    search = make_search(retries=1)
    trial = claim_next(Slot(worker, 0))
    assert isinstance(trial, Trial)
    Trial.objects.filter(pk=trial.pk).update(parameters=100, epochs_done=2)
    release_trial(trial, "The worker stopped")
    stop_search(search)
    cells = TrialIndex.objects.get(trial=trial)
    assert (cells.status, cells.parameters, cells.epochs) == ("stopped", 100, 2)
    assert cells.seconds is not None
    assert_cells_follow(search)
