"""A short trial is written once, with its end; a long one shows its epochs while it trains."""

from collections.abc import Iterator
from typing import Any

import pytest

from tuning.models import Epoch, Project, SavedModel, Search, Trial
from tuning.protocol.events import Built, EpochEnd, Failed, TrialEnd
from tuning.protocol.orders import SearchOrder, TrialOrder
from tuning.protocol.statuses import Status
from tuning.recording import recorder
from tuning.supervisor import slot

from .fake_runner import Step, good_trial

pytestmark = pytest.mark.django_db

TRIAL = "tuning.supervisor.assignments.training"


@pytest.fixture
def writes(monkeypatch: Any) -> list[int]:
    """How many epochs each write before the end of a trial had."""
    found: list[int] = []
    real = recorder.record_news

    def counted(trial: Trial, news: recorder.News) -> None:
        real(trial, news)
        found.append(len(news.epochs))

    monkeypatch.setattr(recorder, "record_news", counted)
    return found


@pytest.fixture
def patient(monkeypatch: Any) -> None:
    """No trial takes so long that something is written before its end."""
    monkeypatch.setattr(f"{TRIAL}.FIRST_FLUSH_SECONDS", 3600.0)
    monkeypatch.setattr(f"{TRIAL}.FLUSH_SECONDS", 3600.0)


@pytest.fixture
def hasty(monkeypatch: Any) -> None:
    """Each epoch is written as it arrives."""
    monkeypatch.setattr(f"{TRIAL}.FIRST_FLUSH_SECONDS", 0.0)
    monkeypatch.setattr(f"{TRIAL}.FLUSH_SECONDS", 0.0)


def results(search: Search) -> list[Any]:
    fields = (
        "status", "score", "metrics", "last_metrics", "not_finite", "execution_scores",
        "epochs_done", "parameters", "layers", "best_epoch", "end_order", "index_row__epochs",
        "index_row__score", "index_row__parameters", "index_row__not_finite",
    )  # fmt: skip
    epochs = Epoch.objects.filter(trial__search=search).order_by("trial__number", "pk")
    rows = epochs.values_list("trial__number", "execution", "epoch", "metrics")
    return [*search.trials.order_by("number").values_list(*fields), *rows]


def odd_trial(order: SearchOrder, trial: TrialOrder) -> Iterator[Step]:
    """Out of order, one epoch twice with another value, and one value that is no number."""
    score = trial.values["units"] / 100
    yield Built(7, "dense")
    for execution, epoch, value in ((1, 1, score), (0, 2, score), (0, 1, None), (0, 2, 9.0)):
        yield EpochEnd(execution, epoch, 0.1, {order.objective: value})
    yield TrialEnd({order.objective: score}, 1)


def failing_trial(order: SearchOrder, trial: TrialOrder) -> Iterator[Step]:
    steps = good_trial(order, trial)
    yield from (next(steps), next(steps))
    yield Failed("code_error", "ValueError: no", "Traceback ...")


@pytest.mark.parametrize("script", [good_trial, odd_trial, failing_trial])
def test_it_is_written_once_and_as_if_it_was_written_bit_by_bit(
    script: Any, make_search: Any, make_slot: Any, writes: list[int], request: Any
) -> None:
    once, bit_by_bit = (make_search(max_trials=2, epochs=3, seed=7) for _ in range(2))
    request.getfixturevalue("patient")
    Search.objects.filter(pk=bit_by_bit.pk).update(status="paused")
    make_slot(script).run()
    assert writes == []
    request.getfixturevalue("hasty")
    Search.objects.filter(pk=bit_by_bit.pk).update(status="running")
    make_slot(script).run()
    assert len(writes) > 2
    assert results(once) == results(bit_by_bit)


