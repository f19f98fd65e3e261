"""A page of test rows with their predictions, as a table or as pictures."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tuning.figures import counted, figure
from tuning.models import ModelEvaluation
from tuning.protocol.evaluation import ACTUAL, CONFIDENCE, PREDICTED, ROW
from tuning.protocol.tasks import Task

from .confusion import class_name
from .contents import cells_of, column_names
from .lines import Page, largest_errors, mistakes, of_cell, page_of


@dataclass(frozen=True)
class Row:
    """`row` counts the dataset's rows from 0, `number` from 1."""

    row: int
    actual: str
    predicted: str
    # A probability, a score or, of numbers, the error.
    judged: str
    cells: list[str]

    @property
    def number(self) -> int:
        return self.row + 1


def rows_info(
    evaluation: ModelEvaluation, lines: np.ndarray, asked: Mapping[str, str]
) -> dict[str, Any] | None:
    """What the partial shows; None if a cell is asked for that is none. There is one output."""
    output = evaluation.report["outputs"][0]
    dataset = evaluation.saved_model.project.dataset
    is_classes = Task(output["task"]).traits.has_classes
    chosen, title, query = largest_errors(lines), "Largest errors", ""
    if is_classes and "actual" in asked:
        actual, predicted = _number(asked.get("actual")), _number(asked.get("predicted"))
        if actual is None or predicted is None:
            return None
        chosen = of_cell(lines, actual, predicted)
        query = f"actual={actual}&predicted={predicted}&"
        names = class_name(output, actual), class_name(output, predicted)
        title = "{} predicted as {}".format(*names)
    elif is_classes:
        chosen, title = mistakes(lines), "Most confident mistakes"
    page = page_of(chosen, _number(asked.get("page")) or 1)
    return {
        "title": title, "query": query, "page": page,
        "count": counted(page.total, "row"), "rows": _rows(page, output, evaluation),
        "columns": column_names(dataset), "pictures": dataset.has_pictures,
        "judged": _judged(output),
    }  # fmt: skip


def _judged(output: dict[str, Any]) -> str:
    if not Task(output["task"]).traits.has_classes:
        return "Error"
    return "Probability" if output["probabilities"] else "Score"


def _rows(page: Page, output: dict[str, Any], evaluation: ModelEvaluation) -> list[Row]:
    dataset = evaluation.saved_model.project.dataset
    numbers = [int(line[ROW]) for line in page.lines]
    is_classes = Task(output["task"]).traits.has_classes
    found = []
    for number, line, cells in zip(numbers, page.lines, cells_of(dataset, numbers), strict=True):
        actual, predicted = line[ACTUAL], line[PREDICTED]
        if is_classes:
            texts = class_name(output, int(actual)), class_name(output, int(predicted))
            judged = "" if np.isnan(line[CONFIDENCE]) else figure(float(line[CONFIDENCE]), 3)
        else:
            texts = figure(float(actual), 5), figure(float(predicted), 5)
            judged = figure(float(predicted - actual), 4)
        found.append(Row(number, *texts, judged, cells))
    return found


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None
