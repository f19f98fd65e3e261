"""A page of test rows with their predictions, as a table or as pictures."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tuning.figures import counted, figure
from tuning.models import Dataset, ModelEvaluation
from tuning.protocol.evaluation import ACTUAL, CONFIDENCE, PREDICTED, ROW, THRESHOLD
from tuning.protocol.tasks import Task

from .confusion import class_name
from .contents import cells_of, column_names
from .lines import (
    column_of,
    largest_errors,
    largest_first,
    mistakes,
    most_wrong,
    of_cell,
    of_target,
    page_of,
    targets_in,
    wrong_labels,
)

# Of labels and targets that are offered to list the rows of.
_MAX_NAMED = 40
_LARGEST = "largest"
_ORDERS = {_LARGEST: "Largest errors", "smallest": "Smallest errors"}


# The name of a class, a number, the names of labels, or whether a row has a label; None of an
# autoencoder.
Value = str | float | list[str] | bool | None


@dataclass(frozen=True)
class Judged:
    """What a line says. `judged`: a probability or a score, of numbers the error, of labels how
    many are wrong."""

    actual: Value
    predicted: Value
    judged: float | None
    # Of `judged`, on pages.
    digits: int = 4

    @property
    def actual_text(self) -> str:
        return _text(self.actual)

    @property
    def predicted_text(self) -> str:
        return _text(self.predicted)

    @property
    def judged_text(self) -> str:
        return "" if self.judged is None else figure(self.judged, self.digits)


@dataclass(frozen=True)
class Row:
    """`row` counts the dataset's rows from 0, `number` from 1. `reproduced`: as an autoencoder
    reproduces it, if the report has that."""

    row: int
    says: Judged
    cells: list[str]
    reproduced: dict[str, Any] | None = None

    @property
    def number(self) -> int:
        return self.row + 1


@dataclass(frozen=True)
class Listed:
    """Some of the rows that were asked for, `total` in all. `measure` names what `judged` is,
    `columns` what `cells` are."""

    rows: list[Row]
    total: int
    title: str
    measure: str
    columns: list[str]


def rows_info(
    evaluation: ModelEvaluation, lines: np.ndarray, asked: Mapping[str, str]
) -> dict[str, Any] | None:
    """What the partial shows; None if a cell or target is asked for that is none."""
    outputs = evaluation.report["outputs"]
    choice = _chosen(outputs, lines, asked)
    if choice is None:
        return None
    dataset = evaluation.saved_model.project.dataset
    page = page_of(choice.lines, _number(asked.get("page")) or 1)
    reconstructs = Task(outputs[0]["task"]).traits.reconstructs
    return {
        "title": choice.title, "query": choice.query, "page": page,
        "count": counted(page.total, dataset.data.row),
        "rows": _rows(dataset, choice, page.lines),
        "columns": column_names(dataset), "pictures": dataset.has_pictures,
        "judged": choice.judged, "targets": choice.targets, "back": choice.back,
        "reconstructs": reconstructs, "choices": "Order" if reconstructs else "Targets",
    }  # fmt: skip


def listed_rows(
    evaluation: ModelEvaluation, lines: np.ndarray, asked: Mapping[str, str], start: int, most: int
) -> Listed | None:
    """At most so many rows, after the first `start`; None if a cell or target is asked for that is
    none."""
    choice = _chosen(evaluation.report["outputs"], lines, asked)
    if choice is None:
        return None
    dataset = evaluation.saved_model.project.dataset
    rows = _rows(dataset, choice, choice.lines[start : start + most])
    columns = column_names(dataset)
    return Listed(rows, len(choice.lines), choice.title, choice.judged, columns)


@dataclass(frozen=True)
class _Choice:
    """`says` reads a line, `judged` names its measure. `targets`: for each of several its name, the
    query that lists its rows and whether it is listed. `back`: the words of the way to all rows."""

    lines: np.ndarray
    title: str
    judged: str
    says: Callable[[np.ndarray], Judged]
    query: str = ""
    targets: tuple[tuple[str, str, bool], ...] = ()
    back: str = "Show all mistakes"
    reproduced: Mapping[int, dict[str, Any]] = field(default_factory=dict)


def _rows(dataset: Dataset, choice: _Choice, lines: np.ndarray) -> list[Row]:
    numbers = [int(line[ROW]) for line in lines]
    return [
        Row(number, choice.says(line), cells, choice.reproduced.get(number))
        for number, line, cells in zip(numbers, lines, cells_of(dataset, numbers), strict=True)
    ]


def _chosen(
    outputs: list[dict[str, Any]], lines: np.ndarray, asked: Mapping[str, str]
) -> _Choice | None:
    task = Task(outputs[0]["task"]).traits
    if task.reconstructs:
        return _of_reconstruction(outputs[0], lines, asked)
    if task.has_labels:
        return _of_labels(outputs[0], lines, asked)
    if task.has_classes:
        return _of_classes(outputs[0], lines, asked)
    return _of_numbers(outputs, lines, asked)


def _of_reconstruction(
    output: dict[str, Any], lines: np.ndarray, asked: Mapping[str, str]
) -> _Choice | None:
    """The rows with the largest errors, which are unlike the training rows, or the smallest."""
    order = asked.get("order", _LARGEST)
    if order not in _ORDERS:
        return None

    def says(line: np.ndarray) -> Judged:
        return Judged(None, None, float(line[PREDICTED]))

    found = largest_first(lines)
    orders = tuple((title, f"order={key}&", key == order) for key, title in _ORDERS.items())
    return _Choice(
        found if order == _LARGEST else found[::-1], "Rows by reconstruction error", "Error", says,
        f"order={order}&", orders, back="",
        reproduced={example["row"]: example for example in output["examples"]},
    )  # fmt: skip


def _of_classes(
    output: dict[str, Any], lines: np.ndarray, asked: Mapping[str, str]
) -> _Choice | None:
    def says(line: np.ndarray) -> Judged:
        actual, predicted = (class_name(output, int(line[at])) for at in (ACTUAL, PREDICTED))
        return Judged(actual, predicted, _confidence(line), 3)

    if "actual" not in asked:
        return _Choice(mistakes(lines), "Most confident mistakes", _certainty(output), says)
    actual, predicted = _number(asked.get("actual")), _number(asked.get("predicted"))
    if actual is None or predicted is None:
        return None
    title = f"{class_name(output, actual)} predicted as {class_name(output, predicted)}"
    query = f"actual={actual}&predicted={predicted}&"
    return _Choice(of_cell(lines, actual, predicted), title, _certainty(output), says, query)


def _of_labels(
    output: dict[str, Any], lines: np.ndarray, asked: Mapping[str, str]
) -> _Choice | None:
    """Rows with wrong labels, or those of one label that it should not have or should have."""
    names = [label["name"] for label in output["classes"]]
    place = _number(asked.get("target")) if "target" in asked else None
    if "target" in asked and (place is None or place >= min(len(names), targets_in(lines))):
        return None
    targets = tuple(
        (name, f"target={other}&", other == place) for other, name in enumerate(names[:_MAX_NAMED])
    )
    if place is None:

        def says_all(line: np.ndarray) -> Judged:
            both = line[None]
            actual, predicted = (_set(names, column_of(both, at)[0]) for at in (ACTUAL, PREDICTED))
            return Judged(actual, predicted, int(wrong_labels(both)[0]))

        return _Choice(
            most_wrong(lines), "Rows with wrong labels", "Wrong labels", says_all, targets=targets
        )

    def says(line: np.ndarray) -> Judged:
        return Judged(bool(line[ACTUAL]), bool(line[PREDICTED]), _confidence(line), 3)

    chosen = of_target(lines, place)
    wrong = chosen[chosen[:, ACTUAL] != chosen[:, PREDICTED]]
    # The surest first: far above the threshold without the label, far below it with it.
    sure = np.abs(np.nan_to_num(wrong[:, CONFIDENCE], nan=THRESHOLD) - THRESHOLD)
    wrong = wrong[np.argsort(-sure, kind="stable")]
    title = f"Mistakes of {names[place]}"
    return _Choice(wrong, title, _certainty(output), says, f"target={place}&", targets)


def _of_numbers(
    outputs: list[dict[str, Any]], lines: np.ndarray, asked: Mapping[str, str]
) -> _Choice | None:
    place = _number(asked.get("target", "0"))
    if place is None or place >= min(len(outputs), targets_in(lines)):
        return None

    def says(line: np.ndarray) -> Judged:
        actual, predicted = float(line[ACTUAL]), float(line[PREDICTED])
        return Judged(actual, predicted, predicted - actual)

    if len(outputs) == 1:
        return _Choice(largest_errors(lines), "Largest errors", "Error", says)
    targets = tuple(
        (output["name"], f"target={other}&", other == place)
        for other, output in enumerate(outputs[:_MAX_NAMED])
    )
    return _Choice(
        largest_errors(of_target(lines, place)), f"Largest errors of {outputs[place]['name']}",
        "Error", says, f"target={place}&", targets, back="",
    )  # fmt: skip


def _set(names: list[str], values: np.ndarray) -> list[str]:
    return [name for name, value in zip(names, values, strict=False) if value]


def _confidence(line: np.ndarray) -> float | None:
    return None if np.isnan(line[CONFIDENCE]) else float(line[CONFIDENCE])


def _text(value: Value) -> str:
    if isinstance(value, list):
        return ", ".join(value) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else figure(value, 5)


def _certainty(output: dict[str, Any]) -> str:
    return "Probability" if output["probabilities"] else "Score"


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None
