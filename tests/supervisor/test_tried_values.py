"""Values that a person tries run for real, whatever the search's strategy."""

from typing import Any

import pytest

from tuning.actions.searches import change_limits, try_values
from tuning.models import Search, Trial, Worker
from tuning.protocol.statuses import SearchStatus
from tuning.spaces.entered import configuration
from tuning.strategies.traits import OFFERED
from tuning.supervisor import suggestions
from tuning.supervisor.claims import Slot, claim_next

pytestmark = [pytest.mark.django_db, pytest.mark.tensorflow]


def test_it_runs_before_what_is_suggested(make_search: Any, make_slot: Any) -> None:
    search = make_search(tuner="tpe", max_trials=2)
    try_values(search, configuration(search.space, {"units": 64}), seen=1)
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
    assert try_values(search, values, before)
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
    assert try_values(search, values, seen=99) is None
    assert change_limits(search, {"patience_trials": None})
    assert try_values(search, values, seen=99) is not None


@pytest.mark.parametrize("tuner", list(OFFERED))
def test_values_tried_while_a_suggestion_is_drawn_leave_its_state_alone(
    tuner: str, make_search: Any, worker: Worker, monkeypatch: Any
) -> None:
    """Another slot has claimed them already, under the number that the suggestion was to have."""
    search = make_search(tuner=tuner, max_trials=9, parallel_trials=6)
    first = claim_next(Slot(worker, 0))
    assert isinstance(first, Trial)
    real, tried = suggestions.draw, []

    def draw(row: Search, number: int) -> Any:
        drawn = real(row, number)
        if not tried:
            try_values(row, configuration(row.space, {"units": 64}), seen=1)
            tried.append(claim_next(Slot(worker, 1)))
        return drawn

    monkeypatch.setattr(suggestions, "draw", draw)
    ours = claim_next(Slot(worker, 0))
    search.refresh_from_db()
    assert search.status == SearchStatus.RUNNING, search.failure_message
    assert tried[0].values["units"] == 64
    assert search.oracle_version == search.trials.exclude(oracle_id="").count()
    assert ours is None or ours.number == tried[0].number + 1


def test_values_tried_while_the_trials_are_read_are_not_one_of_the_planned(
    make_search: Any, worker: Worker, monkeypatch: Any
) -> None:
    """Another slot has them already. The strategy must not take its limit for reached."""
    search = make_search(tuner="random", max_trials=3, parallel_trials=6)
    assert [claim_next(Slot(worker, 0)).number for _ in range(2)] == [1, 2]
    real = suggestions.known_trials

    def known(row: Search) -> Any:
        if row.trials.count() == 2:
            try_values(row, configuration(row.space, {"units": 64}), seen=2)
            claim_next(Slot(worker, 1))
        return real(row)

    monkeypatch.setattr(suggestions, "known_trials", known)
    ours = claim_next(Slot(worker, 0))
    assert isinstance(ours, Trial)
    assert ours.number == 4
    search.refresh_from_db()
    assert not search.exhausted
