"""What our searches try is what Optuna alone would try with the same seed and scores."""

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import optuna
import pytest
from optuna.samplers import (
    BaseSampler,
    CmaEsSampler,
    NSGAIIISampler,
    NSGAIISampler,
    QMCSampler,
    TPESampler,
)

from tests.conftest import SPACE
from tuning.strategies import optuna_samplers
from tuning.strategies.contract import KnownTrial

from .driving import Driver, Judged, settings_of


def ask_like_a_script(trial: optuna.Trial) -> dict[str, Any]:
    """SPACE as somebody would write it for Optuna; steps are the places of the values.
    KerasTuner's steps of 0.1 from 0 to 0.9 end at 0.8, by rounding."""
    values: dict[str, Any] = {"units": 8 + 8 * trial.suggest_int("units", 0, 7)}
    values["optimizer"] = trial.suggest_categorical("optimizer", ["adam", "sgd"])
    if values["optimizer"] == "sgd":
        values["momentum"] = 0.1 * trial.suggest_int("momentum", 0, 8)
    values["learning_rate"] = trial.suggest_float("learning_rate", 1e-4, 1e-1, log=True)
    return values


def score_of(values: dict[str, Any]) -> float:
    return values["units"] / 100 - values["learning_rate"] + values.get("momentum", 0.0) / 7


def optuna_alone(sampler: BaseSampler, direction: str, trials: int) -> list[dict[str, Any]]:
    study = optuna.create_study(direction=direction, sampler=sampler)
    tried = []
    for _ in range(trials):
        trial = study.ask()
        tried.append(ask_like_a_script(trial))
        study.tell(trial, score_of(tried[-1]))
    return tried


@pytest.mark.parametrize("direction", ["max", "min"])
@pytest.mark.parametrize("name", ["tpe", "sobol", "cmaes"])
def test_the_sequence_is_optunas(name: str, direction: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sampler = {
            "tpe": TPESampler(seed=4, group=True),
            "sobol": QMCSampler(seed=4, scramble=True, warn_independent_sampling=False),
            "cmaes": CmaEsSampler(seed=4, warn_independent_sampling=False),
        }[name]
        theirs = optuna_alone(sampler, f"{direction}imize", 40)
    settings = settings_of(name, SPACE, direction=direction, seed=4)
    ours = Driver(settings, score_of).run(40)
    assert [set(values) for values in ours] == [set(values) for values in theirs]
    for mine, other in zip(ours, theirs, strict=True):
        assert mine == pytest.approx(other)


@pytest.mark.parametrize("name", ["sobol", "auto"])
def test_sobol_suggests_what_it_would_with_the_rows_of_all_trials(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever came first: trials that failed, that still run, that a person entered or that were
    pruned."""
    ends = ["FAILED", "RUNNING", "FAILED", "PRUNED", "COMPLETED", "RUNNING", "COMPLETED"] * 2
    own = KnownTrial("own-1", {"units": 8}, "RUNNING", suggested=False)

    def tried() -> list[dict[str, Any]]:
        driver = Driver(settings_of(name, SPACE, seed=4, parallel=8), score_of, trials=[own])
        for status in ends:
            trial = driver.start()
            if status != "RUNNING":
                driver.end(trial.trial_id, status)
        return [trial.values for trial in driver.trials]

    ours = tried()
    monkeypatch.setattr(optuna_samplers, "_read_by", lambda _, rows: rows)
    assert tried() == ours


def judged(values: dict[str, Any]) -> Judged:
    """Two objectives in each other's way and a constraint that some trials violate."""
    return [score_of(values), values["units"]], [(values["units"] - 48) / 48]


SEVERAL: dict[str, Callable[[], BaseSampler]] = {
    "tpe": lambda: TPESampler(seed=4, group=True, multivariate=True),
    "sobol": lambda: QMCSampler(seed=4, scramble=True, warn_independent_sampling=False),
    "nsga2": lambda: NSGAIISampler(population_size=8, seed=4),
    "nsga3": lambda: NSGAIIISampler(population_size=8, seed=4),
}


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
@pytest.mark.parametrize("name", list(SEVERAL))
def test_the_sequence_with_several_objectives_and_a_constraint_is_optunas(name: str) -> None:
    study = optuna.create_study(directions=["maximize", "minimize"], sampler=SEVERAL[name]())
    theirs: list[dict[str, Any]] = []
    for _ in range(40):
        trial = study.ask()
        values = ask_like_a_script(trial)
        if values in theirs:
            # Ours draws again; so does whoever tells Optuna that this one failed.
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
            continue
        scores, excesses = judged(values)
        trial.set_constraint("0", excesses[0])
        study.tell(trial, scores)
        theirs.append(values)
    settings = settings_of(
        name, SPACE, direction="max", other_directions=("min",), constrained=True, seed=4
    )
    driver = Driver(settings, score_of)
    driver.judged = judged
    for mine, other in zip(driver.run(len(theirs)), theirs, strict=True):
        assert mine == pytest.approx(other)


@pytest.mark.parametrize("name", ["auto", "tpe", "nsga2"])
def test_a_trial_that_was_not_trained_teaches_its_violation(name: str) -> None:
    """Most later suggestions are feasible, though the refused ones have no score."""
    settings = settings_of(name, SPACE, seed=4, constrained=True, max_trials=40)
    driver = Driver(settings, score_of)

    def end(trial_id: str) -> None:
        driver.end(trial_id)
        last = driver.trials[-1]
        excess = (last.values["units"] - 24) / 24
        refused = {"status": "INFEASIBLE", "score": None} if excess > 0 else {}
        driver.trials[-1] = replace(last, excesses=[excess], **refused)

    for _ in range(40):
        end(driver.start().trial_id)
    late = [trial.values["units"] <= 24 for trial in driver.trials[20:]]
    assert sum(late) > 0.6 * len(late)
