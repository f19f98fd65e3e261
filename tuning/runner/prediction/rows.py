"""The rows of a question as the model takes them: a DataFrame of raw values, or an array."""

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from tuning.protocol.orders import PredictOrder
from tuning.protocol.predictions import MAX_ROWS, RowSource
from tuning.protocol.uploads import ColumnType, Upload, kind_of
from tuning.runner.datasets.images import decoded
from tuning.runner.datasets.tables.auxiliary import Time, time_column
from tuning.runner.datasets.tables.cells import CellReader, text_of
from tuning.runner.datasets.tables.opening import opened_table
from tuning.runner.datasets.tables.schema_detection import DetectedSchema, detect_schema
from tuning.runner.datasets.tables.snippet import reading_lines
from tuning.runner.datasets.tables.source import Cell, Table
from tuning.runner.failures import BadData
from tuning.texts import MISSING

if TYPE_CHECKING:
    # It imports Keras, which takes seconds.
    from .loaded import LoadedModel

_MAX_NAMED = 8


@dataclass(frozen=True)
class Rows:
    """`values`: as the model takes them. `given`: the cells of a table's file, column by column, by
    their names. `load`: lines that read the file as `x`."""

    values: Any
    given: dict[str, Sequence[Cell]] = field(default_factory=dict)
    load: str = ""


def rows_of(order: PredictOrder, model: "LoadedModel") -> Rows:
    """Raises BadData with a sentence for the person who asks."""
    match order.source:
        case RowSource.FORM:
            given: dict[str, Sequence[Cell]] = {
                c["name"]: [row.get(c["name"]) for row in order.rows] for c in model.columns
            }
            return Rows(_as_model_takes(given, model), given)
        case RowSource.TABLE:
            return _of_table(order, model)
        case RowSource.PICTURE:
            return Rows(_of_picture(order, model.about))
        case _:
            return Rows(_of_array(order, model.about))


def _of_table(order: PredictOrder, model: "LoadedModel") -> Rows:
    upload = Upload(
        kind_of(order.name), order.file, order.name, order.most_bytes, **order.about["reading"]
    )
    # Without a target, a table of one column is one.
    with opened_table(Path(order.file), upload, lambda _text, _done: None, least=1) as opened:
        schema = detect_schema(opened, upload)
        scans = {scan.name: scan for scan in schema.scans}
        columns = [*model.columns, *model.naming_columns]
        _refuse_missing([c["name"] for c in columns if c["name"] not in scans])
        given = _cells(schema.table)
        values = {
            c["name"]: [
                _value(scans[c["name"]].read, c, cell, row)
                for row, cell in enumerate(given[c["name"]], 1)
            ]
            for c in columns
        }
        rows = Rows(_as_model_takes(values, model), given, _load(schema, upload, model))
        if not model.windows:
            return rows
        series = _rows_of_series(values, model)
        if model.windows["time"] in given:
            scan = scans[model.windows["time"]]
            time = time_column(schema, scan, upload.date_orders.get(scan.name, ""))
            _check_order(time, given, series)
    return replace(rows, given=_last_seen(given, series, model))


def _rows_of_series(values: dict[str, Any], model: "LoadedModel") -> list[list[int]]:
    """The places of the rows of each series, in the order of their first rows. Raises BadData for a
    row without a series."""
    name = model.windows.get("series")
    if not name:
        return [list(range(len(next(iter(values.values())))))]
    found: dict[Any, list[int]] = {}
    for place, cell in enumerate(values[name]):
        if cell is None:
            raise BadData(f"“{name}” is empty in row {place + 1:,}. Enter the row's series.")
        found.setdefault(cell, []).append(place)
    return list(found.values())


def _check_order(time: Time, given: dict[str, Sequence[Cell]], series: list[list[int]]) -> None:
    """Raises BadData for rows that do not follow each other in time."""
    time.take(given[time.name], np.ones(len(given[time.name]), bool), 1)
    for rows in series:
        for at in np.flatnonzero(np.diff(time.values[rows]) <= 0)[:1]:
            before = "the row before" if len(series) == 1 else "the row of its series before it"
            raise BadData(
                f"Row {rows[at + 1] + 1:,} is not later than {before}. Sort them by “{time.name}”."
            )


def _last_seen(
    given: dict[str, Sequence[Cell]], series: list[list[int]], model: "LoadedModel"
) -> dict[str, Sequence[Cell]]:
    """Of each window the last row of which the model sees all columns, the newest window first; of
    several series the newest window of each, then the ones before."""
    first = model.windows["look_back"] - 1
    seen = [rows[first : len(rows) - model.rows_ahead][::-1] for rows in series]
    longest = max(map(len, seen))
    places = [rows[left] for left in range(longest) for rows in seen if left < len(rows)]
    return {name: [cells[place] for place in places] for name, cells in given.items()}


