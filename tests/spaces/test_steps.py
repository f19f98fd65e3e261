"""Ranges in steps come to their upper end, wherever they are from: in KerasTuner rounding takes the
last value from many."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuning.analysis.edges import edges_of
from tuning.spaces.declared import declared_space
from tuning.spaces.define_by_run import distribution_for, entry_for
from tuning.spaces.edits import Range, edited
from tuning.spaces.entered import configuration
from tuning.spaces.hyperparameters import read_space
from tuning.spaces.narrowing import narrowed

from .test_hyperparameters import entry, numbers

WIDE = {"space": [entry("Float", "rate", **numbers(-100.0, 100.0, 0.01))], "values": {}}


def of_optuna(low: float, high: float, step: float) -> dict[str, Any]:
    attributes = {"low": low, "high": high, "step": step, "log": False}
    found = entry_for("rate", {"name": "FloatDistribution", "attributes": attributes})
    return {"space": [found], "values": {}}


def of_a_script(low: float, high: float, step: float) -> dict[str, Any]:
    return declared_space({"rate": {"low": low, "high": high, "step": step}})


def of_a_person(low: float, high: float, step: float) -> dict[str, Any]:
    return edited(WIDE, {0: Range(low, high, step)})


@pytest.mark.parametrize("made", [of_optuna, of_a_script, of_a_person])
@given(
    low=st.integers(-300, 300), step=st.integers(1, 40), steps=st.integers(1, 60),
    beyond=st.floats(0, 0.9),
)  # fmt: skip
def test_all_values_are_there(made: Any, low: int, step: int, steps: int, beyond: float) -> None:
    """`beyond`: so far the range goes on after its last value, as a share of a step."""
    wanted = [(low + place * step) / 100 for place in range(steps + 1)]
    end = wanted[-1] if beyond < 0.1 else wanted[-1] + beyond * step / 100
    (parameter,) = read_space(made(low / 100, end, step / 100))
    assert parameter.count == steps + 1
    assert parameter.grid_values == pytest.approx(wanted)
    assert all(parameter.closest(value) is not None for value in wanted)


def test_the_best_value_is_not_thrown_away() -> None:
    space = of_optuna(0.0, 0.5, 0.1)
    best = [{"rate": 0.5}, {"rate": 0.5}, {"rate": 0.4}, {"rate": 0.3}]
    (kept,) = read_space(edited(space, narrowed(space, best).edits))
    assert kept.grid_values == pytest.approx((0.3, 0.4, 0.5))
    assert kept.range_text == "0.3 to 0.5 in steps of 0.1"
    assert configuration(space, {"rate": 0.5}) == {"rate": 0.5}
    (edge,) = edges_of(space, space, [{"rate": 0.5}] * 8)
    assert (edge.end, edge.bound) == ("high", 0.5)


def test_optuna_gets_its_own_range_back() -> None:
    (found,) = of_optuna(0.0, 0.5, 0.1)["space"]
    distribution = distribution_for(found)
    assert distribution is not None
    assert distribution["attributes"] == {"low": 0.0, "high": 0.5, "step": 0.1, "log": False}


def test_a_default_between_the_steps_is_kept_by_narrowing() -> None:
    """As KerasTuner has it, 0.9 is no value of the range 0 to 0.9 in steps of 0.1, but its default
    may be the best of all trials."""
    own = entry("Float", "rate", default=0.9, **numbers(0.0, 0.9, 0.1))
    space = {"space": [own, entry("Choice", "kind", values=["a", "b"])], "values": {}}
    found = narrowed(space, [{"rate": 0.9, "kind": "a"}, {"rate": 0.8, "kind": "a"}])
    assert set(found.edits) == {1}
    assert not found.idle


@given(high=st.floats(1e-15, 1e15), step=st.floats(5e-324, 1e-200))
def test_steps_without_end_are_no_crash(high: float, step: float) -> None:
    of_optuna(0.0, high, step)