def test_the_first_epoch_of_a_longer_trial_is_shown_at_once(
    make_search: Any, make_slot: Any, monkeypatch: Any
) -> None:
    """Some time after it began there is nothing to wait for."""
    monkeypatch.setattr(f"{TRIAL}.FIRST_FLUSH_SECONDS", 0.0)
    search = make_search(max_trials=1, epochs=3)
    seen: list[int] = []

    def script(order: SearchOrder, trial: TrialOrder) -> Iterator[Step]:
        steps = good_trial(order, trial)
        for _ in range(2):
            yield next(steps)
        yield lambda: seen.append(search.trials.get().epochs_done)
        yield from steps

    make_slot(script).run()
    assert seen == [1]


@pytest.mark.usefixtures("patient")
def test_a_trial_that_runs_again_brings_along_what_it_reported(
    make_search: Any, make_slot: Any
) -> None:
    search = make_search(max_trials=1, epochs=3, retries=1)
    make_slot(failing_trial).run()
    trial = search.trials.get()
    assert trial.status == Status.FAILED
    assert list(trial.epochs.values_list("attempt", "epoch")) == [(1, 1), (2, 1)]


@pytest.mark.usefixtures("patient")
def test_a_late_writer_leaves_no_epoch_behind(make_search: Any, make_slot: Any) -> None:
    search = make_search(max_trials=1, epochs=2)

    def script(order: SearchOrder, trial: TrialOrder) -> Iterator[Step]:
        *steps, end = good_trial(order, trial)
        yield from steps
        # Another worker took it over meanwhile.
        yield lambda: search.trials.update(attempt=2)
        yield end

    make_slot(script).run()
    assert search.trials.get().status == Status.RUNNING
    assert not Epoch.objects.exists()


@pytest.mark.parametrize(("every", "before"), [(0.0, 2), (3600.0, 4)])
def test_after_short_trials_a_slot_looks_for_other_work_now_and_then(
    every: float, before: int, project: Project, make_search: Any, make_slot: Any, monkeypatch: Any
) -> None:
    """Each look is as many queries as the claim of the search's next trial."""
    monkeypatch.setattr("tuning.supervisor.slot.LOOK_EVERY", every)
    search = make_search(max_trials=4)

    def script(order: SearchOrder, trial: TrialOrder) -> Iterator[Step]:
        *steps, end = good_trial(order, trial)
        yield from steps
        if trial.number == 2:
            first = search.trials.get(number=1)
            model = {"project": project, "trial": first, "epochs": 1, "batch_size": 32}
            yield lambda: SavedModel.objects.create(**model)
        yield end

    make_slot(script).run()
    retraining = SavedModel.objects.get()
    assert retraining.status == Status.COMPLETED
    ended = search.trials.filter(finished_at__lt=retraining.started_at)
    assert ended.count() == before


@pytest.mark.parametrize("waits", [False, True])
def test_what_was_seen_in_the_last_epoch_decides_about_the_claim(
    waits: bool, project: Project, make_search: Any, make_slot: Any, monkeypatch: Any
) -> None:
    """A claim among all work costs a look at all of it, while the runner waits."""
    # Nothing that was seen grows old during this test.
    monkeypatch.setattr(slot, "LOOK_EVERY", 3600.0)
    search = make_search(max_trials=3, parallel_trials=1)
    claim, among_all = slot.claim_next, []

    def claim_next(*words: Any) -> Any:
        among_all.append(search.trials.completed().count())
        return claim(*words)

    monkeypatch.setattr(slot, "claim_next", claim_next)

    def script(order: SearchOrder, trial: TrialOrder) -> Iterator[Step]:
        if trial.number == 2:
            # The look before is long ago.
            yield lambda: setattr(loop, "_own_until", 0.0)
        if trial.number == 2 and waits:
            first = search.trials.get(number=1)
            model = {"project": project, "trial": first, "epochs": 1, "batch_size": 32}
            yield lambda: SavedModel.objects.create(**model)
        yield from good_trial(order, trial)

    loop = make_slot(script)
    loop.run()
    # At first, for what waits, for the next trial with another runner, and in vain at the end.
    assert among_all == ([0, 2, 2, 3] if waits else [0, 3])
    assert [model.status for model in SavedModel.objects.all()] == [Status.COMPLETED] * waits
