"""ROC and precision-recall curves of each class against all others, and calibration."""

import numpy as np
from sklearn.calibration import calibration_curve
from sklearn.metrics import (
    average_precision_score,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
)

from tuning.protocol.evaluation import MAX_POINTS, Calibration, Curve

# Classes whose curves are drawn: those with most test rows. Areas are computed for all classes as
# long as there are no more numbers to sort than this.
MAX_CURVES = 12
_MAX_SORTED = 100_000_000
_BINS = 10
_DIGITS = 6

Points = tuple[list[float], list[float]]


def curves_of(actual: np.ndarray, scores: np.ndarray) -> list[Curve]:
    """Both curves of each class that some, but not all, rows have. Of two classes only those of
    the second one; of more than MAX_CURVES the rest are areas without points."""
    rows, classes = scores.shape
    counts = np.bincount(actual, minlength=classes)
    usual = np.argsort(-counts, kind="stable")[:MAX_CURVES]
    drawn = {1} if classes == 2 else set(usual.tolist())
    wanted = range(classes) if scores.size <= _MAX_SORTED and classes > 2 else sorted(drawn)
    found = []
    for place in wanted:
        if 0 < counts[place] < rows:
            found += _pair(actual == place, scores[:, place], place, place in drawn)
    return found


def curves_of_labels(actual: np.ndarray, scores: np.ndarray) -> list[Curve]:
    """Both curves of each label that some, but not all, rows have; of more than MAX_CURVES labels
    the rest are areas without points. `actual`: bool (rows, labels)."""
    counts = actual.sum(axis=0)
    drawn = set(np.argsort(-counts, kind="stable")[:MAX_CURVES].tolist())
    wanted = range(len(counts)) if scores.size <= _MAX_SORTED else sorted(drawn)
    found = []
    for place in wanted:
        if 0 < counts[place] < len(actual):
            found += _pair(actual[:, place], scores[:, place], place, place in drawn)
    return found


def calibration_of(actual: np.ndarray, predicted: np.ndarray, shares: np.ndarray) -> Calibration:
    """How often what was predicted with a probability came true."""
    if shares.shape[1] == 2:
        came_true, probability = actual == 1, shares[:, 1]
    else:
        came_true = actual == predicted
        probability = shares[np.arange(len(predicted)), predicted]
    return calibration_of_shares(came_true, probability)


def calibration_of_shares(came_true: np.ndarray, probability: np.ndarray) -> Calibration:
    """The same of probabilities, each of which came true or not."""
    probability = np.clip(probability, 0, 1).astype(np.float64)
    observed, mean = calibration_curve(came_true, probability, n_bins=_BINS, pos_label=True)
    # The same bins as calibration_curve's.
    inner = np.linspace(0, 1, _BINS + 1)[1:-1]
    rows = np.bincount(np.searchsorted(inner, probability), minlength=_BINS)
    return Calibration(_rounded(mean), _rounded(observed), rows[rows > 0].tolist())


def _pair(is_class: np.ndarray, score: np.ndarray, place: int, drawn: bool) -> list[Curve]:
    area = float(roc_auc_score(is_class, score))
    average = float(average_precision_score(is_class, score))
    roc: Points = ([], [])
    pr: Points = ([], [])
    if drawn:
        roc = _thinned(*roc_curve(is_class, score)[:2])
        precision, recall, _ = precision_recall_curve(is_class, score)
        pr = _thinned(recall, precision)
    return [
        Curve("roc", place, area, *roc), Curve("precision_recall", place, average, *pr),
    ]  # fmt: skip


def _thinned(x: np.ndarray, y: np.ndarray) -> Points:
    """At most MAX_POINTS of a curve's points, both ends among them: evenly along its length."""
    if len(x) > MAX_POINTS:
        steps = np.abs(np.diff(x)) + np.abs(np.diff(y))
        length = np.concatenate([[0], np.cumsum(steps)])
        kept = np.searchsorted(length, np.linspace(0, length[-1], MAX_POINTS - 1))
        kept = np.unique([0, *np.minimum(kept, len(x) - 1), len(x) - 1])
        x, y = x[kept], y[kept]
    return _rounded(x), _rounded(y)


def _rounded(values: np.ndarray) -> list[float]:
    return [round(float(value), _DIGITS) for value in values]
