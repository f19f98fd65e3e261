"""What a model may predict, and its traits: one row for each task, which everything else reads.

A dataset has one task (`Dataset.task`, `profile["task"]`). Its targets:

- classification: y of shape (rows,), int64 class numbers; `class_names` and `class_counts` in the
  profile
- regression: y of shape (rows,), float32; of several targets (rows, targets) and `target_names`
- multi-label: y of shape (rows, labels), float32 with 0 and 1; the labels are the `target_names`,
  and `label_counts` counts the rows that have each
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

# Of a dataset. Each is evaluated by itself.
MAX_TARGETS = 200
_MAX_NAMES = 200


class Task(StrEnum):
    """CLASSIFICATION: one of several classes for each row. REGRESSION: a number, or several.
    MULTI_LABEL: any number of labels, also none."""

    CLASSIFICATION = "classification"
    REGRESSION = "regression"
    MULTI_LABEL = "multi-label"

    @property
    def traits(self) -> "TaskTraits":
        return TASKS[self]


@dataclass(frozen=True)
class TaskTraits:
    """
    name: what the database and the profile call it.
    caption: what pages call it.
    explained: the same with a hint, for a list to choose from.
    has_classes: each row has one class, and the profile counts them.
    has_labels: each row has any number of labels: y has a column for each.
    stratified: a split keeps the shares of the classes or labels.
    estimator: scikit-learn's type of estimator for it, and what its targets are called.
    objectives: metrics of networks to compare trials by, the first that a template reports.
    objectives_of_several: the same where there are several targets.
    scorers: scikit-learn's scorers that everybody knows, by the names that pages show.
    score, importance: the score that an estimator's own `score` gives, and the one that permutation
        importance uses, as evaluations call them.
    same_scores: names of metrics that mean a score of the evaluation.
    """

    name: Task
    caption: str
    explained: str
    estimator: str
    targets: str
    objectives: tuple[str, ...]
    scorers: dict[str, str]
    importance: str
    same_scores: dict[str, str] = field(default_factory=dict)
    objectives_of_several: tuple[str, ...] = ()
    has_classes: bool = False
    has_labels: bool = False
    stratified: bool = False

    def objectives_for(self, targets: int) -> tuple[str, ...]:
        """`targets`: how many a row has."""
        several = self.objectives_of_several if targets > 1 else ()
        return several or self.objectives


TASKS = {
    traits.name: traits
    for traits in (
        TaskTraits(
            Task.CLASSIFICATION, "Classification", "Classification: predict a class",
            estimator="classifier", targets="classes",
            objectives=("val_accuracy", "val_loss"),
            scorers={"accuracy": "accuracy"}, importance="accuracy",
            same_scores={
                "score": "accuracy", "sparse_categorical_accuracy": "accuracy",
                "categorical_accuracy": "accuracy", "binary_accuracy": "accuracy",
            },
            has_classes=True, stratified=True,
        ),
        TaskTraits(
            Task.REGRESSION, "Regression", "Regression: predict one or more numbers",
            estimator="regressor", targets="numbers to predict",
            objectives=("val_mean_absolute_error", "val_loss"),
            scorers={"r2": "r2", "mean_absolute_error": "neg_mean_absolute_error"},
            importance="r2", same_scores={"score": "r2", "r2_score": "r2"},
            # Errors of targets with different units do not add up.
            objectives_of_several=("val_r2_score", "val_loss", "val_mean_absolute_error"),
        ),
        TaskTraits(
            Task.MULTI_LABEL, "Multi-label classification",
            "Multi-label: predict any number of labels",
            estimator="classifier", targets="labels",
            # Not accuracy: of several outputs, Keras compares only the largest one.
            objectives=("val_auc", "val_binary_accuracy", "val_f1_score", "val_loss"),
            scorers={"exact_match": "accuracy", "f1_macro": "f1_macro"}, importance="f1_macro",
            same_scores={
                "score": "exact_match", "accuracy": "exact_match",
                "binary_accuracy": "label_accuracy",
            },
            has_labels=True, stratified=True,
        ),
    )
}  # fmt: skip


def task_choices() -> list[tuple[str, str]]:
    """For a database field, whose migrations then need not know every task."""
    return [(str(traits.name), traits.caption) for traits in TASKS.values()]


def explained_choices() -> list[tuple[str, str]]:
    """For a form."""
    return [(str(traits.name), traits.explained) for traits in TASKS.values()]


def target_names(profile: Mapping[str, Any]) -> list[str]:
    """The names of the targets or labels, in the order of y's columns; one for classes."""
    return list(profile.get("target_names") or [profile.get("target_name") or "target"])


def output_units(profile: Mapping[str, Any]) -> int:
    """How many outputs a network needs: one for each class, label or number."""
    return int(profile.get("num_classes") or len(target_names(profile)))


def joined_names(names: list[str]) -> str:
    """The names of several targets as one text."""
    text = ", ".join(names)
    return text if len(text) <= _MAX_NAMES else f"{text[: _MAX_NAMES - 1]}…"
