"""What a person asks a saved model, and how it answers.

`raw_inputs` is what a downloaded `predict.py` and a runner have in common.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

# Rows of an answer that a page shows. All of them are in the file.
MAX_SHOWN = 20
# Of the name of a window's series.
MAX_SERIES = 100
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
    """All windows of a DataFrame as the model takes them, the newest last. Its rows follow each
    other in time, those of each series if it holds several. Of columns that are known in advance, a
    series goes on beyond the last row that the model sees: as many rows as are predicted, in which
    the other columns may be empty."""
    windows = about["windows"]
    look_back, ahead = windows["look_back"], windows["horizon"] if windows["known"] else 0
    parts = [table]
    if windows.get("series"):
        parts = [rows for _, rows in table.groupby(windows["series"], sort=False)]
    # How many rows of its series follow the last one that a window sees, and the series.
    places = [
        (left, number)
        for number, rows in enumerate(parts)
        for left in range(len(rows) - ahead - look_back + 1)
    ]
    if not places:
        longest = max(map(len, parts), default=0)
        raise ValueError(f"There are {longest} rows, but the model needs {look_back + ahead}.")
    places.sort(reverse=True)
    inputs: dict[str, Any] = {}
    for column in about["columns"]:
        of_parts = []
        for rows in parts:
            [[cells]] = raw_inputs(rows, [column]).values()
            is_known = column["name"] in windows["known"]
            of_parts.append(cells[ahead:] if is_known else cells[: len(cells) - ahead])
        found = []
        for left, number in places:
            end = len(of_parts[number]) - left
            found.append(of_parts[number][end - look_back : end])
        inputs.setdefault(column["input"], []).append(found)
    return inputs


def lagged_rows(table: Any, about: dict[str, Any]) -> Any:
    """The same as a DataFrame for an estimator, which takes each window as one row: the columns of
    its rows one after the other, the oldest first."""
    windows = about["windows"]
    columns = [{**column, "input": column["name"]} for column in about["columns"]]
    cells = raw_windows(table, {**about, "columns": columns})
    lagged, types = {}, {}
    for step in range(windows["look_back"]):
        for column in columns:
            name = lag_name(column["name"], step, windows)
            found = [window[step] for window in cells[column["name"]][0]]
            if column["type"] == "number":
                lagged[name], types[name] = [float(cell) for cell in found], "float64"
            else:
                lagged[name] = [cell if cell != "" else float("nan") for cell in found]
                types[name] = "object"
    return type(table)(lagged).astype(types)


def lag_name(name: str, step: int, windows: dict[str, Any]) -> str:
    """What a column is called in the `step`-th row of a window: “load t” in the last one, “load
    t-1” in the one before. A column that is known in advance has the values of later rows."""
    lag = step + 1 - windows["look_back"]
    lag += windows["horizon"] if name in windows["known"] else 0
    return f"{name} t{lag:+d}" if lag else f"{name} t"
