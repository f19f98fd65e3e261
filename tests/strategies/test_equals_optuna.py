"""What our searches try is what Optuna alone would try with the same seed and scores."""

import warnings
from typing import Any

import optuna
import pytest
from optuna.samplers import BaseSampler, CmaEsSampler, QMCSampler, TPESampler

from tests.conftest import SPACE

from .driving import Driver, settings_of


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
