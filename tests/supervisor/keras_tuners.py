"""KerasTuner's oracles by themselves, without what only tests need."""

import os
from copy import deepcopy
from typing import Any

from tests.space import SPACE
from tuning.strategies.contract import KnownTrial


def common(seed: int) -> dict[str, Any]:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras_tuner

    return {
        "objective": keras_tuner.Objective("val_accuracy", "max"),
        "hyperparameters": keras_tuner.HyperParameters.from_config(deepcopy(SPACE)),
        "seed": seed,
    }


def keras_tuners_own(kind: str, fed: list[KnownTrial], seed: int, space: dict[str, Any]) -> Any:
    """KerasTuner's oracle, which has run these trials: its own create_trial and end_trial, only
    that the values are given."""
    import keras_tuner

    classes = {
        "random": keras_tuner.oracles.RandomSearchOracle,
        "bayesian": keras_tuner.oracles.BayesianOptimizationOracle,
    }
    options = common(seed) | {
        "hyperparameters": keras_tuner.HyperParameters.from_config(deepcopy(space))
    }
    oracle = classes[kind](max_trials=1000, **options)
    oracle.verbose = 0
    oracle.save = oracle._save_trial = lambda *_: None
    populate = oracle.populate_space
    for item in fed:
        oracle.populate_space = lambda _id, values=item.values: {
            "status": "RUNNING", "values": dict(values),
        }  # fmt: skip
        trial = oracle.create_trial("tuner0")
        trial.metrics.register("val_accuracy", direction="max")
        trial.metrics.update("val_accuracy", item.score, step=0)
        trial.status = "COMPLETED"
        oracle.end_trial(trial)
    oracle.populate_space = populate
    return oracle
