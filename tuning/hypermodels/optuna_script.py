"""An Optuna script for tables: it chooses between three kinds of scikit-learn models, each with
hyperparameters of its own. Tuneroom supplies the data and runs the trials; `python
optuna_script.py` runs it elsewhere."""

import optuna
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

X, y = load_breast_cancer(return_X_y=True)
X_train, X_val, y_train, y_val = train_test_split(X, y, test_size=0.2, random_state=0)


def make_model(trial):
    """A model of the kind that the trial has chosen."""
    # Class numbers are whole, amounts are not.
    regression = y_train.dtype.kind == "f"
    kind = trial.suggest_categorical("kind", ["forest", "extra_trees", "neighbours"])
    if kind == "neighbours":
        neighbours = KNeighborsRegressor if regression else KNeighborsClassifier
        return neighbours(
            n_neighbors=trial.suggest_int("n_neighbors", 1, 30),
            weights=trial.suggest_categorical("weights", ["uniform", "distance"]),
        )
    if kind == "forest":
        trees = RandomForestRegressor if regression else RandomForestClassifier
    else:
        trees = ExtraTreesRegressor if regression else ExtraTreesClassifier
    return trees(
        n_estimators=trial.suggest_int("n_estimators", 10, 200, log=True),
        max_depth=trial.suggest_int("max_depth", 2, 16),
        max_features=trial.suggest_float("max_features", 0.1, 1.0),
        random_state=0,
    )


def objective(trial):
    """Accuracy on the validation rows; for amounts the share of variance explained."""
    model = make_model(trial)
    model.fit(X_train, y_train)
    return model.score(X_val, y_val)


if __name__ == "__main__":
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=1))
    study.optimize(objective, n_trials=30)
    print(study.best_params)
