"""Balanced class weights, where a project asks for them: rows of rare classes count more in
training, as if all classes had equally many rows. Scores are computed without weights."""

from typing import Any

import numpy as np

from tuning.protocol.orders import ProjectOrder


def for_fit(project: ProjectOrder, given: dict[str, Any], y: np.ndarray) -> dict[str, Any]:
    """The argument for Keras's `fit` on rows with these targets; none where the script has weights
    of its own, which are `given`, or where targets are no class numbers."""
    has_own = {"class_weight", "sample_weight"} & given.keys()
    if not project.class_weights or has_own or y.ndim != 1 or y.dtype.kind not in "iu":
        return {}
    return {"class_weight": balanced(np.asarray(y))}


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
