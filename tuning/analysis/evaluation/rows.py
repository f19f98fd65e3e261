"""A page of test rows with their predictions, as a table or as pictures."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tuning.figures import counted, figure
from tuning.models import ModelEvaluation
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


@dataclass(frozen=True)
class Row:
    """`row` counts the dataset's rows from 0, `number` from 1."""

    row: int
    actual: str
    predicted: str
    # A probability, a score or, of numbers, the error.
    judged: str
    cells: list[str]
    # As an autoencoder reproduces the row, if the report has it.
    reproduced: dict[str, Any] | None = None

    @property
    def number(self) -> int:
        return self.row + 1


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
    numbers = [int(line[ROW]) for line in page.lines]
    reconstructs = Task(outputs[0]["task"]).traits.reconstructs
    rows = [
        Row(number, *choice.texts(line), cells, choice.reproduced.get(number))
        for number, line, cells in zip(numbers, page.lines, cells_of(dataset, numbers), strict=True)
    ]
    return {
        "title": choice.title, "query": choice.query, "page": page,
        "count": counted(page.total, dataset.data.row), "rows": rows,
        "columns": column_names(dataset), "pictures": dataset.has_pictures,
        "judged": choice.judged, "targets": choice.targets, "back": choice.back,
        "reconstructs": reconstructs, "choices": "Order" if reconstructs else "Targets",
    }  # fmt: skip


@dataclass(frozen=True)
class _Choice:
    """`texts` makes the actual and predicted value of a line, and how it is judged. `targets`: for
    each of several its name, the query that lists its rows and whether it is listed. `back`: the
    words of the way to all rows."""

    lines: np.ndarray
    title: str
    judged: str
    texts: Callable[[np.ndarray], tuple[str, str, str]]
    query: str = ""
    targets: tuple[tuple[str, str, bool], ...] = ()
    back: str = "Show all mistakes"
    reproduced: Mapping[int, dict[str, Any]] = field(default_factory=dict)


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

    def texts(line: np.ndarray) -> tuple[str, str, str]:
        return "", "", figure(float(line[PREDICTED]), 4)

    found = largest_first(lines)
    orders = tuple((title, f"order={key}&", key == order) for key, title in _ORDERS.items())
    return _Choice(
        found if order == _LARGEST else found[::-1], "Rows by reconstruction error", "Error", texts,
        f"order={order}&", orders, back="",
        reproduced={example["row"]: example for example in output["examples"]},
    )  # fmt: skip


def _of_classes(
    output: dict[str, Any], lines: np.ndarray, asked: Mapping[str, str]
) -> _Choice | None:
    def texts(line: np.ndarray) -> tuple[str, str, str]:
        confidence = line[CONFIDENCE]
        judged = "" if np.isnan(confidence) else figure(float(confidence), 3)
        return (
            class_name(output, int(line[ACTUAL])), class_name(output, int(line[PREDICTED])), judged,
        )  # fmt: skip

    if "actual" not in asked:
        return _Choice(mistakes(lines), "Most confident mistakes", _certainty(output), texts)
    actual, predicted = _number(asked.get("actual")), _number(asked.get("predicted"))
    if actual is None or predicted is None:
        return None
    title = f"{class_name(output, actual)} predicted as {class_name(output, predicted)}"
    query = f"actual={actual}&predicted={predicted}&"
    return _Choice(of_cell(lines, actual, predicted), title, _certainty(output), texts, query)


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

        def all_texts(line: np.ndarray) -> tuple[str, str, str]:
            both = line[None]
            actual, predicted = column_of(both, ACTUAL)[0], column_of(both, PREDICTED)[0]
            return _set(names, actual), _set(names, predicted), str(wrong_labels(both)[0])

        return _Choice(
            most_wrong(lines), "Rows with wrong labels", "Wrong labels", all_texts, targets=targets
        )

    def texts(line: np.ndarray) -> tuple[str, str, str]:
        confidence = line[CONFIDENCE]
        judged = "" if np.isnan(confidence) else figure(float(confidence), 3)
        return _yes(float(line[ACTUAL])), _yes(float(line[PREDICTED])), judged

    chosen = of_target(lines, place)
    wrong = chosen[chosen[:, ACTUAL] != chosen[:, PREDICTED]]
    # The surest first: far above the threshold without the label, far below it with it.
    sure = np.abs(np.nan_to_num(wrong[:, CONFIDENCE], nan=THRESHOLD) - THRESHOLD)
    wrong = wrong[np.argsort(-sure, kind="stable")]
    title = f"Mistakes of {names[place]}"
    return _Choice(wrong, title, _certainty(output), texts, f"target={place}&", targets)


def _of_numbers(
    outputs: list[dict[str, Any]], lines: np.ndarray, asked: Mapping[str, str]
) -> _Choice | None:
    place = _number(asked.get("target", "0"))
    if place is None or place >= min(len(outputs), targets_in(lines)):
        return None

    def texts(line: np.ndarray) -> tuple[str, str, str]:
        actual, predicted = float(line[ACTUAL]), float(line[PREDICTED])
        return figure(actual, 5), figure(predicted, 5), figure(predicted - actual, 4)

    if len(outputs) == 1:
        return _Choice(largest_errors(lines), "Largest errors", "Error", texts)
    targets = tuple(
        (output["name"], f"target={other}&", other == place)
        for other, output in enumerate(outputs[:_MAX_NAMED])
    )
    return _Choice(
        largest_errors(of_target(lines, place)), f"Largest errors of {outputs[place]['name']}",
        "Error", texts, f"target={place}&", targets, back="",
    )  # fmt: skip


def _set(names: list[str], values: np.ndarray) -> str:
    return ", ".join(name for name, value in zip(names, values, strict=False) if value) or "none"


def _yes(value: float) -> str:
    return "yes" if value else "no"


def _certainty(output: dict[str, Any]) -> str:
    return "Probability" if output["probabilities"] else "Score"


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None
