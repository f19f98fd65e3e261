# tune: --dataset breast-cancer --folds 5
"""A cross-validated pipeline of scikit-learn: 646 configurations, two estimators."""

import keras_tuner as kt
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC


def build_model(hp: kt.HyperParameters):
    if hp.Choice("estimator", ["svm", "trees"]) == "svm":
        with hp.conditional_scope("estimator", ["svm"]):
            powers = [10.0**power for power in range(-3, 4)]
            machine = SVC(
                C=hp.Choice("C", [factor * power for power in powers for factor in (1.0, 3.0)]),
                gamma=hp.Choice("gamma", [10.0**power for power in range(-5, 2)]),
                kernel=hp.Choice("kernel", ["rbf", "poly", "sigmoid"]),
            )
        return make_pipeline(StandardScaler(), machine)
    with hp.conditional_scope("estimator", ["trees"]):
        return ExtraTreesClassifier(
            n_estimators=hp.Choice("n_estimators", [5, 10, 20, 40]),
            max_depth=hp.Int("max_depth", 2, 12, step=1),
            min_samples_leaf=hp.Int("min_samples_leaf", 1, 8, step=1),
            random_state=0,
        )
