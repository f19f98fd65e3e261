"""The predictions on the test rows, row by row, read from the file beside the model."""

from dataclasses import dataclass

import numpy as np

from tuning.models import ModelEvaluation
from tuning.protocol.evaluation import ACTUAL, CONFIDENCE, OF_A_TARGET, PREDICTED, ROW
from tuning.storage.at_hand import at_hand

PAGE = 24


@dataclass(frozen=True)
class Page:
    """Lines of one page of a choice, and how many pages and lines there are."""

    lines: np.ndarray
    number: int
    pages: int
    total: int

    @property
    def before(self) -> int:
        return self.number - 1

    @property
    def after(self) -> int:
        return self.number + 1


def lines_of(evaluation: ModelEvaluation) -> np.ndarray | None:
    """float64 (rows, 4), with three more columns for each further target; or None if there is no
    file (any more)."""
    if not evaluation.file:
        return None
    try:
        lines: np.ndarray = np.load(at_hand(evaluation.stored), mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError):
        return None
    if lines.ndim != 2 or lines.shape[1] <= OF_A_TARGET or lines.shape[1] % OF_A_TARGET != 1:
        return None
    return np.asarray(lines)


def largest_first(lines: np.ndarray) -> np.ndarray:
    """Of a reconstruction, the rows with the largest errors first."""
    return np.asarray(lines[np.argsort(-lines[:, PREDICTED], kind="stable")])


def targets_in(lines: np.ndarray) -> int:
    """Of how many targets or labels lines tell."""
    return (lines.shape[1] - 1) // OF_A_TARGET


def of_target(lines: np.ndarray, place: int) -> np.ndarray:
    """What lines say of one target or label: float64 (rows, 4)."""
    first = 1 + place * OF_A_TARGET
    return np.column_stack([lines[:, ROW], lines[:, first : first + OF_A_TARGET]])


def column_of(lines: np.ndarray, column: int) -> np.ndarray:
    """ACTUAL, PREDICTED or CONFIDENCE of all targets: (rows, targets)."""
    return np.asarray(lines[:, column::OF_A_TARGET])


def wrong_labels(lines: np.ndarray) -> np.ndarray:
    """How many labels of each row are wrong."""
    wrong = column_of(lines, ACTUAL) != column_of(lines, PREDICTED)
    return np.asarray(wrong.sum(axis=1))


def most_wrong(lines: np.ndarray) -> np.ndarray:
    """Rows with wrong labels, those with most of them first."""
    count = wrong_labels(lines)
    order = np.argsort(-count, kind="stable")
    return np.asarray(lines[order[: (count > 0).sum()]])


def of_cell(lines: np.ndarray, actual: int, predicted: int) -> np.ndarray:
    """Rows of one class that are taken as another, the most confident first."""
    inside = (lines[:, ACTUAL] == actual) & (lines[:, PREDICTED] == predicted)
    return _confident(lines[inside])


def mistakes(lines: np.ndarray) -> np.ndarray:
    """Rows whose class is not the predicted one, the most confident first."""
    return _confident(lines[lines[:, ACTUAL] != lines[:, PREDICTED]])


def largest_errors(lines: np.ndarray) -> np.ndarray:
    """All rows, the worst first."""
    error = np.abs(lines[:, PREDICTED] - lines[:, ACTUAL])
    return np.asarray(lines[np.argsort(-error, kind="stable")])


def page_of(lines: np.ndarray, number: int) -> Page:
    """The page with this number, or the nearest that there is."""
    pages = max(1, -(-len(lines) // PAGE))
    number = min(max(number, 1), pages)
    return Page(lines[(number - 1) * PAGE : number * PAGE], number, pages, len(lines))


def holds(lines: np.ndarray, row: int) -> bool:
    """Whether a row of the dataset is one of the test rows."""
    return bool((lines[:, ROW] == row).any())


def _confident(lines: np.ndarray) -> np.ndarray:
    # Without confidences, in the order of the rows.
    return np.asarray(lines[np.argsort(-lines[:, CONFIDENCE], kind="stable")])
