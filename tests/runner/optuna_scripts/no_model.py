# dataset: iris
import optuna


def objective(trial):
    x = trial.suggest_float("x", -10, 10)
    y = trial.suggest_int("y", 0, 5)
    return (x - 2) ** 2 + y


study = optuna.create_study()
study.optimize(objective, n_trials=100)
print(study.best_params)
