"""A space narrowed to what some trials span, and how much smaller it is."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import SPACE
from tuning.spaces.combinations import combinations
from tuning.spaces.edits import Range, Values, edited
from tuning.spaces.hyperparameters import read_space
from tuning.spaces.narrowing import narrowed
from tuning.spaces.shares import share_text, side_by_side

from .samples import spaces, trials_of
from .test_hyperparameters import entry, numbers

UNITS, OPTIMIZER, MOMENTUM, RATE = range(4)


@pytest.mark.slow
@given(st.data(), spaces())
@settings(max_examples=400, deadline=None)
def test_what_was_given_lies_inside_and_nothing_new(data: Any, config: dict[str, Any]) -> None:
    trials = data.draw(trials_of(config))
    found = narrowed(config, trials)
    space = read_space(edited(config, found.edits))
    for old, new in zip(read_space(config), space, strict=True):
        assert (new.name, new.conditions) == (old.name, old.conditions)
        for values in trials:
            if old.name in values:
                assert new.closest(values[old.name]) is not None, (new.range_text, values)
        if new.listed is None:
            assert old.config["min_value"] <= new.config["min_value"]
            assert new.config["max_value"] <= old.config["max_value"]
        for value in new.grid_values if (new.count or 0) < 500 else ():
            # KerasTuner's ten samples of a range without a step lie between its bounds.
            assert old.closest(value) is not None, (old.range_text, new.range_text, value)
        assert (old.name in found.idle) == all(old.name not in values for values in trials)
    share = side_by_side(config, {"space": [*edited(config, found.edits)["space"]]}).share
    assert share is not None
    assert 0 < share <= 1 + 1e-9


def values(units: int, rate: float, momentum: float | None = None) -> dict[str, Any]:
    found = {"units": units, "optimizer": "adam", "learning_rate": rate}
    return found if momentum is None else {**found, "optimizer": "sgd", "momentum": momentum}


def test_numbers_choices_and_what_no_trial_used() -> None:
    found = narrowed(SPACE, [values(16, 0.00347), values(40, 0.0087), values(24, 0.005)])
    assert found.edits == {
        UNITS: Range(16, 40, 8),
        OPTIMIZER: Values(("adam",)),
        RATE: Range(0.0034, 0.0087, None, "log"),
    }
    assert found.idle == ("momentum",)


def test_a_step_keeps_its_last_value() -> None:
    """0.5 - 0.3 is less than two steps of 0.1 to a computer."""
    found = narrowed(SPACE, [values(8, 0.01, 0.30000000000000004), values(64, 0.02, 0.5)])
    (momentum,) = [p for p in read_space(edited(SPACE, found.edits)) if p.name == "momentum"]
    assert [round(value, 9) for value in momentum.grid_values] == [0.3, 0.4, 0.5]
    assert UNITS not in found.edits, "all of it is spanned"


def test_one_value_is_fixed() -> None:
    (units, optimizer, *_) = read_space(edited(SPACE, narrowed(SPACE, [values(32, 0.01)]).edits))
    assert (units.kind, units.config["value"]) == ("Fixed", 32)
    assert optimizer.kind == "Fixed"


@pytest.mark.parametrize(
    ("config", "seen", "words"),
    [
        (numbers(0.0, 1.0), [0.1234, 0.5678], "0.12 to 0.57"),
        (numbers(1e-6, 1.0, None, "log"), [1.23e-5, 0.98765], "1.2e-05 to 0.99"),
        (numbers(1e-4, 1e-1, 10, "log"), [1e-3, 1e-2], "0.001 to 0.01, multiplied by 10"),
        (numbers(1.0, 100.0, None, "reverse_log"), [97.31, 99.0], "97.3 to 99, reversed"),
    ],
)
def test_bounds_snap_to_the_scale(config: Any, seen: list[float], words: str) -> None:
    space = {"space": [entry("Float", "x", **config)]}
    (parameter,) = read_space(
        edited(space, narrowed(space, [{"x": value} for value in seen]).edits)
    )
    assert parameter.range_text.startswith(words)


def test_two_of_one_name_are_narrowed_apart() -> None:
    own = {
        "space": [
            entry("Choice", "kind", values=["a", "b"], default="a"),
            entry("Int", "size", ("kind", ["a"]), default=1, **numbers(1, 9, 1)),
            entry("Int", "size", ("kind", ["b"]), default=1, **numbers(1, 9, 1)),
        ]
    }
    trials = [{"kind": kind, "size": size} for kind, size in zip("aabb", (1, 2, 8, 9), strict=True)]
    assert narrowed(own, trials).edits == {1: Range(1, 2, 1), 2: Range(8, 9, 1)}


def test_nothing_that_was_filtered_leaves_the_space() -> None:
    assert narrowed(SPACE, []).edits == {}


def test_shares_of_each_and_of_all() -> None:
    new = edited(SPACE, {UNITS: Range(8, 32, 8), RATE: Range(1e-3, 1e-2, None, "log")})
    both = side_by_side(SPACE, new)
    assert [line.share_text for line in both.lines] == ["50 %", "the same", "the same", "33 %"]
    assert both.share == pytest.approx(1 / 6)
    only = edited(SPACE, {OPTIMIZER: Values(("adam",))})
    # One of 1 + 9: adam has no momentum.
    assert side_by_side(SPACE, only).share == pytest.approx(1 / 10)


def test_shares_are_those_of_the_combinations() -> None:
    space = {"space": SPACE["space"][:3]}
    new = edited(space, {UNITS: Range(16, 32, 8), MOMENTUM: Range(0.0, 0.25, 0.1)})
    before, after = combinations(read_space(space)), combinations(read_space(new))
    assert before
    assert after
    assert side_by_side(space, new).share == pytest.approx(after / before)


def test_what_cannot_be_measured_is_said() -> None:
    new = edited(SPACE, {UNITS: Range(8, 32, 8), RATE: Values((1e-3, 1e-2))})
    both = side_by_side(SPACE, new)
    assert (both.share, both.uncounted) == (pytest.approx(0.5), "learning_rate")
    wider = edited(SPACE, {UNITS: Range(8, 128, 8), RATE: Range(1e-5, 1e-1, None, "log")})
    assert [line.share_text for line in side_by_side(SPACE, wider).changed] == [
        "2 times", "1.33 times",
    ]  # fmt: skip
    other = {"space": [*SPACE["space"][:3], entry("Boolean", "new", default=False)]}
    assert side_by_side(SPACE, other).share is None
    assert side_by_side(SPACE, SPACE).is_same


@pytest.mark.parametrize(
    ("share", "words"),
    [(1.0, "the same"), (0.5, "50 %"), (0.123, "12 %"), (0.0666, "6.7 %"), (0.00123, "0.12 %"),
     (1e-9, "under 0.01 %"), (1e9, "over 1,000 times")],
)  # fmt: skip
def test_shares_in_words(share: float, words: str) -> None:
    assert share_text(share) == words


def test_a_log_scale_is_measured_as_it_is_sampled() -> None:
    space = {"space": [entry("Float", "x", **numbers(1.0, 100.0, None, "reverse_log"))]}
    new = edited(space, {0: Range(91.0, 100.0, None, "reverse_log")})
    # The mirrored range is 1 to 10 of 1 to 100.
    assert side_by_side(space, new).share == pytest.approx(math.log(10) / math.log(100))
