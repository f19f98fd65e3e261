# dataset: wine
import time

import optuna
from optuna.samplers import NSGAIISampler
from optuna.samplers.nsgaii import UniformCrossover
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import cross_validate


def objective(trial, X, y):
    clf = RandomForestClassifier(
        n_estimators=trial.suggest_int("n_estimators", 2, 20),
        max_depth=trial.suggest_int("max_depth", 1, 6),
        max_features=trial.suggest_float("max_features", 0.2, 1.0),
        random_state=0,
    )
    result = cross_validate(clf, X, y, cv=3, scoring=("accuracy", "f1_macro"))
    nodes = sum(tree.tree_.node_count for tree in clf.fit(X, y).estimators_)
    trial.set_user_attr("f1", result["test_f1_macro"].mean())
    return result["test_accuracy"].mean(), nodes


X, y = load_wine(return_X_y=True)
start = time.time()
study = optuna.create_study(
    directions=["maximize", "minimize"],
    sampler=NSGAIISampler(
        population_size=20, mutation_prob=0.1, crossover=UniformCrossover(), swapping_prob=0.4, seed=1
    ),
)
study.set_metric_names(["accuracy", "nodes"])
study.optimize(lambda t: objective(t, X, y), n_trials=100, n_jobs=-1)
print("seconds", time.time() - start)
for trial in study.best_trials:
    print(trial.number, trial.values, trial.params)
