"""Values are drawn while a trial trains its last epoch. No search tries anything else for that."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tuning.models import SavedModel, Search, Trial
from tuning.protocol.events import EpochEnd, Failed, TrialEnd
from tuning.protocol.failures import FailureCode
from tuning.protocol.orders import SearchOrder, TrialOrder
from tuning.protocol.statuses import Status
from tuning.strategies.traits import OFFERED, Family
from tuning.supervisor import claims, drawn_ahead, suggestions
from tuning.supervisor.claims import Slot

from .fake_runner import Step

pytestmark = pytest.mark.django_db

EPOCHS = 2


def scripted(order: SearchOrder, trial: TrialOrder) -> Iterator[Step]:
    """The first trial fails, and each fifth one."""
    for epoch in range(1, EPOCHS + 1):
        yield EpochEnd(0, epoch, 0.1, {order.objective: trial.values["units"] / 100})
    if trial.number % 5 == 1:
        yield Failed(FailureCode.CODE_ERROR, "It fails.")
    else:
        yield TrialEnd({order.objective: trial.values["units"] / 100}, 0)


@pytest.fixture
def draws(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of trials that something was drawn for."""
    found: list[int] = []
    draw = suggestions.draw

    def noting(search: Search, number: int) -> Any:
        found.append(number)
        return draw(search, number)

    monkeypatch.setattr(suggestions, "draw", noting)
    return found


def tried(search: Search) -> list[tuple[int, dict[str, Any]]]:
    return list(search.trials.order_by("number").values_list("number", "values"))


# KerasTuner's bring TensorFlow with them.
MARKS = {Family.KERASTUNER: pytest.mark.tensorflow}


@pytest.mark.parametrize(
    "strategy",
    [
        pytest.param(name, marks=MARKS.get(row.family, ()))
        for name, row in OFFERED.items()
        if row.ignores_results
    ],
)
def test_values_are_the_same_as_without(
    strategy: str, make_search: Any, make_slot: Any, monkeypatch: pytest.MonkeyPatch,
    draws: list[int],
) -> None:  # fmt: skip
    settings = {
        "tuner": strategy, "max_trials": 14, "epochs": EPOCHS, "seed": 3,
        "max_consecutive_failures": 14,
    }  # fmt: skip
    ahead = make_search(**settings)
    make_slot(scripted).run()
    # Each was drawn once: ahead, and taken.
    assert draws == list(range(2, 15))
    monkeypatch.setattr("tuning.supervisor.slot.draw_ahead", lambda _: None)
    later = make_search(**settings)
    make_slot(scripted).run()
    assert tried(ahead) == tried(later)
    assert len(tried(ahead)) == 14
    assert ahead.trials.completed().count() == 11


def test_what_was_drawn_ahead_is_taken_at_the_claim(
    make_search: Any, worker: Any, draws: list[int]
) -> None:
    search = after_one_trial(make_search, worker)
    drawn_ahead.draw_ahead(search.pk)
    assert draws == [2, 3]
    drawn_ahead.draw_ahead(search.pk)
    assert draws == [2, 3], "it is there already"
    trial = claims.claim_trial_of(search.pk, Slot(worker, 0))
    assert trial
    assert (trial.number, draws) == (3, [2, 3])


def test_it_is_dropped_if_another_slot_was_quicker(
    make_search: Any, worker: Any, draws: list[int]
) -> None:
    search = after_one_trial(make_search, worker)
    drawn_ahead.draw_ahead(search.pk)
    kept = drawn_ahead.drawn_ahead(search.pk)
    assert kept
    # As another worker does, which knows nothing of it.
    other = claims.claim_trial_of(search.pk, Slot(worker, 1))
    drawn_ahead._ahead[search.pk] = kept
    trial = claims.claim_trial_of(search.pk, Slot(worker, 0))
    assert trial
    assert other
    assert (other.number, trial.number, draws) == (3, 4, [2, 3, 3, 4])
    assert other.values != trial.values


