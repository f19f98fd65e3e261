"""The targets of an uploaded .npz: classes, labels or numbers, however they were saved."""

from dataclasses import dataclass, field

import numpy as np

from tuning.protocol.tasks import MAX_TARGETS, Task
from tuning.runner.failures import BadData

from .parsed import check_classes, check_labels, check_numbers

_FEW_VALUES = 20


@dataclass(frozen=True)
class Targets:
    """`y` as it is prepared. `names`: those of the classes, or of the targets if `y` has several
    columns. `one_hot`: classes that were columns."""

    task: Task
    y: np.ndarray
    class_names: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    one_hot: bool = False


def width_of(shape: tuple[int, ...]) -> int:
    """How many values an array of targets has for each row."""
    return shape[1] if len(shape) == 2 else 1


def targets(y: np.ndarray, asked: str = "", name: str = "y") -> Targets:
    """`y`: (rows,) or (rows, columns). `asked`: a Task, or "" for the one that the values suggest.
    Raises BadData."""
    if y.dtype.kind == "f":
        bad = int(y.size - np.isfinite(y).sum())
        if bad:
            raise BadData(f"y contains {bad:,} values that are NaN or infinite.")
    if width_of(y.shape) == 1:
        return _single(y.reshape(-1), asked, name)
    return _several(y, asked, name)


def _single(y: np.ndarray, asked: str, name: str) -> Targets:
    if asked == Task.MULTI_LABEL:
        raise BadData(
            f"The array {name} has one value per row. Multi-label needs a column of 0 and 1 for "
            "each label."
        )
    if asked == Task.REGRESSION and y.dtype.kind not in "biuf":
        raise BadData(f"The array {name} contains text. Regression needs numbers.")
    if asked == Task.REGRESSION or (not asked and y.dtype.kind == "f" and not _are_classes(y)):
        return Targets(Task.REGRESSION, _numbers(y))
    if y.dtype.kind == "f":
        if (y != np.floor(y)).any():
            raise BadData(f"The array {name} contains fractions. Select regression.")
        y = y.astype(np.int64)
    values, classes = np.unique(y, return_inverse=True)
    names = [_class_name(value) for value in values]
    if "" in names:
        raise BadData("y contains empty text. Every row needs a target.")
    try:
        check_classes(names, np.bincount(classes), "row")
    except BadData as error:
        if y.dtype.kind not in "iu" or len(names) <= _FEW_VALUES:
            raise
        raise BadData(f"{error} If y is a quantity, save it as floats.") from None
    return Targets(Task.CLASSIFICATION, classes.reshape(-1).astype(np.int64), names)


def _several(y: np.ndarray, asked: str, name: str) -> Targets:
    if y.dtype.kind not in "biuf":
        raise BadData(f"The array {name} contains text in several columns.")
    binary = ((y == 0) | (y == 1)).all()
    one_hot = bool(binary and ((y == 1).sum(axis=1) == 1).all())
    task = asked or (
        Task.CLASSIFICATION if one_hot else Task.MULTI_LABEL if binary else Task.REGRESSION
    )
    if task == Task.CLASSIFICATION:
        if not one_hot:
            raise BadData(
                f"The array {name} has shape {y.shape}, but is not one-hot encoded: classification "
                "needs exactly one 1 in each row. Only one target may have classes."
            )
        found = _single(y.argmax(axis=1), "", name)
        return Targets(found.task, found.y, found.class_names, one_hot=True)
    if y.shape[1] > MAX_TARGETS:
        raise BadData(
            f"The array {name} has {y.shape[1]:,} columns, more than the limit of {MAX_TARGETS} "
            "targets."
        )
    if task == Task.MULTI_LABEL:
        if not binary:
            other = y[(y != 0) & (y != 1)][0]
            raise BadData(f"The array {name} contains {other:g}. Multi-label needs only 0 and 1.")
        names = [f"label {place}" for place in range(1, y.shape[1] + 1)]
        labels: np.ndarray = y.astype(np.float32)
        check_labels(names, labels)
        return Targets(Task.MULTI_LABEL, labels, names=names)
    if not asked:
        _refuse_classes(y, name)
    names = [f"y {place}" for place in range(1, y.shape[1] + 1)]
    return Targets(Task.REGRESSION, _numbers(y, names), names=names)


def _refuse_classes(y: np.ndarray, name: str) -> None:
    """Columns of classes, or of classes and numbers: nobody asked to predict them as numbers.
    Raises BadData."""
    way = "Select regression to predict all columns as numbers."
    classes = [y.dtype.kind != "f" or _are_classes(column) for column in y.T]
    if all(classes):
        raise BadData(
            f"The array {name} has shape {y.shape} and contains whole numbers, which are classes. "
            f"Only one target may have classes. {way}"
        )
    if any(classes):
        raise BadData(
            f"Column {classes.index(True) + 1} of {name} contains classes, column "
            f"{classes.index(False) + 1} numbers. Targets must be of one kind. {way}"
        )


def _numbers(y: np.ndarray, names: list[str] | None = None) -> np.ndarray:
    with np.errstate(over="ignore"):
        short: np.ndarray = y.astype(np.float32)
    if not np.isfinite(short).all():
        raise BadData("y contains values beyond 3.4e38, the largest float32 number.")
    check_numbers(names or [""], short.reshape(len(short), -1))
    return short


def _are_classes(y: np.ndarray) -> bool:
    """Whole numbers, and few different ones: classes that were saved as floats."""
    return bool((y == np.floor(y)).all()) and len(np.unique(y)) <= min(_FEW_VALUES, len(y) // 2)


def _class_name(value: np.generic) -> str:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return text.replace("\x00", "")
