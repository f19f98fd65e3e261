# dataset: breast-cancer
"""Hyperparameter search for the breast cancer data. Resumes from the SQLite file if it exists."""

import argparse
import logging

import numpy as np
import optuna
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

logging.basicConfig(level=logging.INFO)
logger = logging.getLogger(__name__)


def objective(trial: optuna.Trial) -> float:
    X, y = load_breast_cancer(return_X_y=True)
    params = {
        "C": trial.suggest_float("C", 1e-3, 1e3, log=True),
        "kernel": trial.suggest_categorical("kernel", ["linear", "rbf", "poly"]),
    }
    if params["kernel"] != "linear":
        params["gamma"] = trial.suggest_float("gamma", 1e-5, 1e1, log=True)
    if params["kernel"] == "poly":
        params["degree"] = trial.suggest_int("degree", 2, 4)
    model = make_pipeline(StandardScaler(), SVC(**params))
    cv = StratifiedKFold(n_splits=3, shuffle=True, random_state=42)
    scores = cross_val_score(model, X, y, cv=cv, scoring="roc_auc", n_jobs=-1)
    trial.set_user_attr("std", float(np.std(scores)))
    return scores.mean()


def log_best(study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
    logger.info("best so far: %.4f", study.best_value)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--n-trials", type=int, default=60)
    parser.add_argument("--storage", default="sqlite:///svc.db")
    args = parser.parse_args()

    study = optuna.create_study(
        study_name="svc",
        storage=args.storage,
        load_if_exists=True,
        direction="maximize",
        sampler=optuna.samplers.TPESampler(
            n_startup_trials=15, multivariate=True, group=True, constant_liar=True, seed=0,
            gamma=lambda n: min(int(np.ceil(0.1 * n)), 25),
        ),
    )
    study.enqueue_trial({"C": 1.0, "kernel": "rbf", "gamma": 0.03})
    study.optimize(objective, n_trials=args.n_trials, callbacks=[log_best], gc_after_trial=True)

    print(study.best_trial)
    df = study.trials_dataframe()
    df.to_csv("trials.csv")


if __name__ == "__main__":
    main()
