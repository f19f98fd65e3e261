"""Predictions on the test rows: class numbers and probabilities, or numbers."""

from dataclasses import dataclass

import numpy as np


class NotEvaluable(Exception):
    """Nothing can be said about the model; the text is one sentence for people."""


@dataclass(frozen=True)
class Predictions:
    """`actual` and `predicted` have the shape (rows,). `scores` has a column for each class: the
    larger, the likelier; `probabilities`: whether each of its rows adds up to 1."""

    actual: np.ndarray
    predicted: np.ndarray
    scores: np.ndarray | None = None
    probabilities: bool = False

    @property
    def confidence(self) -> np.ndarray:
        """The score of the predicted class; NaN without scores."""
        if self.scores is None:
            return np.full(len(self.actual), np.nan)
        return np.asarray(self.scores[np.arange(len(self.predicted)), self.predicted], np.float64)
