# dataset: iris
import optuna
from sklearn.datasets import load_iris
from sklearn.neighbors import KNeighborsClassifier
from sklearn.model_selection import cross_val_score


def evaluate(trial):
    X, y = load_iris(return_X_y=True)
    model = KNeighborsClassifier(
        n_neighbors=trial.suggest_int("n_neighbors", 1, 15, step=2),
        weights=trial.suggest_categorical("weights", ["uniform", "distance"]),
    )
    return cross_val_score(model, X, y, cv=3).mean()


study = optuna.create_study(direction="maximize", sampler=optuna.samplers.GPSampler(seed=4))
for _ in range(25):
    trial = study.ask()
    study.tell(trial, evaluate(trial))
