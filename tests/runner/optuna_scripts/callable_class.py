# dataset: breast-cancer
import optuna
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


class Objective:
    def __init__(self, data, target):
        # Hold this implementation specific arguments as the fields of the class.
        self.data = data
        self.target = target

    def __call__(self, trial):
        X_train, X_val, y_train, y_val = train_test_split(self.data, self.target, test_size=0.25)
        C = trial.suggest_float("C", 1e-3, 1e3, log=True)
        solver = trial.suggest_categorical("solver", ["lbfgs", "liblinear"])
        model = make_pipeline(
            StandardScaler(), LogisticRegression(C=C, solver=solver, max_iter=200)
        )
        model.fit(X_train, y_train)
        return model.score(X_val, y_val)


def main():
    X, y = load_breast_cancer(return_X_y=True)
    study = optuna.create_study(
        direction="maximize", study_name="breast-cancer", storage="sqlite:///example.db"
    )
    study.optimize(Objective(X, y), n_trials=50, n_jobs=2)
    print(f"The best value is {study.best_value}")


if __name__ == "__main__":
    main()
