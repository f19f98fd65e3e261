# dataset: diabetes
import numpy as np
import optuna
from optuna.pruners import WilcoxonPruner
from optuna.samplers import CmaEsSampler
from sklearn.datasets import load_diabetes
from sklearn.metrics import mean_squared_error
from sklearn.model_selection import KFold
from sklearn.svm import SVR

X, y = load_diabetes(return_X_y=True)
SOURCE_TRIALS = None
kf = KFold(n_splits=4, shuffle=True, random_state=0)


def objective(trial):
    C = trial.suggest_float("C", 1e-1, 1e3, log=True)
    epsilon = trial.suggest_float("epsilon", 1e-2, 1.0, log=True)
    scores = []
    for fold, (train_index, valid_index) in enumerate(kf.split(X)):
        model = SVR(C=C, epsilon=epsilon)
        model.fit(X[train_index], y[train_index])
        mse = mean_squared_error(y[valid_index], model.predict(X[valid_index]))
        scores.append(mse)
        trial.report(mse, fold)
        if trial.should_prune():
            return np.mean(scores)
    return np.mean(scores)


study = optuna.create_study(
    direction="minimize",
    sampler=CmaEsSampler(seed=3, n_startup_trials=8, popsize=6, source_trials=SOURCE_TRIALS),
    pruner=WilcoxonPruner(p_threshold=0.05, n_startup_steps=3),
)
study.optimize(objective, n_trials=50, catch=(ValueError,))
