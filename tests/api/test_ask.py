"""Scripts ask a search for configurations and tell it how they did: leases, lost ones, pruning."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from tuning.actions.searches import pause_search
from tuning.models import Project, Search, Trial
from tuning.protocol.failures import FailureCode
from tuning.protocol.statuses import SearchStatus, Status
from tuning.supervisor import schedule, scripts
from tuning.supervisor.claims import Slot, claim_next

from .conftest import Caller

SPACE = {
    "lr": {"low": 0.001, "high": 0.1, "sampling": "log"},
    "units": {"low": 8, "high": 64, "step": 8},
    "optimizer": ["adam", "sgd"], "batch": 32,
}  # fmt: skip


@pytest.fixture
def asked(bob_calls: Caller, project: Project) -> str:
    """The address of a search with a space that a script declared."""
    body = {"name": "Elsewhere", "objective": "val_loss", "space": SPACE, "max_trials": 3,
            "strategy": "tpe"}  # fmt: skip
    answer = bob_calls.post(f"projects/{project.pk}/logs", body)
    assert answer.status_code == 201, answer.json()
    return f"projects/{project.pk}/searches/{answer.json()['number']}"


def ask(calls: Caller, at: str, status: int = 201) -> dict[str, Any]:
    """The answer; a worker serves who waits."""
    answer = calls.post(f"{at}/ask", {"script": "gpu-box"})
    if answer.status_code == 202 and status == 201:
        scripts.make_asked()
        answer = calls.post(f"{at}/ask", {"script": "gpu-box"})
    assert answer.status_code == status, answer.json()
    found: dict[str, Any] = answer.json()
    return found


def trial_of(at: str, answer: dict[str, Any]) -> str:
    return f"{at}/trials/{answer['trial']['number']}"


def report(answer: dict[str, Any], *losses: float, **more: Any) -> dict[str, Any]:
    epochs = [{"epoch": n, "metrics": {"val_loss": loss}} for n, loss in enumerate(losses, 1)]
    return {"attempt": answer["attempt"], "epochs": epochs, **more}


def expire(number: int) -> None:
    past = timezone.now() - timedelta(seconds=1)
    Trial.objects.filter(number=number).update(lease_expires_at=past)
    assert schedule.reap() == 1


def test_a_script_asks_trains_and_tells(bob_calls: Caller, asked: str, worker: Any) -> None:
    waiting = ask(bob_calls, asked, 202)
    assert waiting == {"ended": False, "reason": "A worker suggests values."}
    scripts.make_asked()
    scripts.make_asked()
    assert Trial.objects.count() == 1
    for number in (1, 2, 3):
        got = ask(bob_calls, asked)
        # Nobody waits any more. The next suggestion is made of all that is told by then.
        scripts.make_asked()
        assert Trial.objects.count() == number
        values = got["trial"]["values"]
        assert (got["attempt"], got["trial"]["number"]) == (1, number)
        assert values.keys() == SPACE.keys()
        assert 0.001 <= values["lr"] <= 0.1
        assert values["units"] in range(8, 65, 8)
        assert values["batch"] == 32
        told = bob_calls.post(f"{trial_of(asked, got)}/finish", report(got, score=values["lr"]))
        assert told.json()["score"] == values["lr"]
    search = Search.objects.get()
    assert (search.status, search.end_reason) == (
        SearchStatus.COMPLETED, "Reached the maximum of 3 trials.",
    )  # fmt: skip
    assert ask(bob_calls, asked, 200) == {"ended": True, "reason": search.end_reason}
    assert claim_next(Slot(worker, 0)) is None


def test_what_a_killed_script_had_goes_to_the_next(bob_calls: Caller, asked: str) -> None:
    first = ask(bob_calls, asked)
    bob_calls.post(f"{trial_of(asked, first)}/log", report(first, 0.5))
    expire(1)
    assert Trial.objects.get().status == Status.QUEUED
    again = ask(bob_calls, asked)
    assert (again["trial"]["number"], again["attempt"]) == (1, 2)
    assert again["trial"]["values"] == first["trial"]["values"]
    # The first one comes back too late: nothing of it is written.
    late = bob_calls.post(f"{trial_of(asked, first)}/finish", report(first, score=0.1))
    assert late.status_code == 409
    assert late.json()["detail"] == "Attempt 1 of trial 1 was lost: another one has begun."
    bob_calls.post(f"{trial_of(asked, again)}/finish", report(again, 0.4))
    trial = Trial.objects.get()
    assert (trial.score, trial.attempt, trial.lost_attempts) == (0.4, 2, 1)
    outcomes = [attempt.outcome for attempt in trial.attempts.all()]
    assert outcomes == ["The script stopped responding. Will run again.", "Completed"]


def test_a_script_that_was_cut_off_goes_on_if_nobody_else_has(
    bob_calls: Caller, asked: str
) -> None:
    got = ask(bob_calls, asked)
    expire(1)
    assert bob_calls.post(f"{trial_of(asked, got)}/log", report(got, 0.5)).status_code == 200
    trial = Trial.objects.get()
    assert (trial.status, trial.attempt, trial.epochs_done) == (Status.RUNNING, 1, 1)


def test_the_fifth_lost_attempt_fails(bob_calls: Caller, asked: str) -> None:
    for attempt in (1, 2, 3, 4, 5):
        assert ask(bob_calls, asked)["attempt"] == attempt
        expire(1)
    trial = Trial.objects.get()
    assert (trial.status, trial.failure_code) == (Status.FAILED, FailureCode.SCRIPT_LOST)
    assert trial.failure_message.startswith("The script stopped responding 5 times.")
    # The search goes on with the next one.
    assert ask(bob_calls, asked)["trial"]["number"] == 2


def test_two_scripts_get_two_trials(bob_calls: Caller, asked: str) -> None:
    numbers = [ask(bob_calls, asked)["trial"]["number"] for _ in range(3)]
    assert numbers == [1, 2, 3]
    waiting = ask(bob_calls, asked, 202)
    assert waiting["reason"] == "All trials have started. A lost one will be offered again."
    scripts.make_asked()
    assert Trial.objects.count() == 3


def test_who_asks_waits_while_the_search_is_paused(bob_calls: Caller, asked: str) -> None:
    pause_search(Search.objects.get())
    assert ask(bob_calls, asked, 202)["reason"] == "The search is paused."
    bob_calls.post(f"{asked}/resume")
    ask(bob_calls, asked)
    bob_calls.post(f"{asked}/stop")
    assert ask(bob_calls, asked, 200) == {"ended": True, "reason": "The search is stopped."}


def test_without_a_worker_it_says_so(bob_calls: Caller, asked: str) -> None:
    assert ask(bob_calls, asked, 202)["reason"] == "No worker is available to suggest values."
    # Nobody has asked for a while: nothing is suggested for it.
    Search.objects.update(asked_at=timezone.now() - timedelta(minutes=1))
    scripts.make_asked()
    assert not Trial.objects.exists()


def test_a_search_that_scripts_ask_stays_open_and_is_not_locked_for_it(
    asked: str, django_assert_num_queries: Any
) -> None:
    Search.objects.update(created_at=timezone.now() - timedelta(hours=1))
    with django_assert_num_queries(1):
        schedule.end_idle_logs()
    assert Search.objects.get().status == SearchStatus.RUNNING


def test_scripts_share_a_search_with_workers(
    bob_calls: Caller, make_search: Any, worker: Any, project: Project
) -> None:
    search = make_search(tuner="tpe", max_trials=4, parallel_trials=2)
    at = f"projects/{project.pk}/searches/{search.number}"
    got = ask(bob_calls, at)
    assert got["trial"]["is_baseline"]
    mine = claim_next(Slot(worker, 0))
    assert isinstance(mine, Trial)
    assert (mine.number, mine.script) == (2, "")
    full = ask(bob_calls, at, 202)
    assert full["reason"] == "The limit of parallel trials is reached."
    # What a script lost, a worker may take.
    expire(1)
    taken = claim_next(Slot(worker, 1))
    assert isinstance(taken, Trial)
    assert (taken.number, taken.attempt, taken.script) == (1, 2, "")
    late = bob_calls.post(f"{at}/trials/1/log", report(got))
    assert late.json()["detail"] == "Trial 1 is not trained by a script."


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"tuner": "hyperband"}, "Hyperband continues trained models"),
        ({"tuner": "given"}, "has no strategy"),
        ({"pruner": "asha"}, "continues pruned trials"),
        ({"model_kind": "custom"}, "A custom tuner trains in its own way"),
        ({"model_kind": "optuna"}, "An Optuna script asks for each value while it runs"),
        (
            {"constraints": [{"name": "latency", "relation": "at_most", "limit": 1.0}]},
            "A script cannot measure Latency",
        ),
    ],
)
def test_what_scripts_cannot_do_is_said(
    bob_calls: Caller, make_search: Any, project: Project, settings: Any, sentence: str
) -> None:
    search = make_search(**settings)
    answer = bob_calls.post(f"projects/{project.pk}/searches/{search.number}/ask", {})
    assert answer.status_code == 409
    assert sentence in answer.json()["detail"]


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"space": {"a": {"low": 2, "high": 1}}}, "space.a"),
        ({"space": {"a": {"low": 0, "high": 1, "sampling": "log"}}}, "space.a"),
        ({"space": {"a": {"low": 0}}}, "space.a"),
        ({"space": {"a": [1, "b"]}}, "space.a"),
        ({"space": {"a": []}}, "space.a"),
        ({"space": {"a": None}}, "space.a"),
        ({"space": {"a": 1}, "strategy": "hyperband"}, "strategy"),
        ({"space": {"a": 1}, "strategy": "guess"}, "strategy"),
        ({"max_trials": 3}, "max_trials"),
    ],
)
def test_what_is_no_space_is_refused(
    bob_calls: Caller, project: Project, more: dict[str, Any], field: str
) -> None:
    answer = bob_calls.post(f"projects/{project.pk}/logs", {"name": "x", **more})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


def test_one_name_has_one_space(bob_calls: Caller, asked: str, project: Project) -> None:
    at = f"projects/{project.pk}/logs"
    same = {"name": "Elsewhere", "objective": "val_loss", "space": SPACE}
    assert bob_calls.post(at, same).status_code == 200
    other = bob_calls.post(at, {**same, "space": {"lr": 0.1}})
    assert (other.status_code, other.json()["detail"]) == (
        409, "Search 1 has this name and another space.",
    )  # fmt: skip


def test_a_pruner_sees_an_objective_that_comes_after_other_metrics(
    bob_calls: Caller, asked: str
) -> None:
    Search.objects.update(pruner="median", pruning_min_trials=1, max_trials=9, epochs=4)
    verdicts = scripts.Verdicts()
    good = ask(bob_calls, asked)
    bob_calls.post(f"{trial_of(asked, good)}/finish", report(good, 0.4, 0.3, 0.2, 0.1))
    bad = ask(bob_calls, asked)
    at = trial_of(asked, bad)
    for metric in ("loss", "val_loss"):
        epochs = [{"epoch": number, "metrics": {metric: 0.9}} for number in (1, 2)]
        assert not bob_calls.post(f"{at}/log", report(bad, epochs=epochs)).json()["pruned"]
        verdicts.give()
    assert bob_calls.post(f"{at}/log", report(bad)).json()["pruned"]


def test_a_pruner_ends_a_script_that_does_worse(bob_calls: Caller, asked: str) -> None:
    Search.objects.update(pruner="median", pruning_min_trials=1, max_trials=9, epochs=4)
    verdicts = scripts.Verdicts()
    good = ask(bob_calls, asked)
    bob_calls.post(f"{trial_of(asked, good)}/finish", report(good, 0.4, 0.3, 0.2, 0.1))
    bad = ask(bob_calls, asked)
    at = trial_of(asked, bad)
    assert not bob_calls.post(f"{at}/log", report(bad, 0.9, 0.9)).json()["should_stop"]
    verdicts.give()
    assert bob_calls.post(f"{at}/log", report(bad)).json() == {
        "should_stop": True, "pruned": True, "reason": "Other trials did better at this point.",
    }  # fmt: skip
    ended = bob_calls.post(f"{at}/finish", report(bad, status="pruned")).json()
    assert (ended["status"], ended["score"], ended["epochs"]) == ("pruned", None, 2)
    better = ask(bob_calls, asked)
    bob_calls.post(f"{trial_of(asked, better)}/log", report(better, 0.3, 0.2))
    verdicts.give()
    assert not bob_calls.post(f"{trial_of(asked, better)}/log", report(better)).json()["pruned"]
