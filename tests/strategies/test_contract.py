"""What holds for every strategy of the table."""

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import SPACE
from tests.spaces.samples import spaces
from tuning.spaces.edits import Range, Values, edited
from tuning.spaces.hyperparameters import default_values, read_space
from tuning.strategies.contract import WARM, KnownTrial
from tuning.strategies.traits import OFFERED, STRATEGIES, Name
from tuning.strategies.untried import key_of

from .driving import Driver, settings_of

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.filterwarnings("ignore:lbfgs failed to converge"),
    pytest.mark.filterwarnings("ignore:The optimal value found for dimension"),
]

SMALL = edited(SPACE, {0: Values((8, 16)), 1: Values(("adam",)), 3: Values((0.001, 0.01, 0.1))})
CONTINUOUS = {"space": [
    {"class_name": "Float", "config": {
        "name": name, "default": 0.5, "conditions": [], "min_value": 0.0, "max_value": 1.0,
        "step": None, "sampling": "linear"}} for name in "xy"
]}  # fmt: skip


def score_of(values: dict[str, Any]) -> float:
    return values.get("units", 0) / 100 - values.get("learning_rate", 0.0)


def is_of(space: dict[str, Any], values: dict[str, Any]) -> bool:
    """Whether these are values of what is active, each exactly one that KerasTuner gives."""
    own = {name: value for name, value in values.items() if not name.startswith("tuner/")}
    active: dict[str, Any] = {}
    for parameter in read_space(space):
        if parameter.is_active(active):
            value = own.get(parameter.name)
            if not (parameter.takes(value) or value == parameter.default):
                return False
            active[parameter.name] = value
    return own == active


@pytest.mark.parametrize("name", list(OFFERED))
class TestEveryStrategy:
    @settings(max_examples=12, suppress_health_check=list(HealthCheck), deadline=None)
    @given(space=spaces(), data=st.data())
    def test_suggests_values_of_the_space(self, name: Name, space: Any, data: Any) -> None:
        driver = Driver(settings_of(name, space, seed=data.draw(st.integers(0, 99))), score_of)
        for values in driver.run(14):
            assert is_of(space, values), values

    def test_the_same_seed_and_scores_give_the_same_values(self, name: Name) -> None:
        first, again, other = (
            Driver(settings_of(name, SPACE, seed=seed), score_of).run(13) for seed in (5, 5, 6)
        )
        assert first == again
        assert first != other or STRATEGIES[name].enumerates

    def test_trials_that_run_at_once_differ(self, name: Name) -> None:
        driver = Driver(settings_of(name, SPACE, parallel=4), score_of)
        driver.run(3)
        asked = [driver.start() for _ in range(4)]
        started = [suggestion for suggestion in asked if suggestion.status == "RUNNING"]
        # A grid goes on from trials that have ended, and a round of Hyperband may be full.
        assert len(started) == 4 or not STRATEGIES[name].sees_all
        assert started
        assert len({key_of(suggestion.values) for suggestion in started}) == len(started)
        assert len({suggestion.trial_id for suggestion in started}) == len(started)

    def test_failed_trials_hold_up_nothing(self, name: Name) -> None:
        driver = Driver(settings_of(name, SPACE), score_of)
        for _ in range(6):
            suggestion = driver.start()
            assert suggestion.status == "RUNNING"
            driver.end(suggestion.trial_id, "FAILED")

    def test_a_small_space_ends_when_all_of_it_is_tried(self, name: Name) -> None:
        driver = Driver(settings_of(name, SMALL, max_trials=100), score_of)
        tried = driver.run(100)
        whole = {key_of(values) for values in tried}
        assert len(whole) <= 6
        if not STRATEGIES[name].has_rounds:
            # KerasTuner's random search gives up after some repeats.
            assert len(whole) == len(tried)
            assert len(whole) == 6 or name == Name.RANDOM
        assert driver.start().status == "STOPPED"

    def test_warm_trials_are_not_tried_again(self, name: Name) -> None:
        traits = STRATEGIES[name]
        if not traits.max_warm_start:
            assert traits.warm_start_refusal
            return
        grid = [
            {"units": units, "optimizer": "adam", "learning_rate": rate}
            for units in (8, 16) for rate in (0.001, 0.01)
        ]  # fmt: skip
        warm = [
            KnownTrial(f"{WARM}{i}", values, "COMPLETED", score_of(values))
            for i, values in enumerate(grid)
        ]
        tried = Driver(settings_of(name, SMALL), score_of, warm).run(2)
        assert {values["learning_rate"] for values in tried} == {0.1}

    def test_the_direction_decides_what_is_better(self, name: Name) -> None:
        """Of the last suggestions of a strategy that learns most are on the better side."""
        if not STRATEGIES[name].learns or STRATEGIES[name].has_rounds:
            return
        # A Gaussian process takes its time for each.
        trials, last = (14, 2) if name == Name.BAYESIAN else (40, 12)
        most = 1000
        if name in (Name.NSGA2, Name.NSGA3):
            # The budget decides how many trials a generation has.
            trials, last, most = 80, 24, 40
        ends = {}
        for direction in ("max", "min"):
            driver = Driver(
                settings_of(name, CONTINUOUS, direction=direction, max_trials=most),
                lambda values: values["x"],
            )
            found = [values["x"] for values in driver.run(trials)[-last:]]
            ends[direction] = sum(found) / len(found)
        assert ends["max"] > 0.6 > 0.4 > ends["min"]


@pytest.mark.parametrize("name", [Name.AUTO, Name.TPE])
def test_a_trial_that_it_did_not_suggest_teaches_it(name: Name) -> None:
    """Two baselines with different scores lead to different suggestions."""
    defaults = default_values(SPACE)
    own = [KnownTrial("own-1", defaults, "COMPLETED", score, suggested=False) for score in (0, 1)]
    space = edited(SPACE, {1: Values(("adam",))})
    low, high = (Driver(settings_of(name, space), score_of, trials=[t]).run(20) for t in own)
    assert low[0] == high[0] == defaults
    assert low != high


def test_the_space_may_have_two_hyperparameters_of_one_name() -> None:
    entries = [
        {"class_name": "Choice", "config": {
            "name": "kind", "default": "a", "conditions": [], "values": ["a", "b"],
            "ordered": False}},
        *({"class_name": "Int", "config": {
            "name": "size", "default": low, "min_value": low, "max_value": low + 9, "step": 1,
            "sampling": "linear", "conditions": [
                {"class_name": "Parent", "config": {"name": "kind", "values": [kind]}}]}}
          for kind, low in (("a", 1), ("b", 100))),
    ]  # fmt: skip
    tried = Driver(settings_of("tpe", {"space": entries}), lambda v: v["size"]).run(20)
    assert len(tried) == 20
    assert all((values["size"] >= 100) == (values["kind"] == "b") for values in tried)
    assert {values["kind"] for values in tried} == {"a", "b"}


def test_a_refined_range_is_what_is_sampled() -> None:
    space = edited(SPACE, {0: Range(24, 40, 8)})
    tried = Driver(settings_of("auto", space), score_of).run(20)
    assert {values["units"] for values in tried} == {24, 32, 40}
