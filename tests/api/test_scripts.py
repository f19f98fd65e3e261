"""Scripts elsewhere log trials: what the table and the pages have of them, and what is refused."""

import math
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from tuning.analysis.slots import slots
from tuning.models import Epoch, Project, Search, Trial, TrialIndex
from tuning.protocol.failures import FailureCode
from tuning.protocol.statuses import SearchStatus, Status
from tuning.supervisor import claims, schedule

from .conftest import Caller


@pytest.fixture
def log(bob_calls: Caller, project: Project) -> str:
    """The address of a search of scripts."""
    answer = bob_calls.post(f"projects/{project.pk}/logs", {"name": "By hand"})
    assert answer.status_code == 201
    return f"projects/{project.pk}/searches/{answer.json()['number']}"


@pytest.fixture
def run(bob_calls: Caller, log: str) -> Any:
    """A function: begins a run and gives the address of its trial."""

    def begin(**values: Any) -> str:
        answer = bob_calls.post(f"{log}/runs", {"values": values, "script": "gpu-box"})
        assert answer.status_code == 201, answer.json()
        assert answer.json()["attempt"] == 1
        return f"{log}/trials/{answer.json()['trial']['number']}"

    return begin


def epoch(number: int, execution: int = 0, **metrics: Any) -> dict[str, Any]:
    return {"execution": execution, "epoch": number, "seconds": 1.5, "metrics": metrics}


def report(*epochs: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"attempt": 1, "epochs": list(epochs), **more}


