"""What a person asks a saved model, and how it answers.

`raw_inputs` is what a downloaded `predict.py` and a runner have in common.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

# Rows of an answer that a page shows. All of them are in the file.
MAX_SHOWN = 20
MAX_ROWS = 100_000
MAX_FILE_MB = 64
# What the runner leaves in its folder: the rows that it got, each with its predictions.
PREDICTED = "predicted.csv"
# Of classes, whose scores are part of that file and of an answer.
MAX_CLASSES = 100


class RowSource(StrEnum):
    """Where rows come from: a form, a table's file, pictures, an array of the shape (rows, …)."""

    FORM = "form"
    TABLE = "table"
    PICTURE = "picture"
    ARRAY = "array"


@dataclass(frozen=True)
class PredictedOutput:
    """One target, for the first MAX_SHOWN rows: `values` are numbers, or class numbers. `scores`:
    one for each class, none for a model that has none or has too many classes;
    `probabilities`: whether they add up to 1."""

    name: str
    task: str
    values: list[float | None]
    scores: list[list[float | None]] = field(default_factory=list)
    probabilities: bool = False


@dataclass(frozen=True)
class Reconstruction:
    """The first row of an autoencoder's answer: a table's columns with the values that were given
    and the reproduced ones, or a PNG in base64."""

    names: list[str] = field(default_factory=list)
    given: list[str] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)
    picture: str = ""


def raw_inputs(rows: Any, columns: list[dict[str, Any]]) -> dict[str, Any]:
    """The columns of a DataFrame as the model takes them: missing values are NaN or empty."""
    inputs: dict[str, Any] = {}
    for column in columns:
        cells = rows[column["name"]]
        if column["type"] == "number":
            cells = cells.to_numpy("float32", na_value=float("nan"))
        else:
            cells = cells.astype(object).where(cells.notna(), "").map(str).to_numpy(object)
        inputs.setdefault(column["input"], []).append(cells)
    return inputs


def raw_windows(table: Any, about: dict[str, Any]) -> dict[str, Any]:
    """All windows of a DataFrame as the model takes them. Its rows follow each other in time. Of
    columns that are known in advance, it goes on beyond the last row that the model sees: as many
    rows as are predicted, in which the other columns may be empty."""
    windows = about["windows"]
    look_back, ahead = windows["look_back"], windows["horizon"] if windows["known"] else 0
    count = len(table) - look_back - ahead + 1
    if count < 1:
        raise ValueError(f"The table has {len(table)} rows, but needs {look_back + ahead}.")
    inputs: dict[str, Any] = {}
    for column in about["columns"]:
        [[cells]] = raw_inputs(table, [column]).values()
        cells = cells[ahead if column["name"] in windows["known"] else 0 :]
        rows = [cells[start : start + look_back] for start in range(count)]
        inputs.setdefault(column["input"], []).append(rows)
    return inputs
