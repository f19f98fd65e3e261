"""How well a model finds each of several labels that a row may have."""

import warnings

import numpy as np
from sklearn.metrics import f1_score, precision_recall_fscore_support

from tuning.protocol.evaluation import Calibration, ClassReport, Curve, OutputReport, Score
from tuning.protocol.tasks import Task

from . import bootstrap
from .curves import calibration_of_shares, curves_of_labels
from .predicted import Predictions

_MAX_NAME = 100
# Probabilities below this cost no more, as in scikit-learn.
_MIN_SHARE = float(np.finfo(np.float64).eps)


def report_labels(name: str, found: Predictions, names: list[str]) -> OutputReport:
    """The report of all labels together, and of each."""
    actual, predicted = found.actual == 1, found.predicted == 1
    curves = curves_of_labels(actual, found.scores) if found.scores is not None else []
    calibration = Calibration([], [], [])
    if found.scores is not None and found.probabilities:
        calibration = calibration_of_shares(actual.reshape(-1), found.scores.reshape(-1))
    return OutputReport(
        name=name,
        task=Task.MULTI_LABEL,
        scores=_scores(actual, predicted, found, curves),
        probabilities=found.probabilities,
        classes=_labels(actual, predicted, names, curves),
        curves=[curve for curve in curves if curve.x],
        calibration=calibration,
    )


def _scores(
    actual: np.ndarray, predicted: np.ndarray, found: Predictions, curves: list[Curve]
) -> list[Score]:
    right = actual == predicted
    exact, share = right.all(axis=1), right.mean(axis=1)
    of_rows = bootstrap.means(np.stack([exact, share], axis=1).astype(np.float64))
    with warnings.catch_warnings():
        # Labels that no test row has.
        warnings.simplefilter("ignore")
        macro = float(f1_score(actual, predicted, average="macro", zero_division=0))
        micro = float(f1_score(actual, predicted, average="micro", zero_division=0))
    macros, micros = _drawn_f1(actual, predicted)
    scores = [
        Score("exact_match", float(exact.mean()), *bootstrap.interval(of_rows[:, 0])),
        Score("label_accuracy", float(share.mean()), *bootstrap.interval(of_rows[:, 1])),
        Score("f1_macro", macro, *bootstrap.interval(macros)),
        Score("f1_micro", micro, *bootstrap.interval(micros)),
    ]
    if found.scores is None:
        return scores
    for name, kind, draw in (
        ("roc_auc_labels", "roc", bootstrap.label_areas),
        ("average_precision", "precision_recall", bootstrap.average_precisions),
    ):
        areas = [c.area for c in curves if c.kind == kind and c.area is not None]
        if areas:
            drawn = draw(actual, found.scores)
            scores.append(Score(name, float(np.mean(areas)), *bootstrap.interval(drawn)))
    if found.probabilities:
        scores.append(_log_loss(actual, found.scores))
    return scores


def _log_loss(actual: np.ndarray, shares: np.ndarray) -> Score:
    """The mean over all labels."""
    shares = shares.astype(np.float64).clip(_MIN_SHARE, 1 - _MIN_SHARE)
    losses = -np.log(np.where(actual, shares, 1 - shares)).mean(axis=1)
    drawn = bootstrap.means(losses[:, None])[:, 0]
    return Score("log_loss", float(losses.mean()), *bootstrap.interval(drawn))


def _drawn_f1(actual: np.ndarray, predicted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Macro and micro F1 in each resample."""
    hits = actual & predicted
    drawn = bootstrap.means(np.concatenate([hits, actual, predicted], axis=1).astype(np.float64))
    true, positive, taken = np.split(drawn, 3, axis=1)
    micro = _f1(true.sum(axis=1), (positive + taken).sum(axis=1))
    return _f1(true, positive + taken).mean(axis=1), micro


def _f1(hits: np.ndarray, both: np.ndarray) -> np.ndarray:
    return np.divide(2 * hits, both, out=np.zeros_like(hits), where=both > 0)


def _labels(
    actual: np.ndarray, predicted: np.ndarray, names: list[str], curves: list[Curve]
) -> list[ClassReport]:
    precision, recall, f1, support = precision_recall_fscore_support(
        actual, predicted, average=None, zero_division=np.nan
    )
    areas = {(curve.kind, curve.of_class): curve.area for curve in curves}
    return [
        ClassReport(
            name[:_MAX_NAME], int(support[place]), int(predicted[:, place].sum()),
            _number(precision[place]), _number(recall[place]), _number(f1[place]),
            areas.get(("roc", place)), areas.get(("precision_recall", place)),
        )
        for place, name in enumerate(names)
    ]  # fmt: skip


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
