"""Names of scikit-learn's functions and scorers: what they compute agrees with what we know."""

from typing import Any

import numpy as np
import pytest
from sklearn import metrics
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression

from tuning.protocol.objectives import infer_direction
from tuning.protocol.scorers import scorers_for

from .judged_metrics import judged

Y = np.array([0, 1, 1, 0, 1, 0, 1, 1])
SCORES = {
    "good": np.array([0.1, 0.9, 0.8, 0.2, 0.4, 0.3, 0.7, 0.6]),
    "bad": np.array([0.9, 0.2, 0.6, 0.7, 0.4, 0.8, 0.1, 0.3]),
}
CLASSES = """accuracy_score balanced_accuracy_score cohen_kappa_score f1_score hamming_loss
    jaccard_score matthews_corrcoef precision_score recall_score zero_one_loss"""
PROBABILITIES = "average_precision_score brier_score_loss log_loss roc_auc_score"
AMOUNTS = """d2_absolute_error_score explained_variance_score max_error mean_absolute_error
    mean_absolute_percentage_error mean_gamma_deviance mean_poisson_deviance mean_squared_error
    mean_squared_log_error median_absolute_error r2_score root_mean_squared_error
    root_mean_squared_log_error"""


def _better(function: Any, rounded: bool) -> str:
    good, bad = (SCORES[which] > 0.5 if rounded else SCORES[which] for which in ("good", "bad"))
    return "max" if function(Y, good) > function(Y, bad) else "min"


@pytest.mark.parametrize("name", (CLASSES + " " + PROBABILITIES).split())
def test_a_function_of_classes(name: str) -> None:
    computed = _better(getattr(metrics, name), rounded=name in CLASSES.split())
    assert infer_direction(f"val_{name}") == computed


@pytest.mark.parametrize("name", AMOUNTS.split())
def test_a_function_of_amounts(name: str) -> None:
    assert infer_direction(f"val_{name}") == judged("amounts", getattr(metrics, name))


@pytest.mark.parametrize("name", [n for n in scorers_for(2) if n])
def test_a_scorer_of_classes_is_better_when_higher(name: str) -> None:
    x = np.linspace(0, 1, 60).reshape(-1, 1)
    y = (x.ravel() > 0.45).astype(int)
    good, bad = LogisticRegression().fit(x, y), DummyClassifier(strategy="uniform", random_state=0)
    scorer = metrics.get_scorer(name)
    assert scorer(good, x, y) > scorer(bad.fit(x, y), x, y)


@pytest.mark.parametrize("name", [n for n in scorers_for(None) if n])
def test_a_scorer_of_amounts_is_better_when_higher(name: str) -> None:
    x = np.linspace(1, 2, 40).reshape(-1, 1)
    y = x.ravel() * 3
    scorer = metrics.get_scorer(name)
    assert scorer(LinearRegression().fit(x, y), x, y) > scorer(DummyRegressor().fit(x, y), x, y)
