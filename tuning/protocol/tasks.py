"""What a model may predict, and its traits: one row for each task, which everything else reads.

A dataset has one task (`Dataset.task`, `profile["task"]`). Its targets:

- classification: y of shape (rows,), int64 class numbers; `class_names` and `class_counts` in the
  profile
- regression: y of shape (rows,), float32; of several targets (rows, targets) and `target_names`
- multi-label: y of shape (rows, labels), float32 with 0 and 1; the labels are the `target_names`,
  and `label_counts` counts the rows that have each
- reconstruction: y of shape (rows,), zeros that nobody reads: the target of a row is its input as
  the model gets it (`runner/inputs/data.py`). A project may choose it for any dataset that may have
  it; the dataset's own targets are then not used (`without_targets`)
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import prod
from typing import Any

# Of a dataset. Each is evaluated by itself.
MAX_TARGETS = 200
_MAX_NAMES = 200


class Task(StrEnum):
    """CLASSIFICATION: one of several classes for each row. REGRESSION: a number, or several.
    MULTI_LABEL: any number of labels, also none. RECONSTRUCTION: the input itself."""

    CLASSIFICATION = "classification"
    REGRESSION = "regression"
    MULTI_LABEL = "multi-label"
    RECONSTRUCTION = "reconstruction"

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
    reconstructs: the target is the input.
    estimator: scikit-learn's type of estimator for it, if there is one, and what its targets are
        called.
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
    reconstructs: bool = False

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
        TaskTraits(
            Task.RECONSTRUCTION, "Reconstruction",
            "Reconstruction: reproduce the input (autoencoder, no target)",
            estimator="", targets="inputs",
            objectives=("val_loss", "val_mean_squared_error", "val_mean_absolute_error"),
            scorers={}, importance="", same_scores={}, reconstructs=True,
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


def reconstructs(profile: Mapping[str, Any]) -> bool:
    """Whether the target of a row is its input."""
    task = profile.get("task")
    return task in TASKS and TASKS[Task(task)].reconstructs


def without_targets(profile: Mapping[str, Any]) -> dict[str, Any]:
    """The profile of the same rows for a reconstruction."""
    facts = {name: value for name, value in profile.items() if name not in _OF_TARGETS}
    return {**facts, "task": str(Task.RECONSTRUCTION), "num_classes": None}


# What a profile says of targets.
_OF_TARGETS = frozenset({
    "target_name", "target_names", "target_histogram", "target_histograms", "class_names",
    "class_counts", "label_counts", "train_class_counts", "head_targets",
})  # fmt: skip


def output_units(profile: Mapping[str, Any]) -> int:
    """How many outputs a network needs: one for each class, label or number, or for each value of
    an input that it reconstructs."""
    if reconstructs(profile):
        return prod(profile.get("input_shape") or [1])
    return int(profile.get("num_classes") or len(target_names(profile)))


def joined_names(names: list[str]) -> str:
    """The names of several targets as one text."""
    text = ", ".join(names)
    return text if len(text) <= _MAX_NAMES else f"{text[: _MAX_NAMES - 1]}…"
