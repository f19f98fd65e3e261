"""The trial index follows its trials: whatever happens to a trial, its row says so."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tuning.actions.searches import stop_search
from tuning.models import Search, Trial, TrialIndex
from tuning.protocol.events import Failed
from tuning.protocol.statuses import Status
from tuning.supervisor.slot import SlotLoop

from .fake_runner import Step

pytestmark = pytest.mark.django_db


def _cells(search: Search) -> list[TrialIndex]:
    search.refresh_from_db()
    return list(TrialIndex.objects.filter(search=search).order_by("number"))


def test_a_new_search_has_its_baseline_with_values_and_no_result(make_search: Any) -> None:
    search = make_search()
    (cells,) = _cells(search)
    assert getattr(cells, search.index_columns["hp:units"]) == 16
    assert getattr(cells, search.index_columns["hp:optimizer"]) == "adam"
    assert "hp:momentum" not in search.index_columns
    assert (cells.status, cells.score) == ("", None)


def test_a_trial_that_ends_has_its_results(
    make_search: Any, make_slot: Callable[..., SlotLoop]
) -> None:
    search = make_search(max_trials=3)
    make_slot().run()
    rows = _cells(search)
    assert len(rows) == 3
    for cells in rows:
        trial = cells.trial
        assert (cells.status, cells.score) == (Status.COMPLETED, trial.score)
        assert cells.epochs == trial.epochs_done
        for name, value in trial.metrics.items():
            assert getattr(cells, search.index_columns[f"metric:{name}"]) == value
        last = trial.epochs.order_by("epoch").last()
        assert last is not None
        for name, value in last.metrics.items():
            assert getattr(cells, search.index_columns[f"last:{name}"]) == value


def test_a_failed_trial_has_its_reason(
    make_search: Any, make_slot: Callable[..., SlotLoop]
) -> None:
    def script(*_: Any) -> Iterator[Step]:
        yield Failed("out_of_memory", "Too large.")

    search = make_search(max_trials=2)
    make_slot(script).run()
    found = [(cells.status, cells.failure) for cells in _cells(search)]
    assert found == [(Status.FAILED, "out_of_memory")] * 2


def test_what_waits_in_a_stopped_search_is_stopped(make_search: Any) -> None:
    search = make_search()
    stop_search(search)
    assert [cells.status for cells in _cells(search)] == [Status.STOPPED]


def test_cells_that_are_missing_are_written(make_search: Any) -> None:
    search = make_search()
    before = _cells(search)
    TrialIndex.objects.all().delete()
    Search.objects.update(index_columns={})
    assert TrialIndex.objects.fill_missing() == 1
    assert [cells.trial_id for cells in _cells(search)] == [cells.trial_id for cells in before]
    assert TrialIndex.objects.fill_missing() == 0


def test_more_columns_than_slots_do_no_harm(make_search: Any) -> None:
    search = make_search()
    values = {f"units_{number}": float(number) for number in range(60)}
    trial = Trial.objects.create(search=search, number=2, values=values)
    search.refresh_from_db()
    TrialIndex.objects.fill(search, [trial])
    assert sum(slot.startswith("n") for slot in search.index_columns.values()) == 48
