"""What a strategy is told of a search's trials. A worker remembers those that have ended."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tuning.actions.searches import train_to_end
from tuning.models import Search, Trial, Worker
from tuning.protocol.events import EpochEnd
from tuning.protocol.failures import Failure, FailureCode
from tuning.recording import recorder
from tuning.recording.recorder import News
from tuning.supervisor import known_trials as module
from tuning.supervisor.claims import Slot, claim_next
from tuning.supervisor.known_trials import known_trials

pytestmark = pytest.mark.django_db

SEVERAL = {"other_objectives": [{"name": "parameters", "direction": "min"}]}
LIMITED = {"constraints": [{"name": "parameters", "relation": "<=", "limit": 200}]}


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    module._memory.clear()
    yield
    module._memory.clear()


def news_of(trial: Trial) -> dict[str, Any]:
    figures = {"val_accuracy": 0.9 - trial.number / 100, "loss": 0.5}
    return {"news": News([EpochEnd(0, 1, 0.1, figures)], 1, {"parameters": 100 * trial.number})}


def end(trial: Trial) -> None:
    """Every third one fails, every third one is pruned."""
    news = news_of(trial)
    match trial.number % 3:
        case 0:
            recorder.fail_trial(trial, Failure(FailureCode.CODE_ERROR, "It broke."), **news)
        case 1:
            recorder.complete_trial(trial, news["news"].epochs[0].metrics, 0, **news)
        case 2:
            recorder.prune_trial(trial, 1, **news)


def claim(worker: Worker) -> Trial:
    claimed = claim_next(Slot(worker, 0))
    assert isinstance(claimed, Trial)
    return claimed


def statuses(search: Search) -> list[str]:
    return [trial.status for trial in known_trials(search)]


def read_anew(search: Search) -> Any:
    module._memory.clear()
    return known_trials(search)


@pytest.mark.parametrize("settings", [{}, SEVERAL, LIMITED])
def test_what_is_remembered_is_what_the_rows_have(
    make_search: Any, worker: Worker, settings: Any
) -> None:
    """Whenever something changes, also where trials end in another order than they began."""
    search = make_search(tuner="tpe", max_trials=9, parallel_trials=3, **settings)
    running, steps = [claim(worker)], []
    while running:
        steps.append(known_trials(search))
        assert steps[-1] == known_trials(search) == read_anew(search)
        if len(running) < 3 and search.trials.count() < 9:
            running.append(claim(worker))
        else:
            end(running.pop(-2 if len(running) > 1 else 0))
    steps.append(known_trials(search))
    rows = search.trials.order_by("number").values_list("values", "end_order")
    assert [(trial.values, trial.end_order) for trial in steps[-1]] == list(rows)
    limited = "INFEASIBLE" if settings == LIMITED else "COMPLETED"
    assert [trial.status for trial in steps[-1]] == [
        "COMPLETED", "PRUNED", "FAILED", limited, "PRUNED", "FAILED", limited, "PRUNED", "FAILED",
    ]  # fmt: skip
    assert [trial.score for trial in steps[-1][:3]] == [0.89, 0.88, None]


def test_a_pruned_trial_that_goes_on_is_read_again(make_search: Any, worker: Worker) -> None:
    search = make_search(tuner="tpe", max_trials=2, pruner="median")
    for _ in range(2):
        end(claim(worker))
    assert [trial.status for trial in known_trials(search)] == ["COMPLETED", "PRUNED"]
    assert train_to_end(search.trials.get(number=2))
    assert known_trials(search)[1].status == "RUNNING"
    trial = claim(worker)
    assert trial.number == 2
    recorder.complete_trial(trial, {"val_accuracy": 0.97, "loss": 0.1}, 0, **news_of(trial))
    assert (known_trials(search)[1].status, known_trials(search)[1].score) == ("COMPLETED", 0.97)


@pytest.mark.parametrize("settings", [{}, SEVERAL, LIMITED])
def test_ended_trials_cost_one_query_however_many_they_are(
    make_search: Any, worker: Worker, settings: Any
) -> None:
    search = make_search(tuner="tpe", max_trials=20, **settings)
    for _ in range(4):
        end(claim(worker))
    with CaptureQueriesContext(connection) as first:
        known_trials(search)
    for _ in range(8):
        end(claim(worker))
    module._memory.clear()
    with CaptureQueriesContext(connection) as all_anew:
        known_trials(search)
    with CaptureQueriesContext(connection) as again:
        known_trials(search)
    assert len(first) == len(all_anew) == 2
    [query] = again
    assert '"values"' not in query["sql"]


def test_no_more_is_remembered_than_is_allowed(
    make_search: Any, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The searches that were asked for last."""
    monkeypatch.setattr(module, "REMEMBERED", 5)
    first, second, third = (make_search(tuner="tpe", max_trials=3) for _ in range(3))
    for _ in range(9):
        end(claim(worker))
    for search in (first, second, first, third):
        known_trials(search)
    with CaptureQueriesContext(connection) as of_third:
        assert len(known_trials(third)) == 3
    with CaptureQueriesContext(connection) as of_first:
        assert len(known_trials(first)) == 3
    assert (len(of_third), len(of_first)) == (1, 2)


