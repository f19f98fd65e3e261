"""The targets of an uploaded .npz: classes or amounts, in whichever form they were saved."""

import numpy as np

from tuning.protocol.tasks import Task
from tuning.runner.failures import BadData

from .parsed import check_classes

_FEW_VALUES = 20


def one_of_each(y: np.ndarray, name: str) -> np.ndarray:
    """One target for each row: one-hot rows become the number of their column. Raises BadData."""
    if not is_wide(y.shape):
        return y.reshape(-1)
    ones = y == 1
    if not ((ones | (y == 0)).all() and (ones.sum(axis=1) == 1).all()):
        raise BadData(
            f"The array {name} has shape {y.shape}, but is not one-hot encoded. Only one target "
            "per row is supported: save one column with shape (rows,)."
        )
    return ones.argmax(axis=1)


def is_wide(shape: tuple[int, ...]) -> bool:
    """Whether an array of targets has several values for each row."""
    return len(shape) == 2 and shape[1] > 1


def targets(y: np.ndarray) -> tuple[str, np.ndarray, list[str]]:
    """The task, the targets as they are prepared, and the names of classes. Raises BadData."""
    if y.dtype.kind == "f":
        bad = int(len(y) - np.isfinite(y).sum())
        if bad:
            raise BadData(f"y contains {bad:,} values that are NaN or infinite.")
        if not _are_classes(y):
            with np.errstate(over="ignore"):
                short: np.ndarray = y.astype(np.float32)
            if not np.isfinite(short).all():
                raise BadData("y contains values beyond 3.4e38, the largest float32 number.")
            if len(np.unique(short)) < 2:
                raise BadData("All rows have the same target. Select another target.")
            return Task.REGRESSION, short, []
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
    return Task.CLASSIFICATION, classes.reshape(-1).astype(np.int64), names


def _are_classes(y: np.ndarray) -> bool:
    """Whole numbers, and few different ones: classes that were saved as floats."""
    return bool((y == np.floor(y)).all()) and len(np.unique(y)) <= min(_FEW_VALUES, len(y) // 2)


def _class_name(value: np.generic) -> str:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return text.replace("\x00", "")