def test_it_is_dropped_if_it_belongs_to_a_search_that_had_the_same_key(
    make_search: Any, worker: Any, draws: list[int]
) -> None:
    search = after_one_trial(make_search, worker)
    drawn_ahead.draw_ahead(search.pk)
    kept = drawn_ahead.drawn_ahead(search.pk)
    assert kept
    earlier = kept.search_created_at - timedelta(days=1)
    drawn_ahead._ahead[search.pk] = replace(kept, search_created_at=earlier)
    trial = claims.claim_trial_of(search.pk, Slot(worker, 0))
    assert trial
    assert (trial.number, draws) == (3, [2, 3, 3])


def test_a_trial_that_waits_goes_first(make_search: Any, worker: Any) -> None:
    search = after_one_trial(make_search, worker)
    drawn_ahead.draw_ahead(search.pk)
    waiting = Trial.objects.create(search=search, number=3, values={"units": 8})
    trial = claims.claim_trial_of(search.pk, Slot(worker, 0))
    assert trial == waiting


@pytest.mark.parametrize(
    ("settings", "first"),
    [
        # Its result decides what comes next.
        ({"tuner": "tpe"}, Status.COMPLETED),
        # KerasTuner's grid goes on from those that have ended.
        pytest.param({"tuner": "grid"}, Status.COMPLETED, marks=pytest.mark.tensorflow),
        # Sobol numbers belong to the space of the first trial that ends well.
        ({"tuner": "sobol"}, Status.RUNNING),
        ({"tuner": "sobol"}, Status.FAILED),
        ({"tuner": "sobol", "max_trials": 2}, Status.COMPLETED),
    ],
)
def test_nothing_is_drawn_that_could_change(
    settings: dict[str, Any], first: Status, make_search: Any, worker: Any, draws: list[int]
) -> None:
    search = after_one_trial(make_search, worker, **settings)
    search.trials.filter(number=1).update(status=first)
    by_claims = list(draws)
    drawn_ahead.draw_ahead(search.pk)
    assert draws == by_claims
    assert drawn_ahead.drawn_ahead(search.pk) is None


def test_a_strategy_that_fails_is_told_by_the_claim(
    make_search: Any, worker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = after_one_trial(make_search, worker)

    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("a mistake of ours")

    monkeypatch.setattr(suggestions, "suggest", broken)
    drawn_ahead.draw_ahead(search.pk)
    search.refresh_from_db()
    assert search.is_active
    assert claims.claim_trial_of(search.pk, Slot(worker, 0)) is None
    search.refresh_from_db()
    assert "a mistake of ours" in search.failure_message


def test_what_a_person_waits_for_goes_before_the_next_trial(make_search: Any, worker: Any) -> None:
    search = after_one_trial(make_search, worker)
    assert not claims.others_go_first(search.pk, Slot(worker, 0), firmly=True)
    assert not claims.others_go_first(search.pk, Slot(worker, 0), firmly=False)
    make_search(tuner="sobol", max_trials=4)
    assert not claims.others_go_first(search.pk, Slot(worker, 0), firmly=True)
    assert claims.others_go_first(search.pk, Slot(worker, 0), firmly=False)
    first = search.trials.get(number=1)
    SavedModel.objects.create(project=search.project, trial=first, epochs=1, batch_size=32)
    assert claims.others_go_first(search.pk, Slot(worker, 0), firmly=True)


@pytest.mark.parametrize(
    "settings",
    [
        {"epochs": 1},
        {"executions_per_trial": 2},
        pytest.param({"tuner": "hyperband", "epochs": 9}, marks=pytest.mark.tensorflow),
    ],
)
def test_each_trial_is_followed_by_a_claim_that_is_prepared(
    settings: dict[str, Any], make_search: Any, make_slot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared: list[int] = []
    monkeypatch.setattr("tuning.supervisor.slot.draw_ahead", prepared.append)
    search = make_search(**{"tuner": "sobol", "max_trials": 3, "parallel_trials": 1, **settings})
    make_slot().run()
    assert len(prepared) == search.trials.completed().count() >= 3


def after_one_trial(make_search: Any, worker: Any, **settings: Any) -> Search:
    """A search whose first trial is completed and whose second one runs."""
    given = {"tuner": "sobol", "max_trials": 8, "parallel_trials": 4, **settings}
    search: Search = make_search(**given)
    for _ in range(2):
        claims.claim_trial_of(search.pk, Slot(worker, 0))
    search.trials.filter(number=1).update(status=Status.COMPLETED, score=0.5, end_order=1)
    return search
