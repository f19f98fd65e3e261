"""Predictions on the test rows: class numbers and probabilities, labels, or numbers."""

from dataclasses import dataclass

import numpy as np


class NotEvaluable(Exception):
    """Nothing can be said about the model; the text is one sentence for people."""


@dataclass(frozen=True)
class Predictions:
    """`actual` and `predicted` have the shape (rows,), of several targets (rows, targets).

    `scores`: the larger, the likelier. Of classes they have a column for each; `probabilities`:
    whether each row adds up to 1. Of labels they have a column for each, too; `probabilities`:
    whether each is one."""

    actual: np.ndarray
    predicted: np.ndarray
    scores: np.ndarray | None = None
    probabilities: bool = False
    # Of an autoencoder, whose `predicted` are the errors: the rows in their own units.
    reproduced: np.ndarray | None = None

    @property
    def confidence(self) -> np.ndarray:
        """The score of the predicted class, or of each label; NaN without scores."""
        if self.scores is None:
            return np.full(self.actual.shape, np.nan)
        if self.actual.ndim > 1:
            return np.asarray(self.scores, np.float64)
        return np.asarray(self.scores[np.arange(len(self.predicted)), self.predicted], np.float64)

    @property
    def lines(self) -> np.ndarray:
        """What the file of predictions has behind the number of a row, float64."""
        parts = (self.actual, self.predicted, self.confidence)
        columns = np.stack([part.reshape(len(part), -1) for part in parts], axis=2)
        return np.asarray(columns.reshape(len(self.actual), -1), np.float64)
