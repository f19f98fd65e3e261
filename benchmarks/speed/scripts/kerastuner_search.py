"""A KerasTuner script: alone, or one of two workers of KerasTuner's own chief, or that chief.

Its folder has settings.json, rows.npz, builder.py and configurations.json. It prints when its
search began and ended, as JSON lines.
"""

import json
import sys
import time
from pathlib import Path

sys.path.insert(0, ".")

import keras_tuner as kt
import numpy as np
from builder import build_model

SETTINGS = json.loads(Path("settings.json").read_text())
CONFIGURATIONS = json.loads(Path("configurations.json").read_text())


class Listed(kt.oracles.RandomSearchOracle):
    """Random search whose random configurations are those that all programs train."""

    def populate_space(self, trial_id):
        number = int(trial_id)
        if number >= len(CONFIGURATIONS):
            return {"status": "STOPPED", "values": None}
        values = self.get_space().values | CONFIGURATIONS[number]
        return {"status": "RUNNING", "values": values}


def make_tuner():
    folder = {"directory": "tuner", "project_name": "search"}
    objective = kt.Objective(SETTINGS["objective"], "max")
    if SETTINGS["hyperband"]:
        return kt.Hyperband(
            build_model, objective=objective, max_epochs=SETTINGS["epochs"],
            seed=SETTINGS["seed"], **folder,
        )  # fmt: skip
    oracle = Listed(objective=objective, max_trials=SETTINGS["trials"], seed=SETTINGS["seed"])
    if SETTINGS["folds"]:
        from sklearn.model_selection import StratifiedKFold

        folds = StratifiedKFold(SETTINGS["folds"], shuffle=True, random_state=0)
        return kt.SklearnTuner(oracle=oracle, hypermodel=build_model, cv=folds, **folder)
    return kt.Tuner(
        oracle=oracle,
        hypermodel=build_model,
        executions_per_trial=SETTINGS["executions"],
        **folder,
    )


def search(tuner):
    rows = np.load("rows.npz")
    train, validation = [(rows[f"x_{part}"], rows[f"y_{part}"]) for part in ("train", "validation")]
    tell(event="search")
    if SETTINGS["folds"]:
        both = [np.concatenate(parts) for parts in zip(train, validation, strict=True)]
        tuner.search(*both)
    else:
        tuner.search(
            *train, validation_data=validation, epochs=SETTINGS["epochs"],
            batch_size=SETTINGS["batch_size"], verbose=0,
        )  # fmt: skip
    ended = time.time()
    trials = tuner.oracle.get_best_trials(1000)
    tell(
        event="end", time=ended, best=trials[0].score, trials=len(trials), epochs=epochs_of(trials)
    )


def epochs_of(trials):
    if SETTINGS["folds"]:
        return len(trials) * SETTINGS["folds"]
    if not SETTINGS["hyperband"]:
        return len(trials) * SETTINGS["epochs"] * SETTINGS["executions"]
    values = [trial.hyperparameters.values for trial in trials]
    return sum(each["tuner/epochs"] - each["tuner/initial_epoch"] for each in values)


def tell(**event):
    print(json.dumps({"time": time.time(), **event}), flush=True)


# KerasTuner's chief stays in this call until it is ended.
search(make_tuner())
