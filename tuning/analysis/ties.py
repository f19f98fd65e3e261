"""Whether the scores of two trials, each of several runs, differ by more than chance.

Runs of networks with different seeds are independent: Welch's t-test. Folds are the same for both
estimators, so their differences are tested; as training rows overlap, they vary less than they
would on new rows, which the correction of Nadeau and Bengio (2003) makes up for.
"""

import math
import statistics
from collections.abc import Sequence

import numpy as np

# A difference that chance makes rarer than this is called one.
SIGNIFICANT = 0.05
# Intervals of Simpson's rule: errors below 1e-10.
_INTERVALS = 2000


def welch(first: Sequence[float], second: Sequence[float]) -> float | None:
    """The two-sided p-value of independent runs; None for fewer than two on either side."""
    if min(len(first), len(second)) < 2:
        return None
    parts = [statistics.variance(scores) / len(scores) for scores in (first, second)]
    difference = statistics.fmean(first) - statistics.fmean(second)
    total = sum(parts)
    if not total:
        return 1.0 if difference == 0 else 0.0
    # By shares: squares of tiny variances would be 0.
    freedom = 1 / sum(
        (part / total) ** 2 / (len(scores) - 1)
        for part, scores in zip(parts, (first, second), strict=True)
    )
    return two_sided(difference / math.sqrt(total), freedom)


def paired_folds(first: Sequence[float], second: Sequence[float]) -> float | None:
    """The two-sided p-value of scores on the same k folds; None for fewer than two on either
    side."""
    if min(len(first), len(second)) < 2:
        return None
    differences = [a - b for a, b in zip(first, second, strict=True)]
    folds = len(differences)
    mean, variance = statistics.fmean(differences), statistics.variance(differences)
    if not variance:
        return 1.0 if mean == 0 else 0.0
    # Of k folds one is tested on, the others are trained on.
    error = math.sqrt(variance * (1 / folds + 1 / (folds - 1)))
    return two_sided(mean / error, folds - 1)


def two_sided(t: float, freedom: float) -> float:
    """How often chance makes Student's t, with at least one degree of freedom, as far from 0.

    With t = sqrt(freedom) tan(angle), its density is a power of the cosine."""
    angles = np.linspace(0, math.atan(abs(t) / math.sqrt(freedom)), _INTERVALS + 1)
    heights = np.cos(angles) ** (freedom - 1)
    weights = np.ones(_INTERVALS + 1)
    weights[1:-1:2], weights[2:-1:2] = 4, 2
    area = float(heights @ weights) * angles[-1] / (3 * _INTERVALS)
    whole = math.exp(math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2))
    return min(1.0, max(0.0, 1 - 2 * area * whole / math.sqrt(math.pi)))
