"""The inputs of a reconstruction, which are its targets as well: values between 0 and 1.

Networks that end in a sigmoid reach them, linear ones too, and an error means the same for every
column. What is learned comes from the training rows alone:

- images of bytes: value / 255
- other images: (value - smallest) / (largest - smallest) of all pixels; of sequences, of each
  feature
- tables of numbers: the same of each column, as scikit-learn's MinMaxScaler has it. Where more than
  500 rows train, the most extreme 500th on either side does not widen a column's scale, as in
  `preprocessing.py`, which scales the columns of tables with categories in this way, too.

Rows beyond the training rows may lie outside; nothing exceeds `MAX_INPUT`.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from tuning.protocol.data_kinds import DataKind, kind_of_rows

from .preprocessing import MAX_INPUT, without_rare_extremes

_ROWS_AT_ONCE = 1 << 22  # values, of all the rows that are looked at in one go


@dataclass(frozen=True)
class Scaling:
    """(value - low) * scale, clipped. Both have a shape that a row's values are broadcast with."""

    low: np.ndarray
    scale: np.ndarray

    @classmethod
    def learn(cls, x: np.ndarray, facts: dict[str, Any]) -> "Scaling":
        """`x`: raw training rows; `facts`: the dataset's profile."""
        if x.dtype == np.uint8:
            return cls(np.zeros(1, np.float32), np.full(1, 1 / 255, np.float32))
        if kind_of_rows(facts) == DataKind.TABLE:
            usual = [without_rare_extremes(np.asarray(column, np.float64)) for column in x.T]
            ends = [(column.min(), column.max()) for column in usual]
            low, high = (np.array(end, np.float64) for end in zip(*ends, strict=True))
        elif kind_of_rows(facts) == DataKind.SEQUENCE:
            low, high = _ends(x, axes=(0, 1))
        else:
            low, high = _ends(x, axes=tuple(range(x.ndim)))
        return cls(low.astype(np.float32), scale_of(low, high).astype(np.float32))

    def apply(self, x: np.ndarray) -> np.ndarray:
        """float32, of the shape of `x`."""
        with np.errstate(over="ignore"):
            scaled = (np.asarray(x, np.float32) - self.low) * self.scale
        return scaled.clip(-MAX_INPUT, MAX_INPUT)


def scale_of(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """What makes the range from `low` to `high` one of length 1; constant values keep their unit,
    so that a row that differs in them is seen to."""
    spread = np.asarray(high - low, np.float64)
    return 1 / np.where(spread > 0, spread, 1.0)


def _ends(x: np.ndarray, axes: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """The smallest and largest values over these axes, float64, of a shape to broadcast with."""
    step = max(1, _ROWS_AT_ONCE // max(1, int(np.prod(x.shape[1:]))))
    pieces = [x[start : start + step] for start in range(0, len(x), step)]
    low = np.min([piece.min(axis=axes, keepdims=True)[0] for piece in pieces], axis=0)
    high = np.max([piece.max(axis=axes, keepdims=True)[0] for piece in pieces], axis=0)
    return np.asarray(low, np.float64), np.asarray(high, np.float64)
