"""Rows divided by time: the oldest for training, the newest for test."""

import numpy as np


def parts_of_times(key: np.ndarray, fractions: list[float]) -> np.ndarray:
    """The part of each row, an index into `fractions`. `key`: each row's time. Rows of the same
    time are in the same part, so a part may be larger or smaller than its fraction; none is empty
    if there are enough different times. Missing times count as the newest."""
    values, time, counts = np.unique(key, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    cuts: list[int] = []
    for number, requested in enumerate(np.cumsum(fractions)[:-1], start=1):
        # As many times as come before the cut: those before it and after it need one each.
        lowest = cuts[-1] + 1 if cuts else 1
        highest = max(len(values) - (len(fractions) - number), lowest)
        nearest = int(np.argmin(np.abs(ends - requested * len(key)))) + 1
        cuts.append(min(max(nearest, lowest), highest))
    return np.asarray(np.searchsorted(cuts, time.reshape(-1), side="right"))
