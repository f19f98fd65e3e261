"""The most memory that a trial's runner had is written with the trial, however it ends."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tuning.models import Dataset, HyperModel, Project, Search, TrialIndex, Worker
from tuning.protocol.events import Built, Failed, TrialEnd
from tuning.protocol.orders import SearchOrder, TrialOrder
from tuning.protocol.statuses import Status
from tuning.supervisor.slot import SlotLoop

from .conftest import UNITS_SPACE
from .fake_runner import Death, Step, good_trial
from .real import MB, real_slot

pytestmark = pytest.mark.django_db


@pytest.fixture
def peaks(make_search: Any, make_slot: Any) -> Callable[..., list[int | None]]:
    """A function: the peaks of two trials. Each step of a script may be a number of bytes, which
    its runner then uses."""

    def run(*steps: Any) -> list[int | None]:
        search: Search = make_search(max_trials=2)
        slot: SlotLoop

        def use(amount: int) -> Callable[[], None]:
            return lambda: setattr(slot.started[-1], "used_memory", amount)  # type: ignore[attr-defined]

        def script(order: SearchOrder, trial: TrialOrder) -> Iterator[Step]:
            for step in steps:
                if isinstance(step, int):
                    yield use(step)
                else:
                    yield from step(order, trial) if step is good_trial else [step]

        slot = make_slot(script)
        slot.run()
        assert [cells.memory for cells in TrialIndex.objects.order_by("number")] == [
            trial.peak_memory for trial in search.trials.all()
        ]
        return [trial.peak_memory for trial in search.trials.all()]

    return run


@pytest.fixture
def watchful(monkeypatch: Any) -> None:
    """The supervisor looks after every event."""
    monkeypatch.setattr("tuning.supervisor.limits.CHECK_EVERY", 0)


@pytest.mark.slow
def test_the_highest_of_all_looks_counts(peaks: Any, watchful: None) -> None:
    # A second execution builds its model, too.
    assert peaks(Built(100, ""), 2000, 7000, 3000, good_trial) == [7000, 7000]


@pytest.mark.slow
def test_a_trial_does_not_inherit_the_peak_of_the_one_before(
    make_search: Any, make_slot: Any, watchful: None
) -> None:
    amounts = iter([8000, 3000])

    def script(order: SearchOrder, trial: TrialOrder) -> Iterator[Step]:
        amount = next(amounts)
        # Until its own model is there, the process still holds the one before it.
        yield lambda: None
        yield lambda: setattr(slot.started[-1], "used_memory", amount)
        yield from good_trial(order, trial)

    search = make_search(max_trials=2)
    slot = make_slot(script)
    slot.run()
    assert len(slot.started) == 1
    assert [trial.peak_memory for trial in search.trials.all()] == [8000, 3000]


def test_a_trial_too_short_for_a_look_is_measured_at_its_end(peaks: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("tuning.supervisor.limits.CHECK_EVERY", 3600)
    assert peaks(5000, good_trial) == [5000, 5000]


@pytest.mark.parametrize("end", [Failed("code_error", "no"), Death(), TrialEnd({"other": 1.0}, 0)])
def test_failed_trials_have_theirs(end: Any, peaks: Any, watchful: None) -> None:
    assert peaks(6000, end) == [6000, 6000]
    assert set(TrialIndex.objects.values_list("status", flat=True)) == {Status.FAILED}


def test_beyond_the_limit_it_is_what_was_too_much(peaks: Any, watchful: None) -> None:
    assert peaks(20_000, good_trial)[0] == 20_000


def test_a_runner_that_never_came_to_a_trial_tells_nothing_of_it(
    make_search: Any, make_slot: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr("tests.supervisor.fake_runner.NextTrial", lambda: Failed("code_error", ""))
    search = make_search(max_trials=1)
    make_slot().run()
    trial = search.trials.get()
    assert (trial.status, trial.peak_memory) == (Status.FAILED, None)


HEAVY = """
import keras

def build_model(hp, input_shape, num_classes):
    global ballast
    units = hp.Int("units", 8, 64, step=8)
    ballast = b"x" * (400_000_000 if units == 8 else 0)
    model = keras.Sequential([
        keras.layers.Input(input_shape),
        keras.layers.Flatten(),
        keras.layers.Dense(units),
        keras.layers.Dense(num_classes, activation="softmax"),
    ])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model
"""


@pytest.mark.tensorflow
def test_a_real_process_is_measured(
    digits: Path, make_search: Any, project: Project, worker: Worker
) -> None:
    """The baseline has 8 units and 400 MB too many; the trial after it runs in the same process."""
    Dataset.objects.filter(pk=project.dataset_id).update(folder=digits.name)
    HyperModel.objects.filter(pk=project.hypermodel_id).update(code=HEAVY)
    project.refresh_from_db()
    search = make_search(space=UNITS_SPACE, max_trials=2, epochs=1)
    real_slot(worker, megabytes=4000).run()
    heavy, light = search.trials.all()
    assert (heavy.status, light.status) == (Status.COMPLETED, Status.COMPLETED)
    assert 400_000_000 < heavy.peak_memory < 4000 * MB
    assert light.peak_memory < heavy.peak_memory - 200 * MB