def _refuse_missing(missing: list[str]) -> None:
    if missing:
        shown = ", ".join(f"“{name}”" for name in missing[:_MAX_NAMED])
        more = f" and {len(missing) - _MAX_NAMED:,} more" if len(missing) > _MAX_NAMED else ""
        raise BadData(f"The file lacks columns that the model needs: {shown}{more}.")


def _load(schema: DetectedSchema, upload: Upload, model: "LoadedModel") -> str:
    columns = [*model.columns, *model.naming_columns]
    names = [c["name"] for c in columns]
    numbers = {c["name"] for c in columns if c["type"] == ColumnType.NUMBER}
    used = [scan for scan in schema.scans if scan.name in names]
    lines = reading_lines(
        schema, upload,
        [scan for scan in used if scan.name in numbers],
        [scan for scan in used if scan.name not in numbers],
    )  # fmt: skip
    end = "" if model.is_raw else '.to_numpy("float32")'
    return "\n".join([*lines, f"x = table[{names!r}]{end}"])


def _cells(table: Table) -> dict[str, Sequence[Cell]]:
    columns: list[list[Cell]] = [[] for _ in table.names]
    for piece in table.pieces():
        for column, cells in zip(columns, piece.columns, strict=True):
            column.extend(cells)
        if len(columns[0]) > MAX_ROWS:
            raise BadData(f"The file has more than {MAX_ROWS:,} rows. Divide it.")
    if not columns[0]:
        raise BadData("The file has a header but no rows.")
    return dict(zip(table.names, columns, strict=True))


def _value(read: CellReader, column: dict[str, Any], cell: Cell, row: int) -> float | str | None:
    value = read(cell)
    if value is None:
        return None
    if column["type"] == ColumnType.TEXT and isinstance(cell, str):
        return cell
    if column["type"] != ColumnType.NUMBER:
        return text_of(cell)
    if isinstance(value, str):
        raise BadData(f"Column “{column['name']}”, row {row:,}: “{value[:40]}” is not a number.")
    return value


def _as_model_takes(values: dict[str, Any], model: "LoadedModel") -> Any:
    columns = [c for c in (*model.columns, *model.naming_columns) if c["name"] in values]
    frame = pd.DataFrame({c["name"]: _series(values[c["name"]], c) for c in columns})
    if model.is_raw:
        return frame
    x = frame.to_numpy(np.float32)
    if np.isnan(x).any():
        raise BadData("The model does not take missing values. Enter a number for each column.")
    return x


def _series(values: list[Any], column: dict[str, Any]) -> pd.Series:
    """As pandas reads a file: whole numbers without missing ones are integers."""
    if column["type"] == ColumnType.TEXT:
        return pd.Series([MISSING if v is None else v for v in values], dtype=object)
    if column["type"] != ColumnType.NUMBER:
        return pd.Series([np.nan if v is None else v for v in values], dtype=object)
    numbers = pd.Series([np.nan if v is None else v for v in values], dtype=np.float64)
    whole = bool((numbers == np.floor(numbers)).all() and (numbers.abs() < 2**53).all())
    return numbers.astype(np.int64) if whole else numbers


def _of_picture(order: PredictOrder, about: dict[str, Any]) -> np.ndarray:
    content = Path(order.file).read_bytes()
    entry = zipfile.ZipInfo(order.name)
    entry.file_size = len(content)
    height, width, channels = about["input_shape"]
    try:
        pixels = decoded(content, entry, (height, width, channels))
    except MemoryError:
        raise
    except ValueError as error:
        raise BadData(f"“{order.name}” {error}.") from error
    except Exception as error:
        raise BadData(f"“{order.name}” is damaged or not an image.") from error
    return in_range(pixels, about)[None]


def in_range(pixels: np.ndarray, about: dict[str, Any]) -> np.ndarray:
    """Values from 0 to 255 as the dataset's images have them."""
    if about["brightest"] == 255 and about["darkest"] == 0:
        return pixels.astype(about["dtype"])
    darkest, brightest = about["darkest"], about["brightest"]
    scaled = pixels.astype(np.float32) * ((brightest - darkest) / 255) + darkest
    return scaled.astype(about["dtype"])


def _of_array(order: PredictOrder, about: dict[str, Any]) -> np.ndarray:
    try:
        x = np.load(order.file, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise BadData("The file is not a NumPy array (.npy) of numbers.") from error
    shape = tuple(about["input_shape"])
    if not isinstance(x, np.ndarray) or x.dtype.kind not in "iufb":
        raise BadData("The file is not a NumPy array (.npy) of numbers.")
    if x.shape == shape:
        x = x[None]
    # Grey images may lack their one channel.
    if (*x.shape[1:], 1) == shape:
        x = x[..., None]
    if x.shape[1:] != shape or not len(x):
        wanted = ", ".join(str(size) for size in ("rows", *shape))
        found = ", ".join(str(size) for size in x.shape)
        raise BadData(f"The array must have the shape ({wanted}), but has ({found}).")
    if len(x) > MAX_ROWS:
        raise BadData(f"The file has more than {MAX_ROWS:,} rows. Divide it.")
    return np.asarray(x, about["dtype"])
