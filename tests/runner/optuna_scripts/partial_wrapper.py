# dataset: wine
import functools

import optuna
from sklearn.datasets import load_wine
from sklearn.neighbors import KNeighborsClassifier

data = load_wine()
X_train, X_valid = data.data[:120], data.data[120:]
y_train, y_valid = data.target[:120], data.target[120:]


def objective(trial, X_train, y_train, X_valid, y_valid):
    knn = KNeighborsClassifier(
        n_neighbors=trial.suggest_int("n_neighbors", 1, 20),
        weights=trial.suggest_categorical("weights", ["uniform", "distance"]),
    )
    knn.fit(X_train, y_train)
    return knn.score(X_valid, y_valid)


func = functools.partial(
    objective, X_train=X_train, y_train=y_train, X_valid=X_valid, y_valid=y_valid
)
study = optuna.create_study(direction="maximize", sampler=optuna.samplers.RandomSampler(seed=0))
study.optimize(func, n_trials=15)
