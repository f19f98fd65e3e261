"""The errors of the mean: what an autoencoder has to beat."""

import numpy as np

from tuning.protocol.events import MeanReconstruction

_VALUES_AT_ONCE = 1 << 24


def errors_of_mean(x: np.ndarray, validation: np.ndarray) -> MeanReconstruction:
    """Of the mean of the training rows `x` in the place of each validation row."""
    mean = x.mean(axis=0, dtype=np.float64)
    squared = absolute = 0.0
    step = max(1, _VALUES_AT_ONCE // max(1, mean.size))
    for start in range(0, len(validation), step):
        off = np.asarray(validation[start : start + step], np.float64) - mean
        squared += float((off**2).sum())
        absolute += float(np.abs(off).sum())
    count = len(validation) * mean.size
    return MeanReconstruction(squared / count, absolute / count)
