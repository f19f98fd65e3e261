"""An Optuna script, of which two processes share one storage: a journal in a file.

Its folder has settings.json, rows.npz, builder.py and configurations.json. It prints when its
search began and ended, as JSON lines.
"""

import contextlib
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, ".")

import numpy as np
import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

SETTINGS = json.loads(Path("settings.json").read_text())
CONFIGURATIONS = json.loads(Path("configurations.json").read_text())


class Asked:
    """What a builder asks of KerasTuner's `hp`, asked of a trial of Optuna's."""

    def __init__(self, trial):
        self.trial = trial

    def Int(self, name, low, high, step=1, default=None):  # noqa: N802  KerasTuner's
        return self.trial.suggest_int(name, low, high, step=step)

    def Float(self, name, low, high, step=None, sampling=None, default=None):  # noqa: N802
        return self.trial.suggest_float(name, low, high, step=step, log=sampling == "log")

    def Choice(self, name, values):  # noqa: N802
        return self.trial.suggest_categorical(name, values)

    def conditional_scope(self, *_):
        return contextlib.nullcontext()


def make_study():
    pruner = optuna.pruners.NopPruner()
    if SETTINGS["hyperband"]:
        pruner = optuna.pruners.HyperbandPruner(1, SETTINGS["epochs"], reduction_factor=3)
    return optuna.create_study(
        storage=JournalStorage(JournalFileBackend("journal.log")), study_name="search",
        sampler=optuna.samplers.RandomSampler(), pruner=pruner, direction="maximize",
        load_if_exists=True,
    )  # fmt: skip


def objective(trial):
    if is_over(trial):
        trial.study.stop()
        raise optuna.TrialPruned
    scores = [score_of(trial) for _ in range(SETTINGS["executions"])]
    return float(np.mean(scores))


def is_over(trial):
    """Whether the search has had its trials; under Hyperband, as many epochs as KerasTuner's."""
    if SETTINGS["hyperband"]:
        return epochs_of(trial.study.get_trials(deepcopy=False)) >= SETTINGS["all_epochs"]
    return trial.number >= SETTINGS["trials"]


def score_of(trial):
    built = build_model(Asked(trial))
    if SETTINGS["folds"]:
        return cross_validated(built)
    import keras

    class Reports(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs):
            trial.report(logs[SETTINGS["objective"]], epoch)
            if trial.should_prune():
                raise optuna.TrialPruned

    history = built.fit(
        *TRAIN, validation_data=VALIDATION, epochs=SETTINGS["epochs"],
        batch_size=SETTINGS["batch_size"], verbose=0,
        callbacks=[Reports()] if SETTINGS["hyperband"] else [],
    )  # fmt: skip
    return max(history.history[SETTINGS["objective"]])


def cross_validated(estimator):
    from sklearn.model_selection import StratifiedKFold, cross_val_score

    x, y = (np.concatenate(parts) for parts in zip(TRAIN, VALIDATION, strict=True))
    folds = StratifiedKFold(SETTINGS["folds"], shuffle=True, random_state=0)
    return cross_val_score(estimator, x, y, cv=folds).mean()


def epochs_of(trials):
    if SETTINGS["hyperband"]:
        return sum(len(trial.intermediate_values) for trial in trials)
    return len(trials) * (SETTINGS["folds"] or SETTINGS["epochs"] * SETTINGS["executions"])


def tell(**event):
    print(json.dumps({"time": time.time(), **event}), flush=True)


def with_all_configurations(study):
    """The first process hands them in before it imports what takes seconds."""
    while len(study.get_trials(deepcopy=False)) < len(CONFIGURATIONS):
        time.sleep(0.05)
    return study


optuna.logging.set_verbosity(optuna.logging.WARNING)
study = make_study()
if sys.argv[1:] == ["first"]:
    for configuration in CONFIGURATIONS:
        study.enqueue_trial(configuration)

from builder import build_model  # noqa: E402

rows = np.load("rows.npz")
TRAIN, VALIDATION = [(rows[f"x_{part}"], rows[f"y_{part}"]) for part in ("train", "validation")]
tell(event="search")
with_all_configurations(study).optimize(objective)
ended = time.time()
trials = [trial for trial in study.get_trials() if trial.params]
tell(event="end", time=ended, best=study.best_value, trials=len(trials), epochs=epochs_of(trials))