def test_a_search_that_was_deleted_meanwhile_has_no_trials(
    make_search: Any, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = make_search(tuner="tpe")
    end(claim(worker))
    real = module._read

    def deleted(search: Search, ends: Any) -> Any:
        Search.objects.filter(pk=search.pk).delete()
        return real(search, ends)

    monkeypatch.setattr(module, "_read", deleted)
    assert known_trials(search) == []


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """The numbers of the trials that were read, of each look."""
    numbers: list[list[int]] = []
    real = module._read

    def noting(search: Search, ends: Any) -> Any:
        numbers.append(sorted(ends))
        return real(search, ends)

    monkeypatch.setattr(module, "_read", noting)
    return numbers


def test_only_what_came_since_is_read(
    make_search: Any, worker: Worker, read: list[list[int]]
) -> None:
    """Those that run, what ended, and what was stopped before it began; however many there are."""
    search = make_search(tuner="tpe", max_trials=20, parallel_trials=3)
    for _ in range(9):
        end(claim(worker))
    known_trials(search)
    tenth, eleventh = claim(worker), claim(worker)
    read.clear()
    assert len(known_trials(search)) == 11
    end(eleventh)
    known_trials(search)
    end(tenth)
    known_trials(search)
    stopped = Trial.objects.create(search=search, number=12, values={"units": 8})
    search.trials.stop_queued()
    found = known_trials(search)
    assert (found[11].trial_id, found[11].status) == (f"own-{stopped.number}", "FAILED")
    assert read == [[10, 11], [10, 11], [10], [12]]
    assert found == read_anew(search)


@pytest.mark.parametrize("looks", ["", "before", "meanwhile", "before and meanwhile"])
def test_a_pruned_trial_that_waited_to_go_on_and_was_stopped_is_pruned(
    make_search: Any, worker: Worker, looks: str
) -> None:
    """Whenever anybody looked."""
    search = make_search(tuner="tpe", max_trials=9, parallel_trials=3, pruner="median")
    first, second, third = (claim(worker) for _ in range(3))
    end(first)
    end(second)
    module._memory.clear()
    if "before" in looks:
        assert statuses(search) == ["COMPLETED", "PRUNED", "RUNNING"]
    assert train_to_end(search.trials.get(number=2))
    if "meanwhile" in looks:
        assert statuses(search) == ["COMPLETED", "RUNNING", "RUNNING"]
    end(third)
    if "meanwhile" in looks:
        assert statuses(search) == ["COMPLETED", "RUNNING", "FAILED"]
    search.trials.stop_queued()
    assert statuses(search) == ["COMPLETED", "PRUNED", "FAILED"]
    assert known_trials(search) == read_anew(search)


def test_while_an_early_trial_goes_on_others_are_not_read_again(
    make_search: Any, worker: Worker, read: list[list[int]]
) -> None:
    search = make_search(tuner="tpe", max_trials=9, parallel_trials=2, pruner="median")
    for _ in range(5):
        end(claim(worker))
    assert statuses(search)[1] == "PRUNED"
    assert train_to_end(search.trials.get(number=2))
    again = claim(worker)
    read.clear()
    known_trials(search)
    end(claim(worker))
    known_trials(search)
    recorder.complete_trial(again, {"val_accuracy": 0.97, "loss": 0.1}, 0, **news_of(again))
    known_trials(search)
    found = known_trials(search)
    # The second look is that of the claim.
    assert read == [[2], [2], [2, 6], [2], []]
    assert (again.number, found[1].status, found[1].score) == (2, "COMPLETED", 0.97)
    assert found == read_anew(search)


def test_what_came_since_is_found_by_an_index(make_search: Any, worker: Worker) -> None:
    search = make_search(tuner="tpe")
    end(claim(worker))
    known_trials(search)
    with CaptureQueriesContext(connection) as queries:
        known_trials(search)
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {queries[0]['sql']}")
        plan = [row[3] for row in cursor.fetchall()]
    steps = [step for step in plan if "tuning_trial" in step]
    assert len(steps) == 3
    # By more than the search alone, which may have 100,000 of them.
    assert all(step.startswith("SEARCH") and step.count("?") == 2 for step in steps), plan
