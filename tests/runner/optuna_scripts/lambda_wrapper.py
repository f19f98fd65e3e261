# dataset: diabetes
from functools import partial

import numpy as np
import optuna
import pandas as pd
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.metrics import mean_squared_error
from sklearn.model_selection import KFold, train_test_split

df = pd.read_csv("diabetes.csv")
X = df.drop(columns="target")
y = df["target"]
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2)


def tune_gbm(trial, X, y, n_splits=3):
    params = {
        "n_estimators": trial.suggest_int("n_estimators", 10, 30, step=10),
        "max_depth": trial.suggest_categorical("max_depth", [None, 2, 3]),
        "learning_rate": trial.suggest_float("learning_rate", 0.01, 0.3, log=True),
        "loss": trial.suggest_categorical("loss", ["squared_error", "absolute_error"]),
    }
    scores = []
    X, y = np.asarray(X), np.asarray(y)
    for train_idx, val_idx in KFold(n_splits=n_splits, shuffle=True, random_state=1).split(X):
        X_tr, X_va = X[train_idx], X[val_idx]
        y_tr, y_va = y[train_idx], y[val_idx]
        model = GradientBoostingRegressor(**params)
        model.fit(X_tr, y_tr)
        scores.append(mean_squared_error(y_va, model.predict(X_va)) ** 0.5)
    return np.mean(scores)


study = optuna.create_study(direction="minimize")
study.optimize(lambda trial: tune_gbm(trial, X_train, y_train), n_trials=25)
# study.optimize(partial(tune_gbm, X=X_train, y=y_train), n_trials=25)

best = GradientBoostingRegressor(**study.best_params).fit(X_train, y_train)
print(best.score(X_test, y_test))
