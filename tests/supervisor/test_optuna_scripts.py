"""Optuna scripts from the first question to the last trial, between the supervisor and runners."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import optuna
import pytest

from tuning.actions.searches import start_search
from tuning.models import Dataset, HyperModel, Inspection, Project, Search, Trial, Worker
from tuning.protocol.events import Asked, EpochEnd, TrialEnd, TrialPruned
from tuning.protocol.orders import SearchOrder, SuggestedOrder, TrialOrder
from tuning.protocol.statuses import SearchStatus, Status
from tuning.spaces.define_by_run import entry_for
from tuning.supervisor import define_by_run

from .fake_runner import Silence, Step
from .real import real_slot

pytestmark = pytest.mark.django_db

SCRIPT = """
import optuna


def objective(trial):
    kind = trial.suggest_categorical("kind", ["square", "line", None])
    x = trial.suggest_float("x", -5, 5)
    trial.set_user_attr("double", 2 * x)
    if kind == "square":
        return x**2 + trial.suggest_int("more", 1, 9, step=2)
    for step in range(4):
        trial.report(abs(x) + step, step)
        if kind is None and trial.should_prune():
            raise optuna.TrialPruned()
    return abs(x) + 3


study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=5))
study.optimize(objective, n_trials=16)
print(study.best_params)
"""


def own(code: str) -> optuna.Study:
    """The script as Python runs it."""
    names: dict[str, Any] = {}
    exec(code.replace("print(", "str("), names)  # noqa: S102
    study: optuna.Study = names["study"]
    return study


@pytest.fixture
def script_search(project: Project, alice: Any, digits: Path) -> Any:
    """A function that starts a search of a script."""

    def make(code: str, enqueued: Any = (), **settings: Any) -> Search:
        Dataset.objects.filter(pk=project.dataset_id).update(folder=digits.name)
        HyperModel.objects.filter(pk=project.hypermodel_id).update(code=code)
        Inspection.objects.filter(dataset=project.dataset_id).update(
            model_kind="optuna", metrics=["value"], space={"space": [], "values": {}}
        )
        project.refresh_from_db()
        defaults = {
            "space": {"space": [], "values": {}}, "tuner": "tpe", "objective": "value",
            "direction": "min", "model_kind": "optuna", "seed": 5, "parallel_trials": 1,
        }  # fmt: skip
        search = Search(**{"project": project, **defaults, **settings})
        return start_search(alice, search, enqueued=enqueued)

    return make


def names_of(search: Search) -> list[str]:
    search.refresh_from_db()
    return [entry["config"]["name"] for entry in search.space["space"]]


@pytest.mark.tensorflow
def test_a_search_is_optunas_own_loop(script_search: Any, worker: Worker) -> None:
    search = script_search(SCRIPT, max_trials=16, pruner="median", pruning_min_trials=5)
    assert not search.trials.exists()  # It has no defaults, so no baseline.

    real_slot(worker, megabytes=4000).run()

    search.refresh_from_db()
    assert search.status == SearchStatus.COMPLETED
    expected = own(SCRIPT).trials
    trials = list(search.trials.order_by("number"))
    shown = [{**t.params, "kind": str(t.params["kind"])} for t in expected]
    assert [trial.values for trial in trials] == shown
    scores = [t.value if t.state == optuna.trial.TrialState.COMPLETE else None for t in expected]
    assert [trial.score for trial in trials] == scores
    assert {trial.status for trial in trials} == {Status.COMPLETED, Status.PRUNED}
    for trial in trials:
        if trial.status == Status.COMPLETED:
            assert trial.metrics["double"] == 2 * trial.values["x"]
    # What only some trials ask for joins the space when they do.
    assert names_of(search) == ["kind", "x", "more"]


def asking(search_slot: list[Any], objective: Any) -> Any:
    """A runner's script that asks for values as `objective(ask)` does. `search_slot` gets the slot
    whose runner hears the answers."""

    def script(_: SearchOrder, __: TrialOrder) -> Iterator[Step]:
        asked = objective()
        value: Any = None
        while True:
            try:
                name, kind, attributes = asked.send(value)
            except StopIteration as end:
                yield TrialEnd(end.value, 0)
                return
            yield Asked(name, {"name": f"{kind}Distribution", "attributes": attributes})
            order = search_slot[0].started[-1].orders[-1]
            assert isinstance(order, SuggestedOrder)
            value = ValueError(order.problem) if order.problem else order.value

    return script


def floats(low: float, high: float) -> dict[str, Any]:
    return {"low": low, "high": high, "log": False, "step": None}


def line() -> Iterator[Any]:
    x = yield "x", "Float", floats(-5, 5)
    y = yield "y", "Float", floats(0, 1)
    return {"value": x + y, "c": -x}


def run(make_slot: Any, objective: Any, search: Search) -> list[Trial]:
    slot: list[Any] = []
    slot.append(make_slot(asking(slot, objective)))
    slot[0].run()
    search.refresh_from_db()
    return list(search.trials.order_by("number"))


def test_first_trials_have_the_given_values_and_the_rest_is_drawn(
    script_search: Any, make_slot: Any
) -> None:
    given = [{"x": 1.5, "typo": 3}, {"y": 0.25}]
    search = script_search(SCRIPT, max_trials=4, enqueued=given)
    trials = run(make_slot, line, search)
    assert len(trials) == 4
    assert trials[0].values["x"] == 1.5
    assert trials[1].values["y"] == 0.25
    # What the script never asks for is no value of the trial.
    assert all(trial.values.keys() == {"x", "y"} for trial in trials)
    assert trials[3].score == trials[3].values["x"] + trials[3].values["y"]


def test_a_range_that_a_person_narrowed_holds(script_search: Any, make_slot: Any) -> None:
    search = script_search(SCRIPT, max_trials=12)
    whole = {"space": [entry_for("x", {"name": "FloatDistribution", "attributes": floats(-5, 5)})]}
    narrow = {"space": [entry_for("x", {"name": "FloatDistribution", "attributes": floats(2, 3)})]}
    Inspection.objects.update(space=whole)
    Search.objects.filter(pk=search.pk).update(space=narrow)
    trials = run(make_slot, line, search)
    assert all(2 <= trial.values["x"] <= 3 for trial in trials)
    # What nobody edited has the script's own range, and is in the space from then on.
    assert names_of(search) == ["x", "y"]


def test_constraints_make_trials_infeasible(script_search: Any, make_slot: Any) -> None:
    limit = {"name": "c", "relation": "<=", "limit": 0.0}
    search = script_search(SCRIPT, max_trials=10, constraints=[limit])
    trials = run(make_slot, line, search)
    found = {trial.number: trial.status for trial in trials}
    expected = {
        t.number: Status.INFEASIBLE if t.values["x"] < 0 else Status.COMPLETED for t in trials
    }
    assert found == expected
    assert set(found.values()) == {Status.INFEASIBLE, Status.COMPLETED}


def test_a_trial_that_its_script_gave_up_is_never_promoted(
    script_search: Any, make_slot: Any
) -> None:
    """It would give up each time, and the search would never end."""
    search = script_search(SCRIPT, max_trials=3, pruner="asha")
    attempts = 0

    def gives_up(_: SearchOrder, __: TrialOrder) -> Iterator[Step]:
        nonlocal attempts
        attempts += 1
        assert attempts <= 3
        yield EpochEnd(0, 1, 0.1, {"value": 0.5})
        yield TrialPruned()

    make_slot(gives_up).run()
    search.refresh_from_db()
    assert search.status == SearchStatus.COMPLETED
    assert [trial.status for trial in search.trials.all()] == [Status.PRUNED] * 3


def test_a_lost_trial_begins_again_with_its_values(script_search: Any, make_slot: Any) -> None:
    search = script_search(SCRIPT, max_trials=1)
    lost: list[Any] = []

    def dies_once() -> Iterator[Any]:
        x = yield "x", "Float", floats(-5, 5)
        lost.append(x)
        if len(lost) == 1:
            raise KeyboardInterrupt
        return {"value": x}

    slot: list[Any] = []
    plain = asking(slot, dies_once)

    def script(order: SearchOrder, trial: TrialOrder) -> Iterator[Step]:
        try:
            yield from plain(order, trial)
        except KeyboardInterrupt:
            yield Silence
            Trial.objects.update(status=Status.QUEUED)
            raise

    slot.append(make_slot(script))
    with pytest.raises(KeyboardInterrupt):
        slot[0].run()
    again = run(make_slot, dies_once, search)
    assert len(lost) == 2
    assert lost[0] == lost[1] == again[0].values["x"]


@pytest.mark.parametrize(
    "distribution",
    [
        {"name": "FloatDistribution", "attributes": {"low": 2, "high": 1}},
        {"name": "CategoricalDistribution", "attributes": {"choices": []}},
        {"name": "CategoricalDistribution", "attributes": {"choices": [[1]]}},
        {"name": "CategoricalDistribution", "attributes": {"choices": "ab"}},
        {"name": "IntDistribution", "attributes": {"low": 0.5, "high": 3.5}},
        {"name": "IntDistribution", "attributes": {"low": 1, "high": 9, "step": 1.5}},
        {"name": "FloatDistribution", "attributes": {"low": 0, "high": 1, "step": 1e-300}},
        {"name": "FloatDistribution", "attributes": {"low": 1, "high": 2, "log": "x"}},
        {"name": "FloatDistribution", "attributes": {"low": 1, "high": 2, "more": "x"}},
        {"name": "FloatDistribution", "attributes": {"low": 1, "high": 2}, "more": "x"},
        {"name": "FloatDistribution", "attributes": {"low": float("nan"), "high": 2}},
        {"name": "Evil", "attributes": {}},
        {},
    ],
)
def test_a_forged_question_fails_its_trial(
    script_search: Any, make_slot: Any, distribution: dict[str, Any]
) -> None:
    search = script_search(SCRIPT, max_trials=1, retries=0)

    def script(_: SearchOrder, __: TrialOrder) -> Iterator[Step]:
        yield Asked("x", distribution)

    make_slot(script).run()
    trial = search.trials.get()
    assert trial.status == Status.FAILED
    assert "invalid hyperparameter" in trial.failure_message


def test_endless_questions_fail_their_trial(script_search: Any, make_slot: Any) -> None:
    search = script_search(SCRIPT, max_trials=1, retries=0)
    choices = [f"{n:01000}" for n in range(999)]
    long = {"name": "CategoricalDistribution", "attributes": {"choices": choices}}

    def script(_: SearchOrder, __: TrialOrder) -> Iterator[Step]:
        for n in range(9):
            yield Asked(f"x{n}", long)

    make_slot(script).run()
    trial = search.trials.get()
    assert trial.status == Status.FAILED
    assert "distributions of more than 1,048,576 characters" in trial.failure_message
    assert trial.values.keys() == {"x0"}


def test_a_space_has_no_more_hyperparameters_than_it_may(
    script_search: Any, make_slot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(define_by_run, "MAX_HYPERPARAMETERS", 3)
    search = script_search(SCRIPT, max_trials=3)
    trial = itertools.count()

    def by_trial() -> Iterator[Any]:
        number = next(trial)
        x = yield f"x{number}", "Float", floats(-5, 5)
        y = yield f"y{number}", "Float", floats(0, 1)
        return {"value": x + y}

    trials = run(make_slot, by_trial, search)
    assert names_of(search) == ["x0", "y0", "x1"]
    assert [sorted(t.values) for t in trials] == [["x0", "y0"], ["x1", "y1"], ["x2", "y2"]]
