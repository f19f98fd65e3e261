"""Which way a metric improves, decided by its name as KerasTuner does."""

# Keras metrics that are better when larger; every other metric or loss is better when smaller.
_MAXIMISED = (
    "acc",
    "accuracy",
    "auc",
    "precision",
    "recall",
    "f1_score",
    "fbeta_score",
    "r2_score",
    "iou",
    "mean_io_u",
    "one_hot_iou",
    "binary_io_u",
    "cosine_similarity",
    "true_positives",
    "true_negatives",
    "sensitivity_at_specificity",
    "specificity_at_sensitivity",
    "precision_at_recall",
    "recall_at_precision",
)


def infer_direction(metric: str) -> str:
    """Return "max" or "min" for a metric's name, with or without its `val_` prefix."""
    name = metric.removeprefix("val_").removeprefix("weighted_").lower()
    # A second metric of one kind gets a number: auc_1.
    head, _, tail = name.rpartition("_")
    if head and tail.isdigit():
        name = head
    return "max" if name in _MAXIMISED or name.endswith("accuracy") else "min"


def is_better(score: float, than: float | None, direction: str) -> bool:
    """Whether `score` beats `than`; anything beats None."""
    if than is None:
        return True
    return score > than if direction == "max" else score < than
