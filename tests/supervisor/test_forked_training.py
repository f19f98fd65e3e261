"""What a runner trains as a fork of a process that has done the imports is what it trains by
itself."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.runner.harness import project, search_order
from tests.services import wait_for
from tuning.protocol.events import EpochEnd, Failed, TrialEnd
from tuning.protocol.orders import TrialOrder
from tuning.supervisor.fork_servers import ForkedProcess, fork_servers
from tuning.supervisor.launch import Device
from tuning.supervisor.runners import RunnerProcess

from .test_runner_process import next_event

pytestmark = pytest.mark.tensorflow

CODE = """
import keras
import numpy as np
import tensorflow as tf

print("drew", np.random.random())
print("tensorflow", tf.random.uniform(()).numpy())
print("keras", float(keras.random.uniform(())))
print("home", keras.src.backend.config.keras_home())
print("threads", __import__("threadpoolctl").threadpool_info()[0]["num_threads"])

def build(hp):
    hp.Int("units", 4, 16)
    model = keras.Sequential([
        keras.layers.Flatten(),
        keras.layers.Dense(hp.get("units"), activation="relu"),
        keras.layers.Dropout(0.5),
        keras.layers.Dense(10, activation="softmax"),
    ])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model
"""


@pytest.fixture
def forks() -> Iterator[None]:
    wait_for(lambda: fork_servers.prepare(Device()), "the fork server")
    yield
    fork_servers.close()


def train(digits: Path) -> tuple[bool, list[Any], dict[str, str]]:
    """Whether the runner was a fork, the metrics of each epoch and of the end, what it printed."""
    runner = RunnerProcess(Device())
    try:
        runner.send(search_order(project(CODE, digits), {}, epochs=2))
        runner.send(TrialOrder("0", {"units": 8}, seed=7, token="t"))
        metrics = []
        while not isinstance(event := next_event(runner), TrialEnd):
            assert not isinstance(event, Failed), event
            if isinstance(event, EpochEnd):
                metrics.append(event.metrics)
        lines = [line.split() for line in runner.log_tail().splitlines()]
        printed = {words[0]: words[1] for words in lines if len(words) == 2}
        assert printed["home"] == str(runner.folder / "keras")
        return isinstance(runner._process, ForkedProcess), [*metrics, event.metrics], printed
    finally:
        runner.kill()


def test_forks_train_what_processes_of_their_own_do(digits: Path, forks: None) -> None:
    first, second = train(digits), train(digits)
    fork_servers.close()
    alone = train(digits)
    assert [first[0], second[0], alone[0]] == [True, True, False]
    assert first[1] == second[1] == alone[1]
    # What nobody seeds differs in each.
    for who in ("drew", "tensorflow", "keras"):
        assert len({printed[who] for *_, printed in (first, second, alone)}) == 3
    assert first[2]["threads"] == alone[2]["threads"] == "1"
