"""Values that a person tries run for real, whatever the search's strategy."""

from typing import Any

import pytest

from tuning.actions.searches import change_limits, try_values
from tuning.protocol.statuses import SearchStatus
from tuning.spaces.entered import configuration

pytestmark = [pytest.mark.django_db, pytest.mark.tensorflow]


def test_it_runs_before_what_is_suggested(make_search: Any, make_slot: Any) -> None:
    search = make_search(tuner="tpe", max_trials=2)
    try_values(search, configuration(search.space, {"units": 64}))
    make_slot().run()
    search.refresh_from_db()
    assert search.status == SearchStatus.COMPLETED
    assert search.trials.completed().count() == 3
    assert search.trials.exclude(oracle_id="").get().number == 3


@pytest.mark.parametrize("tuner", ["auto", "random", "grid", "bayesian", "hyperband"])
def test_a_completed_search_goes_on_for_it_alone(
    tuner: str, make_search: Any, make_slot: Any
) -> None:
    search = make_search(tuner=tuner, max_trials=2, epochs=2)
    make_slot().run()
    search.refresh_from_db()
    assert search.status == SearchStatus.COMPLETED
    before = search.trials.count()
    values = configuration(search.space, {"learning_rate": 0.0123})
    assert try_values(search, values)
    make_slot().run()
    search.refresh_from_db()
    assert search.status == SearchStatus.COMPLETED
    assert search.trials.completed().count() == before + 1
    assert search.trials.latest("number").values == values


def test_a_limit_that_ended_the_search_goes_first(make_search: Any, make_slot: Any) -> None:
    search = make_search(tuner="random", max_trials=9, patience_trials=1)
    make_slot().run()
    search.refresh_from_db()
    assert search.end_reason
    values = configuration(search.space, {"units": 64})
    assert try_values(search, values) is None
    assert change_limits(search, {"patience_trials": None})
    assert try_values(search, values) is not None
