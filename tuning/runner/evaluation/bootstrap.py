"""Confidence intervals by the bootstrap: the test rows drawn again, with replacement, many times;
the interval lies between two percentiles of the scores. The same seed gives the same interval.

Windows of a time series that predict the same rows, or rows of other series at the same time, have
errors that are alike. Drawn one by one, they would make intervals too narrow, so a block of windows
that follow each other is drawn at once.
"""

from collections.abc import Iterator
from itertools import islice

import numpy as np

from tuning.protocol.evaluation import LEVEL, MIN_BLOCKS

SEED = 0
# Resamples: as many as this many draws of rows allow, between two bounds.
_DRAWS = 100_000_000
MIN_RESAMPLES, MAX_RESAMPLES = 200, 1000
# Above these, there is no interval: it would take minutes.
_MAX_RANKED = 20_000_000
_MAX_CELLS = 1_000_000
# So many counts of rows are looked at at once.
_BLOCK = 200_000

Interval = tuple[float | None, float | None]
NONE: Interval = (None, None)


def interval(samples: np.ndarray) -> Interval:
    """The percentile interval; none if a resample has no score."""
    if not len(samples) or not np.isfinite(samples).all():
        return NONE
    low, high = np.quantile(samples, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def least_rows(block: int) -> int:
    """How many rows an interval takes, if so many that follow each other are alike."""
    return MIN_BLOCKS * block if block > 1 else 1


def means(columns: np.ndarray, block: int = 1) -> np.ndarray:
    """(resamples, columns): the means of each column of (rows, columns) over the resamples, for
    which `block` rows are drawn at once. No resamples if there are too few blocks."""
    resamples = _resamples(len(columns), block=block)
    found = [columns[rows].mean(axis=0) for rows in resamples]
    return np.array(found).reshape(-1, columns.shape[1])


def tables(
    actual: np.ndarray, predicted: np.ndarray, classes: int, block: int = 1
) -> np.ndarray | None:
    """(3, resamples, classes): of each class the hits, the rows and those taken as it. Rows that
    agree in both classes are alike, so their counts are drawn instead of the rows, unless those
    come in blocks: that is the same distribution. None if there are too many of them, or too few
    blocks."""
    if block > 1:
        return _tables_of_blocks(actual, predicted, classes, block)
    cells, counts = np.unique(actual * classes + predicted, return_counts=True)
    if len(cells) * classes > _MAX_CELLS:
        return None
    random = np.random.default_rng(SEED)
    size = _count(len(actual))
    drawn = random.multinomial(len(actual), counts / len(actual), size=size).astype(np.float64)
    of, taken = cells // classes, cells % classes
    known = np.arange(classes)
    rows, columns = (of[:, None] == known), (taken[:, None] == known)
    return np.stack([drawn @ (rows & columns), drawn @ rows, drawn @ columns])


def _tables_of_blocks(
    actual: np.ndarray, predicted: np.ndarray, classes: int, block: int
) -> np.ndarray | None:
    known = np.arange(classes)
    rows, taken = (actual[:, None] == known), (predicted[:, None] == known)
    parts = [(rows & taken).astype(np.float64), rows.astype(np.float64), taken.astype(np.float64)]
    found = [
        [drawn @ part for part in parts]
        for drawn in _counted_resamples(len(actual), _ranked(rows), block)
    ]
    return np.concatenate(found, axis=1) if found else None


def areas(actual: np.ndarray, scores: np.ndarray, block: int = 1) -> np.ndarray:
    """The mean area under the ROC curves of the columns of `scores`, in each resample; of classes
    that all or no rows of a resample have, there is none. Nothing for too many rows."""
    is_class = actual[:, None] == np.arange(scores.shape[1])
    if scores.shape[1] == 2:
        scores, is_class = scores[:, 1:], is_class[:, 1:]
    return label_areas(is_class, scores, block)


def label_areas(actual: np.ndarray, scores: np.ndarray, block: int = 1) -> np.ndarray:
    """The same of labels: `actual` is bool (rows, labels)."""
    # Rows are sorted once; a resample only says how often each of them counts.
    order = np.argsort(scores, axis=0, kind="stable")
    last = _ends_of_ties(np.take_along_axis(scores, order, axis=0))
    positive = np.take_along_axis(actual, order, axis=0)
    found = []
    for drawn in _counted_resamples(len(actual), _ranked(scores), block):
        areas = [
            _areas(drawn[:, order[:, label]], positive[:, label], last[:, label])
            for label in range(scores.shape[1])
        ]
        for area in np.stack(areas, axis=1):
            known = np.isfinite(area)
            if known.any():
                found.append(area[known].mean())
    return np.array(found)


def _areas(drawn: np.ndarray, positive: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Of each resample, from the ranks of its positive rows. `drawn`: how often each row was, the
    unlikeliest first. Rows with equal scores share the mean of their ranks."""
    hits, taken = np.cumsum(drawn * positive, axis=1)[:, last], np.cumsum(drawn, axis=1)[:, last]
    of_ties, before = np.diff(taken, prepend=0), taken - np.diff(taken, prepend=0)
    ranks = (np.diff(hits, prepend=0) * (before + (of_ties + 1) / 2)).sum(axis=1)
    count = hits[:, -1]
    with np.errstate(divide="ignore", invalid="ignore"):
        area: np.ndarray = (ranks - count * (count + 1) / 2) / (count * (taken[:, -1] - count))
    return area


def average_precisions(actual: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """The mean average precision of the labels that rows of a resample have, in each resample."""
    order = np.argsort(-scores, axis=0, kind="stable")
    last = _ends_of_ties(np.take_along_axis(scores, order, axis=0))
    positive = np.take_along_axis(actual, order, axis=0)
    found = []
    for counts in _counted_resamples(len(actual), _ranked(scores)):
        for drawn in counts:
            areas = [
                _average_precision(drawn[order[:, label]], positive[:, label], last[:, label])
                for label in range(scores.shape[1])
            ]
            known = [area for area in areas if area is not None]
            if known:
                found.append(np.mean(known))
    return np.array(found)


def _average_precision(drawn: np.ndarray, positive: np.ndarray, last: np.ndarray) -> float | None:
    """`drawn`: how often each row was, the likeliest first."""
    hits, taken = np.cumsum(drawn * positive)[last], np.cumsum(drawn)[last]
    if not hits[-1]:
        return None
    precision = np.divide(hits, taken, out=np.zeros(len(hits)), where=taken > 0)
    return float((np.diff(hits, prepend=0) * precision).sum() / hits[-1])


def _ends_of_ties(ordered: np.ndarray) -> np.ndarray:
    """Which rows are the last ones of those with equal scores: no threshold lies between them."""
    last = np.ones(ordered.shape, dtype=bool)
    last[:-1] = ordered[1:] != ordered[:-1]
    return last


def _ranked(scores: np.ndarray) -> int:
    """How many resamples are ranked: none if that would take minutes."""
    if scores.size * MIN_RESAMPLES > _MAX_RANKED:
        return 0
    return min(MAX_RESAMPLES, _MAX_RANKED // scores.size)


def _resamples(rows: int, size: int | None = None, block: int = 1) -> Iterator[np.ndarray]:
    if rows < least_rows(block):
        return
    random = np.random.default_rng(SEED)
    for _ in range(_count(rows) if size is None else size):
        starts = random.integers(0, rows - block + 1, -(-rows // block))
        yield (starts[:, None] + np.arange(block)).reshape(-1)[:rows]


def _counted_resamples(rows: int, size: int, block: int = 1) -> Iterator[np.ndarray]:
    """(some resamples, rows): how often each of them has each row."""
    resamples = _resamples(rows, size, block)
    while some := list(islice(resamples, max(1, _BLOCK // rows))):
        yield np.stack([np.bincount(drawn, minlength=rows) for drawn in some])


def _count(rows: int) -> int:
    return int(np.clip(_DRAWS // rows, MIN_RESAMPLES, MAX_RESAMPLES))
