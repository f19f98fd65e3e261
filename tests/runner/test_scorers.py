"""The scorers that the site offers are scikit-learn's, and suit their tasks."""

from typing import Any

import pytest

from tuning.protocol.scorers import scorers_for

# Not offered: they compare clusterings, take several labels a row, or are not defined for an
# estimator that makes no mistake.
LEFT_OUT = {
    "adjusted_mutual_info_score", "adjusted_rand_score", "completeness_score", "f1_samples",
    "fowlkes_mallows_score", "homogeneity_score", "jaccard_samples", "mutual_info_score",
    "neg_negative_likelihood_ratio", "normalized_mutual_info_score", "positive_likelihood_ratio",
    "precision_samples", "rand_score", "recall_samples", "v_measure_score",
}  # fmt: skip


def first_column(x: Any) -> Any:
    return x[:, :1]


TASKS = [("load_wine", 3), ("load_breast_cancer", 2), ("load_diabetes", None)]


def test_every_scorer_is_offered_or_left_out_on_purpose() -> None:
    from sklearn import metrics

    offered = {name for _, classes in TASKS for name in scorers_for(classes)}
    assert offered | LEFT_OUT == set(metrics.get_scorer_names())
    assert not offered & LEFT_OUT


@pytest.mark.tensorflow
@pytest.mark.parametrize(("loader", "classes"), TASKS)
def test_larger_is_better_for_every_scorer_of_a_task(loader: str, classes: int | None) -> None:
    from sklearn import datasets
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler

    from tuning.runner.estimators.building import score_of

    x, y = getattr(datasets, loader)(return_X_y=True)
    if classes:
        good = make_pipeline(StandardScaler(), LogisticRegression()).fit(x, y)
        bad = make_pipeline(FunctionTransformer(first_column), LogisticRegression()).fit(x, y)
    else:
        good, bad = (Ridge(alpha).fit(x, y) for alpha in (0.1, 1e6))
    worse = {
        name
        for name in scorers_for(classes)
        if score_of(good, name, x, y) < score_of(bad, name, x, y)
    }
    assert worse == set()
