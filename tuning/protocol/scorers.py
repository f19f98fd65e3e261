"""scikit-learn's named scorers, by the task that they suit. The site offers them without importing
scikit-learn. Of every one of them, larger is better."""

import statistics
from collections.abc import Mapping
from typing import Any

from .tasks import Task, target_names

# What KerasTuner's SklearnTuner calls its objective, whichever scorer makes it, and its spread.
SCORE = "score"
SCORE_SPREAD = "score_std"

_ALL_CLASSES = (
    "accuracy", "balanced_accuracy", "d2_brier_score", "d2_log_loss_score", "f1_macro", "f1_micro",
    "f1_weighted", "jaccard_macro", "jaccard_micro", "jaccard_weighted", "matthews_corrcoef",
    "neg_brier_score", "neg_log_loss", "precision_macro", "precision_micro", "precision_weighted",
    "recall_macro", "recall_micro", "recall_weighted", "roc_auc_ovo", "roc_auc_ovo_weighted",
    "roc_auc_ovr", "roc_auc_ovr_weighted",
)  # fmt: skip
# They judge how well the second of two classes is found.
_TWO_CLASSES = ("average_precision", "f1", "jaccard", "precision", "recall", "roc_auc")
_MANY_CLASSES = ("top_k_accuracy",)
_NUMBERS = (
    "d2_absolute_error_score", "explained_variance", "neg_max_error", "neg_mean_absolute_error",
    "neg_mean_absolute_percentage_error", "neg_mean_gamma_deviance", "neg_mean_poisson_deviance",
    "neg_mean_squared_error", "neg_mean_squared_log_error", "neg_median_absolute_error",
    "neg_root_mean_squared_error", "neg_root_mean_squared_log_error", "r2",
)  # fmt: skip
# Of several targets they are the mean; the others take one only.
_SEVERAL_NUMBERS = (
    "d2_absolute_error_score", "explained_variance", "neg_mean_absolute_error",
    "neg_mean_absolute_percentage_error", "neg_mean_squared_error", "neg_mean_squared_log_error",
    "neg_median_absolute_error", "neg_root_mean_squared_error",
    "neg_root_mean_squared_log_error", "r2",
)  # fmt: skip
# Accuracy is the share of rows with all labels right.
_LABELS = (
    "accuracy", "average_precision", "f1_macro", "f1_micro", "f1_samples", "f1_weighted",
    "jaccard_macro", "jaccard_micro", "jaccard_samples", "jaccard_weighted", "precision_macro",
    "precision_micro", "precision_samples", "precision_weighted", "recall_macro", "recall_micro",
    "recall_samples", "recall_weighted", "roc_auc",
)  # fmt: skip


def scorers_of(profile: Mapping[str, Any]) -> list[str]:
    """The names that suit the targets of a prepared dataset, sorted."""
    task = profile.get("task")
    if task and Task(task).traits.has_labels:
        return sorted(_LABELS)
    if profile.get("num_classes") is None and len(target_names(profile)) > 1:
        return sorted(_SEVERAL_NUMBERS)
    return scorers_for(profile.get("num_classes"))


def scorers_for(num_classes: int | None) -> list[str]:
    """The names that suit one target with so many classes (None: a number), sorted."""
    if num_classes is None:
        return sorted(_NUMBERS)
    return sorted(_ALL_CLASSES + (_TWO_CLASSES if num_classes == 2 else _MANY_CLASSES))


def spread_of(scores: list[float], objective: str = SCORE) -> dict[str, float]:
    """The metric that says how far the scores of the folds are apart: their sample standard
    deviation."""
    return {f"{objective}_std": statistics.stdev(scores)}
