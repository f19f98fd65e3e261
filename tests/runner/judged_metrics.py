"""Which way a metric improves, by computing it: of a good prediction and of a bad one."""

from collections.abc import Callable
from typing import Any

import numpy as np

LABELS = np.array([0, 1, 2, 1, 0, 2])
ONE_HOT = np.eye(3, dtype="float32")[LABELS]
WRONG = np.eye(3, dtype="float32")[(LABELS + 1) % 3]
AMOUNTS = np.array([[1.0], [2.0], [3.0], [4.0], [5.0], [7.0]], "float32")
SIGNS = np.array([-1.0, 1.0, 1.0, -1.0, 1.0, -1.0], "float32")
BINARY = (SIGNS + 1) / 2
# What is predicted -> (targets, a good prediction, a bad one).
ROWS: dict[str, tuple[Any, Any, Any]] = {
    "binary": (BINARY, 0.5 + 0.3 * SIGNS, 0.5 - 0.3 * SIGNS * [1, 1, 0, 1, 1, 1]),
    "signs": (SIGNS, 0.8 * SIGNS, -0.5 * SIGNS),
    "onehot": (ONE_HOT, 0.7 * ONE_HOT + 0.1, 0.7 * WRONG + 0.1),
    "sparse": (LABELS, 0.7 * ONE_HOT + 0.1, 0.7 * WRONG + 0.1),
    "labels": (LABELS, LABELS, (LABELS + 1) % 3),
    # Amounts that a correlation and a logarithm can judge as well.
    "amounts": (AMOUNTS, AMOUNTS + [[0.1], [-0.1]] * 3, 8 - AMOUNTS),
    # One row of several: a direction in space.
    "vectors": (AMOUNTS.T, AMOUNTS.T + 0.1, 8 - AMOUNTS.T),
}
_BY_NAME = {
    "labels": ("Accuracy", "IoU", "MeanIoU"),
    "onehot": ("F1Score", "FBetaScore", "KLDivergence", "kl_divergence", "OneHotIoU",
               "OneHotMeanIoU", "dice", "tversky"),
    "vectors": ("CosineSimilarity", "cosine_similarity", "PearsonCorrelation",
                "pearson_correlation", "ConcordanceCorrelation", "concordance_correlation"),
    "binary": ("AUC",),
    "sparse": ("categorical_generalized_cross_entropy",),
}  # fmt: skip
_BY_PART = (
    ("sparse", "sparse"), ("categorical", "onehot"), ("hinge", "signs"), ("binary", "binary"),
    ("precision", "binary"), ("recall", "binary"), ("positive", "binary"), ("negative", "binary"),
    ("specificity", "binary"),
)  # fmt: skip


def rows_for(name: str) -> tuple[Any, Any, Any]:
    kind = next((kind for kind, names in _BY_NAME.items() if name in names), "")
    kind = kind or next((k for part, k in _BY_PART if part in name.lower()), "amounts")
    return ROWS[kind]


def judged(name: str, score: Callable[[Any, Any], Any]) -> str:
    """ "max" or "min"; "" if both predictions score alike."""
    targets, good, bad = rows_for(name)
    better, worse = (float(np.mean(np.asarray(score(targets, p)))) for p in (good, bad))
    if better == worse or not np.isfinite([better, worse]).all():
        return ""
    return "max" if better > worse else "min"
