"""How well a model distinguishes classes."""

import warnings

import numpy as np
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    confusion_matrix,
    f1_score,
    precision_recall_fscore_support,
)

from tuning.protocol.evaluation import (
    MAX_CONFUSED,
    Calibration,
    ClassReport,
    Confusion,
    Curve,
    OutputReport,
    Score,
)
from tuning.protocol.tasks import Task

from . import bootstrap
from .curves import calibration_of, curves_of
from .predicted import Predictions

# Classes that are reported one by one: those with most test rows.
MAX_REPORTED = 2000
_MAX_NAME = 100
# Probabilities below this cost no more, as in scikit-learn.
_MIN_SHARE = float(np.finfo(np.float64).eps)


def report_classes(name: str, found: Predictions, names: list[str], block: int = 1) -> OutputReport:
    """The report of a target of these classes. A model may have outputs beyond them, which are
    called by their numbers. `block`: as `bootstrap.means` has it."""
    actual, predicted, scores = found.actual, found.predicted, found.scores
    width = max(len(names), int(predicted.max()) + 1, scores.shape[1] if scores is not None else 0)
    names = [*names, *(f"(output {place + 1})" for place in range(len(names), width))]
    curves = curves_of(actual, scores) if scores is not None else []
    calibration = Calibration([], [], [])
    if scores is not None and found.probabilities:
        calibration = calibration_of(actual, predicted, scores)
    return OutputReport(
        name=name,
        task=Task.CLASSIFICATION,
        scores=_scores(found, curves, width, block),
        probabilities=found.probabilities,
        classes=_classes(actual, predicted, names, curves),
        confusion=confusion_of(actual, predicted, width),
        curves=[curve for curve in curves if curve.x],
        calibration=calibration,
    )


def _scores(found: Predictions, curves: list[Curve], classes: int, block: int) -> list[Score]:
    actual, predicted = found.actual, found.predicted
    per_row = [(actual == predicted).astype(np.float64)]
    if found.probabilities and found.scores is not None:
        per_row.append(_log_losses(actual, found.scores))
    of_rows = bootstrap.means(np.stack(per_row, axis=1), block)
    with warnings.catch_warnings():
        # Predicted classes that no test row has.
        warnings.simplefilter("ignore")
        balanced = float(balanced_accuracy_score(actual, predicted))
    macro = float(f1_score(actual, predicted, average="macro", zero_division=0))
    f1_interval = balanced_interval = bootstrap.NONE
    tables = bootstrap.tables(actual, predicted, classes, block)
    if tables is not None:
        hits, rows, taken = tables
        f1_interval = bootstrap.interval(_mean_share(2 * hits, rows + taken))
        balanced_interval = bootstrap.interval(_mean_share(hits, rows))
    accuracy = float(accuracy_score(actual, predicted))
    scores = [
        Score("accuracy", accuracy, *bootstrap.interval(of_rows[:, 0])),
        Score("balanced_accuracy", balanced, *balanced_interval),
        Score("f1_macro", macro, *f1_interval),
    ]
    areas = [curve.area for curve in curves if curve.kind == "roc" and curve.area is not None]
    if areas and found.scores is not None:
        name = "roc_auc" if classes == 2 else "roc_auc_ovr"
        drawn = bootstrap.areas(actual, found.scores, block)
        scores.append(Score(name, float(np.mean(areas)), *bootstrap.interval(drawn)))
    if len(per_row) > 1:
        loss = float(per_row[1].mean())
        scores.append(Score("log_loss", loss, *bootstrap.interval(of_rows[:, 1])))
    return scores


def _mean_share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """The mean over those classes that occur, of each resample."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.nanmean(part / whole, axis=1))


def _log_losses(actual: np.ndarray, shares: np.ndarray) -> np.ndarray:
    of_actual = shares[np.arange(len(actual)), actual].astype(np.float64)
    return np.asarray(-np.log(np.clip(of_actual, _MIN_SHARE, 1)))


def _classes(
    actual: np.ndarray, predicted: np.ndarray, names: list[str], curves: list[Curve]
) -> list[ClassReport]:
    labels = np.arange(len(names))
    precision, recall, f1, support = precision_recall_fscore_support(
        actual, predicted, labels=labels, zero_division=np.nan
    )
    taken = np.bincount(predicted, minlength=len(names))
    areas = {(curve.kind, curve.of_class): curve.area for curve in curves}
    # Of two classes the first has the second one's ROC area.
    if len(names) == 2 and ("roc", 1) in areas:
        areas["roc", 0] = areas["roc", 1]
    return [
        ClassReport(
            names[place][:_MAX_NAME], int(support[place]), int(taken[place]),
            _number(precision[place]), _number(recall[place]), _number(f1[place]),
            areas.get(("roc", place)), areas.get(("precision_recall", place)),
        )
        for place in range(min(len(names), MAX_REPORTED))
    ]  # fmt: skip


def confusion_of(actual: np.ndarray, predicted: np.ndarray, classes: int) -> Confusion:
    """All classes if they are few, else those with most mistakes and one for all others."""
    if classes <= MAX_CONFUSED:
        counts = confusion_matrix(actual, predicted, labels=np.arange(classes))
        return Confusion(list(range(classes)), counts.tolist())
    wrong = actual != predicted
    mistakes = np.bincount(actual[wrong], minlength=classes)
    mistakes = mistakes + np.bincount(predicted[wrong], minlength=classes)
    kept = np.sort(np.argsort(-mistakes, kind="stable")[:MAX_CONFUSED])
    place: np.ndarray = np.full(classes, len(kept))
    place[kept] = np.arange(len(kept))
    labels = np.arange(len(kept) + 1)
    counts = confusion_matrix(place[actual], place[predicted], labels=labels)
    return Confusion(kept.tolist(), counts.tolist(), has_others=True)


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