def lose(trial: Trial) -> None:
    Trial.objects.filter(pk=trial.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    assert schedule.reap() == 1
    trial.refresh_from_db()


def test_a_run_is_a_trial_like_any_other(bob_calls: Caller, run: Any, log: str) -> None:
    at = run(lr=0.1, optimizer="adam")
    assert bob_calls.post(f"{at}/log", report(epoch(1, loss=2.0, val_loss=0.5))).json() == {
        "should_stop": False, "reason": "", "pruned": False,
    }  # fmt: skip
    bob_calls.post(f"{at}/log", report(epoch(2, val_loss=0.3), epoch(3, val_loss=0.4)))
    trial = Trial.objects.get()
    assert (trial.status, trial.epochs_done, trial.script) == (Status.RUNNING, 3, "gpu-box")
    ended = bob_calls.post(f"{at}/finish", report()).json()
    assert (ended["status"], ended["score"]) == ("completed", 0.3)
    trial.refresh_from_db()
    assert (trial.best_epoch, trial.metrics, trial.last_metrics) == (
        2, {"val_loss": 0.3}, {"val_loss": 0.4},
    )  # fmt: skip
    assert trial.execution_scores == [0.3]
    row = TrialIndex.objects.get()
    assert (row.status, row.score, row.worker) == ("completed", 0.3, "gpu-box")
    assert [each["epoch"] for each in bob_calls.get(f"{at}/epochs").json()["items"]] == [1, 2, 3]
    found = bob_calls.get(f"{log}/trials?score__lt=1&sort=score").json()
    assert [each["number"] for each in found["items"]] == [1]


def test_metrics_come_in_pieces_and_twice(bob_calls: Caller, run: Any) -> None:
    at = run()
    first = report(epoch(1, loss=2.0), epoch(1, val_loss=0.5), epoch(2, val_loss=0.4))
    for body in (first, first, report(epoch(2, loss=9.0, val_loss=0.1) | {"seconds": 4.0})):
        assert bob_calls.post(f"{at}/log", body).status_code == 200
    found = list(Epoch.objects.values_list("epoch", "seconds", "metrics"))
    # The first value of a metric stays.
    assert found == [
        (1, 1.5, {"loss": 2.0, "val_loss": 0.5}), (2, 4.0, {"val_loss": 0.4, "loss": 9.0}),
    ]  # fmt: skip
    assert Trial.objects.get().epochs_done == 2


def test_executions_are_averaged_as_keras_tuner_does(bob_calls: Caller, run: Any) -> None:
    at = run()
    epochs = [epoch(1, 0, val_loss=0.5, acc=0.1), epoch(2, 0, val_loss=0.3, acc=0.2),
              epoch(1, 1, val_loss=0.1, acc=0.4), epoch(2, 1, val_loss=0.2, acc=0.8)]  # fmt: skip
    bob_calls.post(f"{at}/finish", report(*epochs))
    trial = Trial.objects.get()
    assert trial.score == pytest.approx((0.3 + 0.1) / 2)
    assert trial.metrics["acc"] == pytest.approx((0.2 + 0.4) / 2)
    assert trial.execution_scores == [0.3, 0.1]


def test_an_execution_that_diverged_is_not_left_out(bob_calls: Caller, run: Any) -> None:
    """KerasTuner's mean is no number, either."""
    at = run()
    epochs = [epoch(1, 0, val_loss=0.5), epoch(1, 1, val_loss=None), epoch(2, 1, val_loss=None)]
    ended = bob_calls.post(f"{at}/finish", report(*epochs)).json()
    assert (ended["status"], ended["failure"]["code"]) == ("failed", "nan_score")


def test_a_score_may_be_given_with_other_metrics(bob_calls: Caller, run: Any) -> None:
    ended = bob_calls.post(f"{run()}/finish", report(score=0.25, metrics={"test_acc": 0.9})).json()
    assert (ended["score"], ended["metrics"]) == (0.25, {"val_loss": 0.25, "test_acc": 0.9})
    at = run()
    answer = bob_calls.post(f"{at}/finish", report(epoch(1, loss=1.0)))
    assert answer.status_code == 422
    assert answer.json()["detail"] == "The objective was not logged. Give a score."
    # Nothing happened: it may be sent again with a score.
    assert Trial.objects.get(number=2).status == Status.RUNNING
    assert bob_calls.post(f"{at}/finish", report(score=1)).json()["score"] == 1


@pytest.mark.parametrize("score", [None, 1e300])
def test_a_score_that_is_no_number_fails(bob_calls: Caller, run: Any, score: Any) -> None:
    ended = bob_calls.post(f"{run()}/finish", report(epoch(1, val_loss=0.5), score=score)).json()
    assert (ended["status"], ended["failure"]["code"]) == ("failed", "nan_score")


def test_an_epoch_that_is_no_number_is_flagged(bob_calls: Caller, run: Any) -> None:
    epochs = [epoch(1, val_loss=0.5), epoch(2, val_loss=None), epoch(3, val_loss=1e200)]
    ended = bob_calls.post(f"{run()}/finish", report(*epochs)).json()
    assert (ended["score"], ended["not_finite"]) == (0.5, ["val_loss"])


def test_a_failure_says_why(bob_calls: Caller, run: Any) -> None:
    body = report(status="failed", message="Out of coffee.", traceback="Traceback…")
    ended = bob_calls.post(f"{run()}/finish", body).json()
    assert ended["failure"]["code"] == FailureCode.SCRIPT_ERROR
    assert ended["failure"]["message"] == "Out of coffee."
    # Failures of scripts do not end the search, however many there are.
    for _ in range(6):
        bob_calls.post(f"{run()}/finish", report(status="failed"))
    assert Search.objects.get().status == SearchStatus.RUNNING


def test_the_space_grows_with_the_values(run: Any) -> None:
    run(lr=0.1, units=8, layer="relu", flag=True)
    run(lr=0.0001, units=64, layer="tanh", flag=False, extra=1)
    run(units=0.5)
    kinds = {
        each["config"]["name"]: each["class_name"] for each in Search.objects.get().space["space"]
    }
    assert kinds == {
        "lr": "Float", "units": "Float", "layer": "Choice", "flag": "Boolean", "extra": "Fixed",
    }  # fmt: skip
    [units] = [
        e["config"] for e in Search.objects.get().space["space"] if e["config"]["name"] == "units"
    ]
    assert (units["min_value"], units["max_value"]) == (0.5, 64)


def test_two_scripts_open_one_log(bob_calls: Caller, project: Project) -> None:
    body = {"name": "By hand", "objective": "val_accuracy"}
    answers = [bob_calls.post(f"projects/{project.pk}/logs", body) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]
    assert answers[0].json()["number"] == answers[1].json()["number"]
    assert (answers[0].json()["objective"], answers[0].json()["direction"]) == (
        "val_accuracy", "max",
    )  # fmt: skip
    for name, value in (("objective", "val_loss"), ("direction", "min")):
        other = bob_calls.post(f"projects/{project.pk}/logs", {**body, name: value})
        assert (other.status_code, other.json()["detail"]) == (
            409, f"Search 1 has this name and another {name}.",
        )  # fmt: skip
    unknown = bob_calls.post(f"projects/{project.pk}/logs", {"name": "x", "objective": "wiggles"})
    assert unknown.json()["errors"][0]["field"] == "direction"


def test_a_lost_script_fails_and_goes_on_when_it_is_back(bob_calls: Caller, run: Any) -> None:
    at = run()
    bob_calls.post(f"{at}/log", report(epoch(1, val_loss=0.5)))
    trial = Trial.objects.get()
    lose(trial)
    assert (trial.status, trial.failure_code) == (Status.FAILED, FailureCode.SCRIPT_LOST)
    assert trial.failure_message == "gpu-box stopped reporting."
    assert bob_calls.post(f"{at}/log", report(epoch(2, val_loss=0.4))).status_code == 200
    trial.refresh_from_db()
    assert (trial.status, trial.failure_code, trial.epochs_done) == (Status.RUNNING, "", 2)
    assert TrialIndex.objects.get().status == ""
    assert bob_calls.post(f"{at}/finish", report()).json()["score"] == 0.4
    assert [attempt.outcome for attempt in trial.attempts.all()] == ["Completed"]


def test_a_report_renews_the_lease(bob_calls: Caller, run: Any) -> None:
    at = run()
    Trial.objects.update(lease_expires_at=timezone.now() + timedelta(seconds=1))
    bob_calls.post(f"{at}/log", report())
    left = Trial.objects.get().lease_expires_at - timezone.now()
    assert timedelta(seconds=110) < left <= timedelta(seconds=121)


def test_what_has_ended_does_not_change(bob_calls: Caller, run: Any) -> None:
    at = run()
    bob_calls.post(f"{at}/finish", report(score=0.5))
    for action, body in (("log", report(epoch(1, val_loss=0.1))), ("finish", report(score=0.1))):
        answer = bob_calls.post(f"{at}/{action}", body)
        assert (answer.status_code, answer.json()["detail"]) == (409, "Trial 1 is completed.")
    late = bob_calls.post(f"{at}/log", {"attempt": 2})
    assert late.json()["detail"] == "Attempt 2 of trial 1 was lost: another one has begun."
    assert Trial.objects.get().score == 0.5
    assert not Epoch.objects.exists()


def test_stopping_the_search_stops_its_scripts(bob_calls: Caller, run: Any, log: str) -> None:
    at = run()
    bob_calls.post(f"{log}/stop")
    answer = bob_calls.post(f"{at}/log", report(epoch(1, val_loss=0.5)))
    assert answer.json() == {
        "should_stop": True, "reason": "The search is stopped.", "pruned": False,
    }  # fmt: skip
    trial = Trial.objects.get()
    assert (trial.status, trial.epochs_done) == (Status.STOPPED, 1)
    assert bob_calls.post(f"{at}/log", report()).json()["detail"] == "Trial 1 is stopped."
    answer = bob_calls.post(f"{log}/runs", {"values": {}})
    assert (answer.status_code, answer.json()["detail"]) == (409, "The search is stopped.")


def test_a_log_ends_when_nothing_comes_and_goes_on(bob_calls: Caller, run: Any) -> None:
    at = run()
    Search.objects.update(created_at=timezone.now() - timedelta(hours=1))
    schedule.end_idle_logs()
    assert Search.objects.get().status == SearchStatus.RUNNING
    bob_calls.post(f"{at}/finish", report(score=0.5))
    schedule.end_idle_logs()
    assert Search.objects.get().status == SearchStatus.RUNNING
    Trial.objects.update(finished_at=timezone.now() - timedelta(hours=1))
    schedule.end_idle_logs()
    search = Search.objects.get()
    assert (search.status, search.end_reason) == (SearchStatus.COMPLETED, "")
    run()
    assert Search.objects.get().status == SearchStatus.RUNNING


def test_workers_leave_it_alone(run: Any, worker: Any) -> None:
    before = slots().free
    run()
    assert slots().free == before
    assert claims.claim_next(claims.Slot(worker, 0)) is None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"values": {"a": [1]}}, "values.a"),
        ({"values": {"tuner/epochs": 3}}, "values.tuner/epochs"),
        ({"values": {"a\nb": 3}}, "values.a\nb"),
        ({"values": {"a": 1e200}}, "values.a"),
        ({"script": "a\nb"}, "script"),
        ({"epochs": 0}, "epochs"),
    ],
)
def test_what_is_no_run_is_refused(
    bob_calls: Caller, log: str, body: dict[str, Any], field: str
) -> None:
    answer = bob_calls.post(f"{log}/runs", body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    assert not Trial.objects.exists()


def test_searches_of_workers_take_no_runs(
    bob_calls: Caller, search: Search, project: Project
) -> None:
    at = f"projects/{project.pk}/searches/{search.number}"
    assert "Workers train the trials" in bob_calls.post(f"{at}/runs", {}).json()["detail"]
    answer = bob_calls.post(f"{at}/trials/1/log", report())
    assert answer.json()["detail"] == "Trial 1 is not trained by a script."


def test_many_epochs_are_taken_in_pieces(bob_calls: Caller, run: Any) -> None:
    at = run()
    epochs = [epoch(number, val_loss=1 / number) for number in range(1, 2_001)]
    too_many = bob_calls.post(f"{at}/log", report(*epochs))
    assert too_many.status_code == 422
    for start in range(0, 2_000, 1_000):
        bob_calls.post(f"{at}/log", report(*epochs[start : start + 1_000]))
    ended = bob_calls.post(f"{at}/finish", report()).json()
    assert math.isclose(ended["score"], 1 / 2_000)
    assert (ended["epochs"], Search.objects.get().epochs) == (2_000, 2_000)
