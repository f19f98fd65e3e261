"""A search that tries everything there is, and one of which little is to be tried."""

import pytest

from tuning.spaces.combinations import combinations
from tuning.spaces.declared import declared_space
from tuning.spaces.hyperparameters import read_space
from tuning.strategies.untried import key_of

from .driving import Driver, settings_of


@pytest.mark.parametrize("strategy", ["auto", "tpe", "random", "bayesian"])
def test_every_whole_number_of_a_logarithmic_range_is_tried(strategy: str) -> None:
    space = declared_space({"units": {"low": 8, "high": 24, "sampling": "log"}})
    assert combinations(read_space(space)) == 17
    tried = Driver(settings_of(strategy, space), lambda values: values["units"]).run(20)
    assert len(tried) == len({key_of(values) for values in tried}) == 17


@pytest.mark.parametrize("strategy", ["auto", "tpe", "random", "bayesian", "grid"])
def test_a_single_value_is_fixed(strategy: str) -> None:
    space = declared_space({"rate": 0.01, "units": {"low": 8, "high": 32, "step": 8}})
    tried = Driver(settings_of(strategy, space), lambda values: values["units"]).run(3)
    assert len(tried) == 3
    assert {values["rate"] for values in tried} == {0.01}


def test_so_it_is_where_an_earlier_version_wrote_a_default_beside_it() -> None:
    space = declared_space({"rate": 0.01, "units": {"low": 8, "high": 32, "step": 8}})
    space["space"][0]["config"]["default"] = 0.01
    assert len(Driver(settings_of("grid", space), lambda values: values["units"]).run(3)) == 3
