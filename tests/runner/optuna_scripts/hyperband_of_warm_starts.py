# dataset: iris
import optuna
from sklearn.datasets import load_iris
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import train_test_split

N_ITER = 9


class Objective:
    def __init__(self, test_size=0.25):
        iris = load_iris()
        self.split = train_test_split(iris.data, iris.target, test_size=test_size, random_state=0)
        self.classes = list(set(iris.target))

    def __call__(self, trial):
        X_train, X_valid, y_train, y_valid = self.split
        clf = SGDClassifier(
            alpha=trial.suggest_float("alpha", 1e-5, 1e-1, log=True),
            loss=trial.suggest_categorical("loss", ["log_loss", "hinge"]),
        )
        for step in range(1, N_ITER + 1):
            clf.partial_fit(X_train, y_train, classes=self.classes)
            trial.report(clf.score(X_valid, y_valid), step)
            if trial.should_prune():
                raise optuna.exceptions.TrialPruned()
        return clf.score(X_valid, y_valid)


if __name__ == "__main__":
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    pruner = optuna.pruners.HyperbandPruner(
        min_resource=1, max_resource=N_ITER, reduction_factor=3, bootstrap_count=1
    )
    study = optuna.create_study(direction="maximize", pruner=pruner)
    objective = Objective(test_size=0.3)
    study.optimize(objective, n_trials=30)
    print(f"Best: {study.best_value}")
