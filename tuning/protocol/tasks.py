"""What a model may predict, and its traits: one row for each task, which everything else reads.

A dataset has one task (`Dataset.task`, `profile["task"]`). Its targets:

- classification: y of shape (rows,), int64 class numbers; `class_names` and `class_counts` in the
  profile
- regression: y of shape (rows,), float32
"""

from dataclasses import dataclass, field
from enum import StrEnum


class Task(StrEnum):
    """CLASSIFICATION: one of several classes for each row. REGRESSION: a number."""

    CLASSIFICATION = "classification"
    REGRESSION = "regression"

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
    stratified: a split keeps the shares of the classes.
    estimator: scikit-learn's type of estimator for it, and what its targets are called.
    objectives: metrics of networks to compare trials by, the first that a template reports.
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
    has_classes: bool = False
    stratified: bool = False


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
            Task.REGRESSION, "Regression", "Regression: predict a number",
            estimator="regressor", targets="numbers to predict",
            objectives=("val_mean_absolute_error", "val_loss"),
            scorers={"r2": "r2", "mean_absolute_error": "neg_mean_absolute_error"},
            importance="r2", same_scores={"score": "r2", "r2_score": "r2"},
        ),
    )
}  # fmt: skip


def task_choices() -> list[tuple[str, str]]:
    """For a database field, whose migrations then need not know every task."""
    return [(str(traits.name), traits.caption) for traits in TASKS.values()]


def explained_choices() -> list[tuple[str, str]]:
    """For a form."""
    return [(str(traits.name), traits.explained) for traits in TASKS.values()]
