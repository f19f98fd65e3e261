"""How much rows count in training, where a project asks for it: by a column of weights, and by
balanced class weights, as if all classes had equally many rows. Scores are computed without
weights."""

from typing import Any

import numpy as np

from tuning.protocol.orders import ProjectOrder


def for_fit(
    project: ProjectOrder, given: dict[str, Any], y: np.ndarray, weights: np.ndarray | None = None
) -> dict[str, Any]:
    """The argument for Keras's `fit` on rows with these targets and `weights`; none where the
    script has weights of its own, which are `given`. Classes are balanced if targets are numbers of
    classes."""
    if {"class_weight", "sample_weight"} & given.keys():
        return {}
    has_classes = y.ndim == 1 and y.dtype.kind in "iu"
    of_classes = balanced(np.asarray(y)) if project.class_weights and has_classes else None
    if weights is None:
        return {"class_weight": of_classes} if of_classes else {}
    if of_classes:
        # Keras takes one of the two.
        labels, place = np.unique(y, return_inverse=True)
        weights = weights * np.array([of_classes[int(label)] for label in labels])[place]
    return {"sample_weight": np.asarray(weights, np.float32)}


def balanced(y: np.ndarray) -> dict[int, float]:
    """A weight for each class: all rows / (classes * its rows). Source: scikit-learn's "balanced"
    (King and Zeng, 2001)."""
    counts = np.bincount(y)
    known = np.flatnonzero(counts)
    return {int(label): len(y) / (len(known) * int(counts[label])) for label in known}


def balance(estimator: Any) -> None:
    """Have all parts of an estimator balance classes that can and do not weigh them already."""
    unset = {
        name: "balanced"
        for name, value in estimator.get_params(deep=True).items()
        if name.rpartition("__")[2] == "class_weight" and value is None
    }
    estimator.set_params(**unset)
