"""Networks whose trials are pruned, in a real runner, over the protocol."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tuning.protocol.events import EpochEnd, TrialEnd, TrialPruned
from tuning.protocol.orders import TrialOrder, VerdictOrder

from .harness import TrialRunner, project, search_order

pytestmark = pytest.mark.tensorflow

NO_SPACE: dict[str, Any] = {"space": [], "values": {}}
# One template whose values decide how it is trained; it writes down what became of it.
CODE = """
import json

import keras
import keras_tuner as kt


class Ageing(keras.callbacks.Callback):
    # By this metric the first epoch is the best one.

    def on_epoch_end(self, epoch, logs):
        logs["age"] = epoch


class Diary(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.weights = []

    def on_epoch_end(self, epoch, logs=None):
        self.weights.append(float(self.model.get_weights()[-1][0]))

    def on_train_end(self, logs=None):
        left = float(self.model.get_weights()[-1][0])
        note("fit ended", self.weights, left)


def note(*what):
    with open("diary.jsonl", "a") as file:
        file.write(json.dumps(what) + "\\n")


class Model(kt.HyperModel):
    def build(self, hp):
        hp.Choice("fit", ["one", "two", "loop", "deaf", "swallows", "fails", "number"])
        keras.utils.set_random_seed(7)
        model = keras.Sequential([
            keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(10, "softmax"),
        ])
        model.compile("adam", "sparse_categorical_crossentropy")
        return model

    def fit(self, hp, model, *args, callbacks=None, **kwargs):
        how = hp.get("fit")
        keeps_best = keras.callbacks.EarlyStopping(
            "age", patience=99, mode="min", restore_best_weights=True)
        callbacks = [Ageing(), keeps_best, *callbacks, Diary()]
        if how in ("one", "two", "fails"):
            history = model.fit(*args, callbacks=callbacks, **kwargs)
        if how == "two":
            history = model.fit(*args, callbacks=callbacks, **kwargs)
        if how == "fails":
            return history.history["val_loss"][5]
        if how in ("one", "two"):
            return history
        for callback in callbacks:
            callback.set_model(model)
        for epoch in range(6):
            try:
                for callback in callbacks:
                    callback.on_epoch_end(epoch, {"val_loss": 1.0})
            except Exception:
                note("handled")
            except BaseException:
                note("swallowed")
                if how != "swallows":
                    raise
            if how == "loop" and model.stop_training:
                break
        note("loop ended")
        return 1.0
"""


class Bench:
    """One runner for many trials; each has a token of its own."""

    def __init__(self, runner: TrialRunner) -> None:
        self.runner = runner
        self._count = 0

    def order(self, after: int | None = 0, **values: Any) -> TrialOrder:
        self._count += 1
        (self.runner.folder / "diary.jsonl").unlink(missing_ok=True)
        return TrialOrder(f"{self._count:04}", values, 1, f"token-{self._count}", after)

    def pruned(self, at: int | None = 2, **values: Any) -> list[Any]:
        return self.runner.judged(self.order(**values), at)

    @property
    def diary(self) -> list[list[Any]]:
        file = self.runner.folder / "diary.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()]


@pytest.fixture(scope="module")
def bench(digits: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """In a search with two executions of four epochs."""
    order = search_order(
        project(CODE, digits), NO_SPACE, objective="val_loss", direction="min", epochs=4,
        executions_per_trial=2,
    )  # fmt: skip
    with TrialRunner(tmp_path_factory.mktemp("pruned") / "work") as runner:
        runner.begin(order)
        yield Bench(runner)


def epochs_of(events: list[Any]) -> list[tuple[int, int]]:
    return [(event.execution, event.epoch) for event in events if isinstance(event, EpochEnd)]


def test_a_fit_ends_as_keras_ends_it(bench: Bench) -> None:
    events = bench.pruned(at=3, fit="one")
    assert epochs_of(events) == [(0, 1), (0, 2), (0, 3)]
    assert isinstance(events[-1], TrialPruned), events[-1]
    ((_, weights, left),) = bench.diary
    assert len(weights) == 3, "the callbacks after ours heard of the last epoch"
    assert weights[0] == left, "restore_best_weights did its work"
    assert left not in weights[1:]


def test_later_executions_are_not_trained(bench: Bench) -> None:
    events = bench.pruned(at=6, fit="one")
    assert epochs_of(events) == [(0, 1), (0, 2), (0, 3), (0, 4), (1, 1), (1, 2)]
    assert isinstance(events[-1], TrialPruned)


def test_the_last_epoch_of_the_last_execution_gives_a_score(bench: Bench) -> None:
    events = bench.pruned(at=None, fit="one")
    assert isinstance(events[-1], TrialEnd)
    assert len(events) == 8 + 1


def test_a_second_fit_is_not_begun(bench: Bench) -> None:
    events = bench.pruned(at=2, fit="two")
    assert epochs_of(events) == [(0, 1), (0, 2)]
    assert isinstance(events[-1], TrialPruned)
    assert len(bench.diary) == 1
    # In its second fit.
    events = bench.pruned(at=6, fit="two")
    assert len(epochs_of(events)) == 6
    assert isinstance(events[-1], TrialPruned)
    assert len(bench.diary) == 2


def test_a_loop_that_heeds_stop_training_ends_by_itself(bench: Bench) -> None:
    events = bench.pruned(at=2, fit="loop")
    assert epochs_of(events) == [(0, 1), (0, 2)]
    assert isinstance(events[-1], TrialPruned)
    assert bench.diary[-1] == ["loop ended"]


def test_a_loop_that_does_not_is_ended_at_its_next_epoch(bench: Bench) -> None:
    events = bench.pruned(at=2, fit="deaf")
    assert epochs_of(events) == [(0, 1), (0, 2), (0, 3)]
    assert isinstance(events[-1], TrialPruned)
    assert bench.diary == [["swallowed"]], "not handled as an error"


def test_a_loop_that_swallows_everything_is_pruned_at_its_end(bench: Bench) -> None:
    events = bench.pruned(at=2, fit="swallows")
    assert len(epochs_of(events)) == 6
    assert isinstance(events[-1], TrialPruned)
    assert bench.diary[-1] == ["loop ended"]


def test_what_fails_because_it_was_ended_is_no_failure(bench: Bench) -> None:
    events = bench.pruned(at=2, fit="fails")
    assert epochs_of(events) == [(0, 1), (0, 2)]
    assert isinstance(events[-1], TrialPruned)
    assert bench.runner.trial("x", {"fit": "fails"})[-1].code == "code_error"


def test_a_late_verdict_does_not_end_the_next_trial(bench: Bench) -> None:
    order = bench.order(after=8, fit="one")
    bench.runner.send(order)
    bench.runner.until(TrialEnd)
    bench.runner.send(VerdictOrder(order.token, 8, prune=True))
    events = bench.pruned(at=None, fit="one")
    assert len(epochs_of(events)) == 8
    assert isinstance(events[-1], TrialEnd)


def test_without_verdicts_nothing_is_heard(bench: Bench) -> None:
    order = bench.order(after=None, fit="one")
    bench.runner.send(order)
    bench.runner.send(VerdictOrder(order.token, 1, prune=True))
    assert len(epochs_of(bench.runner.until(TrialEnd))) == 8
    bench.runner.receive()
