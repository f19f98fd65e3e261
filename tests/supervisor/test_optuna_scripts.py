"""Optuna scripts from the first question to the last trial, between the supervisor and runners."""

from pathlib import Path
from typing import Any

import optuna
import pytest

from tuning.models import Dataset, HyperModel, Inspection, Project, Search, Worker
from tuning.protocol.statuses import SearchStatus, Status

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
def script_search(make_search: Any, project: Project, digits: Path) -> Any:
    """A function that starts a search of a script."""

    def make(code: str, **settings: Any) -> Search:
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
        search: Search = make_search(**{**defaults, **settings})
        return search

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
