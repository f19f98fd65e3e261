"""The fake runner and the real one keep the same promises to the supervisor."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.services import PATIENCE
from tuning.protocol.events import (
    Built,
    EpochEnd,
    Event,
    Failed,
    Inspected,
    NextTrial,
    Ready,
    Retrained,
    TrialEnd,
)
from tuning.protocol.orders import (
    InspectOrder,
    ProjectOrder,
    RetrainOrder,
    SearchOrder,
    Split,
    TrialOrder,
)
from tuning.supervisor.folders import adopt_orphans
from tuning.supervisor.runners import Device, Runner, RunnerGone, RunnerProcess

from .conftest import UNITS_SPACE
from .fake_runner import FakeRunner
from .real import WarmRunner

START: dict[str, Callable[[], Any]] = {
    "fake": FakeRunner,
    "real": lambda: WarmRunner(Device(threads=1)),
}
CODE = """
import keras

def build_model(hp, input_shape, num_classes):
    model = keras.Sequential([
        keras.layers.Input(input_shape),
        keras.layers.Flatten(),
        keras.layers.Dense(hp.Int("units", 8, 64, step=8), activation="relu"),
        keras.layers.Dense(num_classes, activation="softmax"),
    ])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model
"""


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.tensorflow)])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def runner(kind: str) -> Iterator[Runner]:
    started = START[kind]()
    yield started
    started.kill()
    assert not started.folder.exists()


@pytest.fixture
def project(digits: Path) -> ProjectOrder:
    return ProjectOrder(CODE, str(digits), Split(0.7, 0.15, 0.15, 0, stratified=True))


def until(runner: Runner, kind: type[Event], seconds: float = PATIENCE) -> list[Event]:
    """Events up to the first of this kind."""
    events: list[Event] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        event = runner.read(timeout=1)
        if event is not None:
            events.append(event)
            if isinstance(event, kind):
                return events
            assert not isinstance(event, Failed), event
    pytest.fail(f"no {kind.__name__} within {seconds} s; so far: {events}")


def search_order(project: ProjectOrder) -> SearchOrder:
    return SearchOrder(
        project=project, objective="val_accuracy", direction="max", hyperband=False, epochs=2,
        executions_per_trial=2, batch_size=64, early_stopping_metric="",
        early_stopping_patience=1, early_stopping_direction="", space=UNITS_SPACE,
    )  # fmt: skip


def test_trials_come_one_after_the_other(runner: Runner, project: ProjectOrder) -> None:
    until(runner, Ready)
    runner.send(search_order(project))
    for number in range(2):
        until(runner, NextTrial)
        runner.send(TrialOrder(str(number), {"units": 16}, seed=1))
        events = until(runner, TrialEnd)
        assert isinstance(events[0], Built)
        epochs = [event for event in events if isinstance(event, EpochEnd)]
        assert [(e.execution, e.epoch) for e in epochs] == [(0, 1), (0, 2), (1, 1), (1, 2)]
        end = events[-1]
        assert isinstance(end, TrialEnd)
        best = [max(e.metrics["val_accuracy"] or 0 for e in epochs if e.execution == n)
                for n in (0, 1)]  # fmt: skip
        assert end.metrics["val_accuracy"] == pytest.approx(sum(best) / 2)
        assert runner.memory(10**9) > 0
        assert isinstance(runner.log_tail(), str)


def test_an_inspection_tells_space_and_metrics(runner: Runner, project: ProjectOrder) -> None:
    runner.send(InspectOrder(project))
    inspected = until(runner, Inspected)[-1]
    assert isinstance(inspected, Inspected)
    assert "loss" in inspected.metrics


def test_a_retraining_leaves_a_file(runner: Runner, project: ProjectOrder) -> None:
    runner.send(RetrainOrder(project, {"units": 16}, UNITS_SPACE, epochs=2, batch_size=64, seed=1))
    events = until(runner, Retrained)
    epochs = [event.epoch for event in events if isinstance(event, EpochEnd)]
    assert epochs == [1, 2]
    assert (runner.folder / "model.keras").stat().st_size > 0


def test_an_ended_runner_is_gone(runner: Runner) -> None:
    runner.end()
    with pytest.raises((RunnerGone, OSError, ValueError)):
        runner.read(timeout=0)


@pytest.mark.slow
def test_a_kill_leaves_no_process() -> None:
    # Started as a worker starts it, but without Keras, which takes seconds to import: the next test
    # kills a runner with Keras.
    runner = RunnerProcess(Device(), needs_keras=False)
    pid = runner._process.pid
    until(runner, Ready)
    tree = runner._tree()
    assert len(tree) > 1
    runner.kill()
    assert not psutil.pid_exists(pid)
    assert not [process for process in tree if process.is_running()]


DETACHING = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        with open("detached", "w") as file:
            file.write(str(os.getpid()))
        time.sleep(600)
    os._exit(0)
while not os.path.exists("detached") or not open("detached").read():
    time.sleep(0.01)
time.sleep(600)
"""


@pytest.mark.tensorflow
def test_what_a_template_detaches_dies_with_its_runner(project: ProjectOrder) -> None:
    adopt_orphans()
    runner = WarmRunner(Device())
    until(runner, Ready)
    runner.send(InspectOrder(replace(project, code=DETACHING)))
    note = runner.folder / "detached"
    end = time.monotonic() + PATIENCE
    while not (note.exists() and note.read_text()):
        assert time.monotonic() < end, runner.log_tail()
        assert runner.read(timeout=0.1) is None
    # Numbers in the note are those of the runner's own namespace, where it has one.
    tree = runner._tree()
    assert note.read_text().isdigit()
    runner.kill()
    assert not [process for process in tree if process.is_running()]
